"""How the model is built, trained and made to decide."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from tfx_rebalance.components.trainer import objectives
from tfx_rebalance.components.trainer.ensembles import Ensemble
from tfx_rebalance.components.trainer.hyperparameters import Plain, replaced
from tfx_rebalance.components.trainer.losses.loss import Loss
from tfx_rebalance.components.trainer.losses.registry import LOSSES, loss_named
from tfx_rebalance.components.trainer.models.model import Model
from tfx_rebalance.components.trainer.models.registry import model_name, model_named
from tfx_rebalance.components.trainer.priors import EffectiveNumber
from tfx_rebalance.components.trainer.thresholds.registry import RULES, rule_named
from tfx_rebalance.components.trainer.thresholds.rule import Rule
from tfx_rebalance.errors import ConfigError
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
    """The model, its class weights and loss, its calibration and its decision rule."""

    model: Annotated[str, AfterValidator(model_name)] = "mlp"
    """A name, or the dotted path of a function of yours (see `models.users`)."""
    model_parameters: dict[str, Any] = {}
    """The model's own, such as `hidden_units`."""
    ensemble: Ensemble | None = None
    """Several such models, whose probabilities are averaged."""
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    batch_size: int = Field(default=512, ge=1)
    epochs: int = Field(default=20, ge=1)
    steps_per_epoch: int | None = Field(default=None, ge=1)
    """None: as one pass over the training split takes."""
    stop_on: str = Field(default="pr_auc", pattern=objectives.PATTERN)
    """What is measured on `val` after each epoch, at the natural prior; the best epoch is kept.
    `pr_auc` without a class: of the rarest."""
    patience: int = Field(default=4, ge=1)
    """Epochs without a better one before training stops."""
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
    def chosen_model(self) -> Model:
        """The model with its parameters."""
        return model_named(self.model, self.model_parameters)

    @cached_property
    def chosen_loss(self) -> Loss:
        """The loss with its parameters."""
        return loss_named(self.loss, self.loss_parameters)

    @cached_property
    def chosen_rule(self) -> Rule:
        """The decision rule with its parameters."""
        return rule_named(self.decision, self.decision_parameters)

    @property
    def is_exact(self) -> bool:
        """Whether the prior correction alone makes probabilities of a perfect model's outputs."""
        return self.ensemble is None or self.ensemble.samples_at_random

    def with_hyperparameters(self, values: Mapping[str, Plain]) -> "TrainerSettings":
        """Returns the settings with what a tuner found in the place of what it searched.

        Args:
            values: Dotted key -> value; lists and sections as JSON (see `hyperparameters`).

        Raises:
            ConfigError: If a key is unknown, a value out of range, or they do not go together.
        """
        try:
            return TrainerSettings.model_validate(replaced(self.model_dump(), values))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            got = f"trainer.{where}: {first['msg']}, got {first['input']!r}"
            what = got if where else first["msg"]
            raise ConfigError(what.replace("Value error, ", "")) from None
        except ValueError as error:
            raise ConfigError(f"trainer.{error}") from None

    @model_validator(mode="after")
    def _parameters_are_known(self) -> "TrainerSettings":
        _check("model", self.model, self.model_parameters, model_named)
        _check("loss", self.loss, self.loss_parameters, loss_named)
        _check("decision", self.decision, self.decision_parameters, rule_named)
        if self.chosen_loss.weighs_classes and self.class_weights != "none":
            raise ValueError(
                f"loss: {self.loss} makes up for rare classes itself, got class_weights: "
                f"{self.class_weights}. Set class_weights: none"
            )
        if self.calibration == "none" and not self.is_exact:
            raise ValueError(
                "ensemble.method: self_paced gives no probabilities by itself, got calibration: "
                "none. Set calibration: auto"
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
