"""The rows a decision is fitted on, and how far a class is ahead of its rivals in each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.trainer.priors import Floats

Ints = npt.NDArray[np.int64]

FLOOR = 1e-30
"""A class with less probability is decided by no threshold: float32 has nothing below 1e-38."""
NEVER = -1e3
"""The logarithm that stands for less than `FLOOR`."""


@dataclass(frozen=True)
class Validation:
    """Rows of the natural prior with their probabilities, sorted by class."""

    logs: Floats
    """(n, C), log probabilities, `NEVER` below `FLOOR`."""
    labels: Ints
    """(n,), class indices, ascending."""
    classes: tuple[str, ...]

    @classmethod
    def of(cls, probabilities: Floats, labels: Ints, *, classes: tuple[str, ...]) -> "Validation":
        """Returns the rows in order of their class.

        Args:
            probabilities: (n, C), in [0, 1], rows summing to 1 within 1e-3.
            labels: (n,), class indices.
            classes: The C classes' names.

        Raises:
            ValueError: If shapes do not fit, a label is no class or a row is no distribution.
        """
        wanted = (len(labels), len(classes))
        if probabilities.shape != wanted:
            raise ValueError(f"probabilities must be {wanted}, got {probabilities.shape}.")
        if len(labels) and not (labels.min() >= 0 and labels.max() < len(classes)):
            raise ValueError(
                f"labels must be in [0, {len(classes)}), got {labels.min()} to {labels.max()}."
            )
        wrong = ~(np.abs(probabilities.sum(axis=1) - 1) < 1e-3) | (probabilities.min(axis=1) < 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(
                f"probabilities of a row must be >= 0 and sum to 1, got {probabilities[row]} in "
                f"row {row}."
            )
        order = np.argsort(labels, kind="stable")
        ordered = probabilities[order]
        logs = np.where(ordered >= FLOOR, np.log(np.maximum(ordered, FLOOR)), NEVER)
        return cls(logs=logs, labels=labels[order].astype(np.int64), classes=classes)

    @property
    def rows(self) -> Ints:
        """Rows per class, (C,)."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def of_class(self, index: int) -> Floats:
        """Returns the log probabilities of a class's rows, (n_c, C)."""
        start, end = np.searchsorted(self.labels, [index, index + 1])
        return self.logs[start:end]


@dataclass(frozen=True)
class Lead:
    """How far a class is ahead of the best other one."""

    margins: Floats
    """(n,): the class is decided where this is above its cut; -inf: no cut reaches the row."""
    rivals: Ints
    """(n,): the class decided otherwise."""


def lead(logs: Floats, cuts: Floats, *, of: int) -> Lead:
    """Returns the lead of class `of` when class j counts as log p_j - cut_j.

    Args:
        logs: (n, C), log probabilities.
        cuts: (C,), logarithms of the thresholds; the one of `of` has no effect.
        of: The class, in [0, C).
    """
    others = logs - cuts
    others[:, of] = -np.inf
    rivals = np.argmax(others, axis=1)
    best = np.take_along_axis(others, rivals[:, None], axis=1)[:, 0]
    own = logs[:, of]
    return Lead(margins=np.where(own > NEVER, own - best, -np.inf), rivals=rivals)


def confusion(validation: Validation, scores: Floats) -> Ints:
    """Returns rows by (class, decision), (C, C), when the class of the highest score is decided.

    Args:
        validation: n rows.
        scores: (n, C), in the order of `validation`.
    """
    n = len(validation.classes)
    pairs = validation.labels * n + np.argmax(scores, axis=1)
    return np.bincount(pairs, minlength=n * n).reshape(n, n).astype(np.int64)
