"""From a trained network to probabilities at the natural prior and a decision, fitted on `val`."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfx_rebalance.components.trainer.calibration.choice import Choice, choose
from tfx_rebalance.components.trainer.calibration.maps import Map
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.priors import Floats, prior_correction
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.trainer.thresholds.rule import FittedDecision, Given, ReleaseGate
from tfx_rebalance.components.trainer.thresholds.validation import Ints, Validation
from tfx_rebalance.components.trainer.training import VAL_BATCH, Learned


@dataclass(frozen=True)
class Decided:
    """What turns the network's output into probabilities and a class."""

    natural: Floats
    """Natural priors, (classes,)."""
    correction: Floats
    """Factors to the natural prior, (classes,); see `priors.prior_correction`."""
    calibration: Choice
    decision: FittedDecision

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
    raw, labels = _on(val, learned)
    correction = np.ones(len(classes))
    if settings.chosen_loss.correction == "exact":
        correction = prior_correction(natural, learned.prior)
    corrected = raw * correction
    corrected /= corrected.sum(axis=1, keepdims=True)
    methods = None if settings.calibration == "auto" else (settings.calibration,)
    offered = {} if methods is None else {"methods": methods}
    calibration = choose(corrected, labels, classes=classes, seed=settings.seed, **offered)
    probabilities = calibration.map.apply(corrected)
    validation = Validation.of(probabilities, labels, classes=classes)
    given = Given(natural, gate=_release_gate(gate, validation.rows, classes))
    decision = settings.chosen_rule.fit(validation, given)
    return Decided(natural, correction, calibration, decision)


def _on(val: Split, learned: Learned) -> tuple[Floats, Ints]:
    """Returns the softmax of the logits, (n, classes), and the labels, (n,)."""
    outputs, labels = [], []
    ones = np.ones(len(learned.weights))
    for x, y, _ in val.batches(ones, batch_size=VAL_BATCH, seed=None):
        outputs.append(tf.nn.softmax(learned.model(x, training=False)).numpy())
        labels.append(y.numpy())
    return np.concatenate(outputs).astype(np.float64), np.concatenate(labels)


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
