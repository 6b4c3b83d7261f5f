"""What the metrics count, on arrays alone: few numbers per class, however many rows and metrics.

Rows are kept until there are `BATCH` of them and then counted at once, so a row costs an append.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tfx_rebalance.scores import Floats, Ints, confusion

BATCH = 4096
LEAST = 1e-12
"""The probability below which a logarithm is taken of this instead."""
RANKS = 4096
"""Bins of log odds that rank rows; two rows in one count as equally probable."""
WIDEST = 16.0
"""Log odds beyond which all rows share the outermost bins."""
BINS = 15
"""Equally wide bins of probability, for the calibration error."""

Array = npt.NDArray[Any]
Self = TypeVar("Self", bound="Tally")


class Tally:
    """Rows that are counted in batches; subclasses say how."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, *row: Any) -> None:
        """Takes a row: its label first, then what models say of it, or what it is."""
        self._waiting.append(row)
        if len(self._waiting) >= BATCH:
            self.settle()

    def settle(self: Self) -> Self:
        """Counts the rows that wait; returns itself."""
        if self._waiting:
            columns = [_column(values) for values in zip(*self._waiting, strict=True)]
            self._waiting = []
            self._count(columns[0].reshape(-1).astype(np.int64), *columns[1:])
        return self

    def merge(self: Self, other: Self) -> Self:
        """Adds what another one counted; returns itself."""
        self.settle()
        self._merge(other.settle())
        return self

    def _count(self, labels: Ints, *said: Array) -> None:
        raise NotImplementedError

    def _merge(self, other: Any) -> None:
        raise NotImplementedError


class Confusion(Tally):
    """Rows by (class, decision); the decision is the argmax of what a model says."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = np.zeros((0, 0), np.int64)
        """(C, C)."""

    def _count(self, labels: Ints, *said: Array) -> None:
        [scores] = said
        classes = scores.shape[1]
        found = confusion(labels, np.argmax(scores, axis=1), classes=classes)
        self.counts = _sum(self.counts, found)

    def _merge(self, other: Any) -> None:
        self.counts = _sum(self.counts, other.counts)


KINDS = 5
"""Of rows in a `Paired` tally."""


class Paired(Tally):
    """Rows of each class by which of two models finds them: both, the first, the second, none.

    Rows that one of them was fitted on are counted apart, as a fifth kind.
    """

    def __init__(self, is_known: Callable[[Array], Array]) -> None:
        """Takes what says of rows as they are read, (n,), whether a model was fitted on them."""
        super().__init__()
        self._is_known = is_known
        self.counts = np.zeros((0, KINDS), np.int64)
        """(C, 5)."""

    def _count(self, labels: Ints, *said: Array) -> None:
        *scores, rows = said
        first, second = (np.argmax(of_model, axis=1) == labels for of_model in scores)
        kind = np.where(first, np.where(second, 0, 1), np.where(second, 2, 3))
        kind = np.where(self._is_known(rows), KINDS - 1, kind)
        classes = scores[0].shape[1]
        found = np.bincount(labels * KINDS + kind, minlength=KINDS * classes)
        self.counts = _sum(self.counts, found.reshape(classes, KINDS))

    def _merge(self, other: Any) -> None:
        self.counts = _sum(self.counts, other.counts)


class Probabilities(Tally):
    """What ranking and calibration need of probabilities, (n, C), rows summing to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0
        self.log_loss = 0.0
        """Sum over rows of -log p of the label."""
        self.ranks = np.zeros((0, 2, RANKS), np.int64)
        """By class, of others or of the class, by bin of log odds."""
        self.bins = np.zeros((0, BINS, 3))
        """By class and bin of probability: rows, rows of the class, sum of probabilities."""
        self.squares = np.zeros(0)
        """Sum over rows of (p - 1 of the class)^2, (C,)."""

    def _count(self, labels: Ints, *said: Array) -> None:
        p = np.asarray(said[0], np.float64)
        classes = p.shape[1]
        of_label = np.take_along_axis(p, labels[:, None], axis=1)
        self.rows += len(labels)
        self.log_loss -= float(np.log(np.maximum(of_label, LEAST)).sum())
        is_class = labels[:, None] == np.arange(classes)
        self.squares = _sum(self.squares, ((p - is_class) ** 2).sum(axis=0))
        self.ranks = _sum(self.ranks, _ranked(p, is_class))
        self.bins = _sum(self.bins, _binned(p, is_class))

    def _merge(self, other: Any) -> None:
        self.rows += other.rows
        self.log_loss += other.log_loss
        self.squares = _sum(self.squares, other.squares)
        self.ranks = _sum(self.ranks, other.ranks)
        self.bins = _sum(self.bins, other.bins)


def centres() -> Floats:
    """Returns the log odds in the middle of each bin of `Probabilities.ranks`, (RANKS,)."""
    width = 2 * WIDEST / RANKS
    middle: Floats = -WIDEST + width * (np.arange(RANKS) + 0.5)
    return middle


def _ranked(p: Floats, is_class: Array) -> Ints:
    clipped = np.clip(p, LEAST, 1 - LEAST)
    odds = np.clip(np.log(clipped) - np.log1p(-clipped), -WIDEST, WIDEST)
    place = np.minimum((odds + WIDEST) * (RANKS / (2 * WIDEST)), RANKS - 1).astype(np.int64)
    classes = p.shape[1]
    key = (np.arange(classes) * 2 + is_class) * RANKS + place
    counts = np.bincount(key.ravel(), minlength=classes * 2 * RANKS)
    return counts.reshape(classes, 2, RANKS)


def _binned(p: Floats, is_class: Array) -> Floats:
    classes = p.shape[1]
    key = (np.arange(classes) * BINS + np.minimum((p * BINS).astype(np.int64), BINS - 1)).ravel()
    columns = [
        np.bincount(key, weights=weights, minlength=classes * BINS)
        for weights in (None, is_class.ravel().astype(float), p.ravel())
    ]
    return np.stack(columns, axis=1).reshape(classes, BINS, 3).astype(np.float64)


def _column(values: tuple[Any, ...]) -> Array:
    """Returns values of rows as an array; bytes as objects, for NumPy cuts zeros off their ends."""
    return np.array(values, dtype=object if isinstance(values[0], bytes) else None)


def _sum(a: Array, b: Array) -> Array:
    """Returns the sum; an empty tally does not know yet how many classes there are."""
    if not len(a):
        return b
    return a + b if len(b) else a
