"""From a trained network to probabilities at the natural prior and a decision, fitted on `val`."""

from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.trainer.calibration.choice import Choice, choose
from tfx_rebalance.components.trainer.calibration.maps import Map
from tfx_rebalance.components.trainer.fitting import softmax_on
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.trainer.thresholds.rule import FittedDecision, Given, ReleaseGate
from tfx_rebalance.components.trainer.thresholds.validation import Ints, Validation
from tfx_rebalance.components.trainer.training import Learned
from tfx_rebalance.scores import brier, ece, log_loss
from tfx_rebalance.settings import Settings


class Quality(Settings):
    """How honest probabilities are on some rows."""

    log_loss: float
    brier: float
    ece: dict[str, float]
    """Expected calibration error of each class against the rest, 15 equally wide bins."""

    @classmethod
    def of(cls, probabilities: Floats, labels: Ints, classes: tuple[str, ...]) -> "Quality":
        """Measures (n, C) probabilities on (n,) labels."""
        errors = ece(probabilities, labels)
        return cls(
            log_loss=log_loss(probabilities, labels),
            brier=brier(probabilities, labels),
            ece={name: float(error) for name, error in zip(classes, errors, strict=True)},
        )


@dataclass(frozen=True)
class Decided:
    """What turns the network's output into probabilities and a class."""

    natural: Floats
    """Natural priors, (classes,)."""
    corrections: Floats
    """Factors to the natural prior, (members, classes); see `priors.prior_correction`."""
    calibration: Choice
    decision: FittedDecision
    quality: dict[str, Quality]
    """On `val`: `trained`, what training left; `corrected`, at the natural prior; `calibrated`,
    what is served. The calibration was fitted there; its log loss on held-out folds is in
    `calibration`."""

    @property
    def map(self) -> Map:
        """What follows the correction."""
        return self.calibration.map


def decide(
    learned: Learned,
    val: Split,
    settings: TrainerSettings,
    *,
    natural: Floats,
    classes: tuple[str, ...],
    gate: GateToPass | None = None,
) -> Decided:
    """Returns probabilities' correction, their calibration and the decision rule.

    Raises:
        ConfigError: If the rule needs what is not given.
        ModelError: If no decision keeps what the rule promises.
    """
    labels = val.labels()
    trained = softmax_on(val, learned.models, list(np.ones_like(learned.corrections)))()
    corrected = softmax_on(val, learned.models, list(learned.corrections))()
    methods = None if settings.calibration == "auto" else (settings.calibration,)
    offered = {} if methods is None else {"methods": methods}
    calibration = choose(corrected, labels, classes=classes, seed=settings.seed, **offered)
    probabilities = calibration.map.apply(corrected)
    validation = Validation.of(probabilities, labels, classes=classes)
    given = Given(natural, gate=_release_gate(gate, validation.rows, classes))
    decision = settings.chosen_rule.fit(validation, given)
    stages = {"trained": trained, "corrected": corrected, "calibrated": probabilities}
    quality = {name: Quality.of(p, labels, classes) for name, p in stages.items()}
    return Decided(natural, learned.corrections, calibration, decision, quality)


def _release_gate(
    gate: GateToPass | None, rows: Ints, classes: tuple[str, ...]
) -> ReleaseGate | None:
    if gate is None:
        return None
    positives = {
        name: float(n * gate.eval_rows_per_val_row)
        for name, n in zip(classes, rows.tolist(), strict=True)
    }
    return ReleaseGate(gate.bars, positives, gate.confidence)
