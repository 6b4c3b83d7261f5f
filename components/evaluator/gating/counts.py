"""What the gate decides on: plain counts from the eval split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.evaluator.gating.champion import Paired

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SliceCounts:
    """Rows by (class, decision) where some features have some values."""

    where: Mapping[str, str]
    """Feature -> value, or the name of its bucket."""
    confusion: Matrix
    """(C, C), >= 0, in the order of the classes."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Everything that was counted."""

    confusion: Matrix
    """(C, C), >= 0: the whole eval split."""
    slices: Sequence[SliceCounts] = ()
    paired: Mapping[str, Paired] = field(default_factory=dict)
    """By class, against the champion; empty at a cold start."""
    cold_start: bool = False
    """Whether there is no champion to compare with."""
    calibration_errors: Mapping[str, float] = field(default_factory=dict)
    """By class: the expected calibration error, in [0, 1]."""


def check_counts(counts: Counts, classes: Sequence[str]) -> None:
    """Raises unless every matrix has a row and a column per class, and no entry below 0.

    Raises:
        ValueError: If one has not; the message says which.
    """
    named = [("the eval split", counts.confusion)]
    named += [(f"the slice {dict(part.where)}", part.confusion) for part in counts.slices]
    for name, matrix in named:
        if matrix.shape != (len(classes), len(classes)) or (matrix < 0).any():
            raise ValueError(
                f"the confusion matrix of {name} must be {len(classes)} x {len(classes)} of "
                f"numbers >= 0, one per class, got {matrix.tolist()}."
            )
