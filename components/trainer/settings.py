"""How the model is built, trained and made to decide."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from tfx_rebalance.components.trainer.losses.loss import Loss
from tfx_rebalance.components.trainer.losses.registry import LOSSES, loss_named
from tfx_rebalance.components.trainer.priors import EffectiveNumber
from tfx_rebalance.components.trainer.thresholds.registry import RULES, rule_named
from tfx_rebalance.components.trainer.thresholds.rule import Rule
from tfx_rebalance.names import known
from tfx_rebalance.settings import Settings

Weight = Annotated[float, Field(gt=0)]


class GateToPass(Settings):
    """What `decision: min_recall` with `gate` has to know of the release gate."""

    bars: dict[str, float]
    confidence: float
    eval_rows_per_val_row: float
    """From the shares of the two splits."""


class TrainerSettings(Settings):
    """The MLP, its class weights and loss, its calibration and its decision rule."""

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
    class_weights: Literal["none", "balanced", "sqrt"] | dict[str, Weight] | EffectiveNumber = (
        "balanced"
    )
    loss: Annotated[str, AfterValidator(partial(known, LOSSES))] = "cross_entropy"
    loss_parameters: dict[str, Any] = {}
    """The loss's own, such as `gamma`."""
    calibration: Literal["auto", "none", "temperature", "vector_scaling", "isotonic"] = "auto"
    """What is fitted on `val` after the correction to the natural prior; auto: what has the least
    log loss there, cross-validated, and nothing where nothing is better beyond noise."""
    decision: Annotated[str, AfterValidator(partial(known, RULES))] = "balanced"
    """argmax: the most probable class. balanced: the class whose probability exceeds its natural
    share the most, the rule that maximises balanced accuracy. f1, min_recall and cost are fitted
    on `val`."""
    decision_parameters: dict[str, Any] = {}
    """The rule's own, such as `min_recall` or `cost`."""
    accelerator: Literal["auto", "gpu", "cpu"] = "auto"
    """auto: all GPUs, or the CPU where there are none. gpu: an error where there are none."""
    mixed_precision: bool = False
    """Compute in float16 with weights in float32; for GPUs only."""
    xla: bool = False
    """Compile the network with XLA: a longer start, shorter steps for some networks."""
    seed: int = Field(default=0, ge=0)

    @cached_property
    def chosen_loss(self) -> Loss:
        """The loss with its parameters."""
        return loss_named(self.loss, self.loss_parameters)

    @cached_property
    def chosen_rule(self) -> Rule:
        """The decision rule with its parameters."""
        return rule_named(self.decision, self.decision_parameters)

    @model_validator(mode="after")
    def _parameters_are_those_of_loss_and_rule(self) -> "TrainerSettings":
        _check("loss", self.loss, self.loss_parameters, loss_named)
        _check("decision", self.decision, self.decision_parameters, rule_named)
        if self.chosen_loss.weighs_classes and self.class_weights != "none":
            raise ValueError(
                f"loss: {self.loss} makes up for rare classes itself, got class_weights: "
                f"{self.class_weights}. Set class_weights: none"
            )
        if self.chosen_loss.correction == "none" and self.calibration == "none":
            raise ValueError(
                f"loss: {self.loss} gives no probabilities by itself, got calibration: none. Set "
                "calibration: auto"
            )
        return self


def _check(
    key: str,
    name: str,
    parameters: Mapping[str, Any],
    make: Callable[[str, Mapping[str, Any]], Settings],
) -> None:
    try:
        make(name, parameters)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(
            f"{key}_parameters.{where} of {key}: {name} is wrong: {first['msg']}, got "
            f"{first['input']!r}"
        ) from None
