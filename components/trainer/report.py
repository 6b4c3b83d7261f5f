"""What a training did, for `training.json`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfx_rebalance.components.trainer.calibration.choice import MOVING_PRIORS
from tfx_rebalance.components.trainer.deciding import Decided
from tfx_rebalance.components.trainer.fitting import Member
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.training import Learned
from tfx_rebalance.scores import Floats


def training_report(
    train: Split,
    learned: Learned,
    decided: Decided,
    settings: TrainerSettings,
    *,
    unfinished: Sequence[str] = (),
) -> dict[str, Any]:
    """Returns the report, as JSON takes it.

    Args:
        train: The rows as rebalanced.
        learned: The networks.
        decided: Correction, calibration and decision.
        settings: As they were used, a tuner's findings included.
        unfinished: Folders of other trainings that were killed.
    """
    classes = decided.decision.classes
    thresholds = decided.decision.thresholds
    return {
        "settings": settings.model_dump(mode="json"),
        "notes": _notes(train, learned, decided, settings, unfinished),
        "train_mass": _by_class(train.mass, classes),
        "natural_priors": _by_class(decided.natural, classes),
        "calibration": decided.calibration.model_dump(),
        "quality": {stage: found.model_dump() for stage, found in decided.quality.items()},
        "thresholds": None if thresholds is None else _by_class(thresholds, classes),
        "decision": decided.decision.model_dump(),
        "devices": list(learned.devices.names),
        "replicas": learned.devices.replicas,
        "precision": learned.devices.precision,
        "batch_size": learned.batch_size,
        "members": [_member(member, classes) for member in learned.members],
    }


def _member(member: Member, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "rows": member.rows,
        "class_weights": _by_class(member.weights, classes),
        "logits_prior": _by_class(member.prior, classes),
        "epochs": len(member.history["loss"]),
        "best_epoch": member.best_epoch + 1,
        "resumed_after": member.resumed_at,
        "history": member.history,
    }


def _notes(
    train: Split,
    learned: Learned,
    decided: Decided,
    settings: TrainerSettings,
    unfinished: Sequence[str],
) -> list[str]:
    """Returns what somebody who reads the result of a run should know, a sentence each."""
    notes = []
    rebalanced = not np.allclose(train.mass / train.mass.sum(), decided.natural, rtol=0.01)
    if rebalanced and settings.class_weights != "none":
        prior = learned.members[0].prior
        told = ", ".join(
            f"{name} {share:.3g}"
            for name, share in zip(decided.decision.classes, prior, strict=True)
        )
        notes.append(
            "the rows were rebalanced and the classes weighted on top: the loss saw the shares "
            f"{told}"
        )
    notes += _calibration_notes(decided, settings)
    resumed = [member.resumed_at for member in learned.members if member.resumed_at is not None]
    if resumed:
        notes.append(f"an earlier training that was killed went on after epoch {resumed[-1]}")
    if unfinished:
        notes.append(
            f"unfinished trainings of other settings or data are kept in {', '.join(unfinished)}; "
            "remove what is not to go on"
        )
    return notes


def _calibration_notes(decided: Decided, settings: TrainerSettings) -> list[str]:
    calibration, notes = decided.calibration, []
    if settings.calibration in calibration.refused:
        notes.append(
            f"calibration: {settings.calibration} was not fitted and nothing is in its place: "
            f"{calibration.refused[settings.calibration]}. Set calibration: auto, or give val more "
            "rows of the class"
        )
    if not settings.is_exact and calibration.log_loss.keys().isdisjoint(MOVING_PRIORS):
        why = next(iter(calibration.refused.values()), f"calibration: {settings.calibration}")
        notes.append(
            "the probabilities are at the natural prior only by approximation, since self_paced "
            f"does not draw rows at random and no calibration moved their prior ({why}). Give val "
            "more rows of the class with calibration: auto, or take easy_ensemble"
        )
    return notes


def _by_class(numbers: Sequence[float] | Floats, classes: Sequence[str]) -> dict[str, float]:
    return dict(zip(classes, map(float, numbers), strict=True))
