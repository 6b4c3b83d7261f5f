"""How the model is built, trained and made to decide."""

from typing import Annotated, Literal

from pydantic import Field

from tfx_rebalance.settings import Settings


class TrainerSettings(Settings):
    """The MLP, its class weights and its decision rule."""

    hidden_units: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(64, 32), min_length=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    embedding_dim: int = Field(default=8, ge=1)
    """Numbers that stand for a value of a categorical input."""
    learning_rate: float = Field(default=1e-3, gt=0)
    batch_size: int = Field(default=512, ge=1)
    epochs: int = Field(default=20, ge=1)
    steps_per_epoch: int | None = Field(default=None, ge=1)
    """None: as one pass over the training split takes."""
    patience: int = Field(default=4, ge=1)
    """Epochs without a better class-weighted loss on `val` before training stops."""
    class_weights: Literal["none", "balanced"] | dict[str, Annotated[float, Field(gt=0)]] = (
        "balanced"
    )
    decision: Literal["argmax", "balanced"] = "balanced"
    """argmax: the most probable class. balanced: the class whose probability exceeds its natural
    share the most, the rule that maximises balanced accuracy."""
    accelerator: Literal["auto", "gpu", "cpu"] = "auto"
    """auto: all GPUs, or the CPU where there are none. gpu: an error where there are none."""
    mixed_precision: bool = False
    """Compute in float16 with weights in float32; for GPUs only."""
    xla: bool = False
    """Compile the network with XLA: a longer start, shorter steps for some networks."""
    seed: int = Field(default=0, ge=0)
