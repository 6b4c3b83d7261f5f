"""What to resample and how far."""

from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tfx_rebalance.components.rebalance.registry import STRATEGIES
from tfx_rebalance.names import known
from tfx_rebalance.settings import Settings

Named = Literal["auto", "minority", "majority", "not minority", "not majority", "all"]


class RebalanceSettings(Settings):
    """Which strategy, towards which class counts; names as in imbalanced-learn."""

    strategy: Annotated[str, AfterValidator(partial(known, STRATEGIES))] = "none"
    sampling_strategy: (
        Named | Annotated[float, Field(gt=0, le=1)] | dict[str, Annotated[int, Field(ge=1)]]
    ) = "auto"
    """A name, a ratio minority / majority (binary only), or class -> rows after resampling."""
    upweight: bool = False
    """Whether each row emitted carries `example_weight` = rows before / after of its class."""
    splits: tuple[Literal["train"]] = ("train",)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _upweight_needs_undersample(self) -> "RebalanceSettings":
        if self.upweight and self.strategy != "undersample":
            raise ValueError(
                f"upweight goes with strategy: undersample, got strategy: {self.strategy}"
            )
        return self
