"""What to resample and how far."""

from functools import cached_property, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from tfx_rebalance.components.rebalance.registry import (
    STRATEGIES,
    strategy_class,
    strategy_named,
)
from tfx_rebalance.components.rebalance.strategy import Sampler, Strategy
from tfx_rebalance.names import known
from tfx_rebalance.settings import Settings

Named = Literal["auto", "minority", "majority", "not minority", "not majority", "all"]
Share = Annotated[float, Field(gt=0, lt=1)]


class RebalanceSettings(Settings):
    """Which strategy, towards which class counts; names as in imbalanced-learn."""

    strategy: Annotated[str, AfterValidator(partial(known, STRATEGIES))] = "none"
    parameters: dict[str, Any] = {}
    """The strategy's own, such as `k_neighbors`; docs/resampling.md lists them."""
    sampling_strategy: (
        Named
        | Annotated[float, Field(gt=0, le=1)]
        | dict[str, Annotated[int, Field(ge=1)] | Share]
        | tuple[str, ...]
    ) = "auto"
    """A name, a ratio minority / majority (binary only), class -> rows after resampling or its
    share of all rows, or, for a cleaning strategy, the classes to take rows from."""
    max_growth: float | None = Field(default=None, ge=1)
    """No class ends with more than this many times its rows."""
    min_class_size: int = Field(default=0, ge=0)
    """A class with fewer rows is left alone."""
    upweight: bool = False
    """Whether each row emitted carries `example_weight` = rows before / after of its class."""
    scaling: Literal["auto", "standard", "none"] = "auto"
    """How numeric features are made comparable; auto: standard scores, or none after Transform."""
    copied: tuple[str, ...] = ()
    """Features that are not compared or interpolated, such as ids: a new row has its seed's."""
    group_key: str | None = None
    """A feature whose value a new row's parents share."""
    provenance: bool = False
    """Whether new rows carry `synthetic` = 1 and `parents`, the keys of their two parents."""
    missing_labels: Literal["drop", "keep"] = "drop"
    """What becomes of rows without a label, up to `max_missing_labels`."""
    max_missing_labels: float = Field(default=0.0, ge=0, lt=1)
    """The share of rows without a label above which nothing is resampled."""
    memory_gib: float = Field(default=2.0, gt=0)
    """What the rows of a split may take in one worker, for a strategy that needs all of them."""
    splits: tuple[Literal["train"]] = ("train",)
    seed: int = Field(default=0, ge=0)

    @cached_property
    def chosen(self) -> Strategy:
        """The strategy with its parameters."""
        return strategy_named(self.strategy, self.parameters)

    @model_validator(mode="after")
    def _strategy_takes_its_parameters(self) -> "RebalanceSettings":
        try:
            strategy_named(self.strategy, self.parameters)
        except ValidationError as error:
            first = error.errors()[0]
            allowed = ", ".join(_fields(self.strategy)) or "none"
            raise ValueError(
                f"parameters.{'.'.join(map(str, first['loc']))} of strategy: {self.strategy} is "
                f"wrong: {first['msg']}, got {first['input']!r}. It takes: {allowed}"
            ) from None
        return self

    @model_validator(mode="after")
    def _upweight_needs_undersample(self) -> "RebalanceSettings":
        if self.upweight and self.strategy != "undersample":
            raise ValueError(
                f"upweight goes with strategy: undersample, got strategy: {self.strategy}"
            )
        return self

    @model_validator(mode="after")
    def _new_rows_need_a_strategy_that_makes_some(self) -> "RebalanceSettings":
        for key in ("group_key", "provenance"):
            if getattr(self, key) and isinstance(self.chosen, Sampler):
                raise ValueError(
                    f"{key} is about the parents of new rows, got strategy: {self.strategy}, which "
                    "makes none. Take it out, or use a strategy of the SMOTE family"
                )
        return self

    @model_validator(mode="after")
    def _groups_need_a_strategy_that_keeps_to_them(self) -> "RebalanceSettings":
        if self.group_key and not self.chosen.keeps_groups:
            raise ValueError(
                f"group_key keeps the parents of new rows within a group, which strategy: "
                f"{self.strategy} cannot. Take it out, or use smote, borderline_smote or adasyn"
            )
        return self


def _fields(strategy: str) -> list[str]:
    return list(strategy_class(strategy).model_fields)
