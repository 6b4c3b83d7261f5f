"""The value of each metric, from the tally of a slice; what has no value is NaN."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tfx_rebalance.components.evaluator import measures
from tfx_rebalance.components.evaluator.tallies import BINS, Confusion, Paired, Probabilities
from tfx_rebalance.intervals import clopper_pearson_lower, wilson_lower
from tfx_rebalance.scores import Floats, Ints, recalls


class OfCounts:
    """A number of the confusion matrix; NaN without a row. Unlike a closure it pickles."""

    def __init__(self, value: Callable[[Ints], float]) -> None:
        self._value = value

    def __call__(self, tally: Confusion) -> float:
        return self._value(tally.counts) if len(tally.counts) else math.nan


def confusion_matrix(tally: Confusion | Paired) -> Ints:
    """Returns rows by (class, decision), (C, C), or by (class, who finds them), (C, 5)."""
    return tally.counts


def support(tally: Confusion, class_index: int) -> float:
    """Returns the rows of a class."""
    return float(tally.counts[class_index].sum()) if len(tally.counts) else 0.0


def recall(tally: Confusion, class_index: int) -> float:
    """Returns the recall of a class, in [0, 1], or NaN without rows of it."""
    return float(recalls(tally.counts)[class_index]) if len(tally.counts) else math.nan


def precision(tally: Confusion, class_index: int) -> float:
    """Returns the precision of a class, in [0, 1], or NaN where it is not decided."""
    return float(measures.precisions(tally.counts)[class_index]) if len(tally.counts) else math.nan


def f1(tally: Confusion, class_index: int) -> float:
    """Returns the F1 of a class, in [0, 1]."""
    return float(measures.f1s(tally.counts)[class_index]) if len(tally.counts) else math.nan


def recall_bound(tally: Confusion, class_index: int, *, confidence: float, interval: str) -> float:
    """Returns the lower bound of a class's recall, in [0, 1]."""
    if not len(tally.counts):
        return 0.0
    hits, rows = tally.counts[class_index, class_index], tally.counts[class_index].sum()
    bound = wilson_lower if interval == "wilson" else clopper_pearson_lower
    return bound(int(hits), int(rows), confidence=confidence)


def margin(tally: Confusion, class_index: int, *, bar: float, **bound: Any) -> float:
    """Returns the lower bound of a class's recall minus its bar."""
    return recall_bound(tally, class_index, **bound) - bar


def pr_auc(tally: Probabilities, class_index: int) -> float:
    """Returns the average precision of a class."""
    return measures.ranking(tally, class_index).pr_auc if tally.rows else math.nan


def roc_auc(tally: Probabilities, class_index: int) -> float:
    """Returns the area under the ROC curve of a class."""
    return measures.ranking(tally, class_index).roc_auc if tally.rows else math.nan


def pr_curve(tally: Probabilities, class_index: int) -> Any:
    """Returns recall and precision, (POINTS, 2), the points first, then NaN."""
    curve = measures.ranking(tally, class_index).curve if tally.rows else np.zeros((0, 2))
    return _padded(curve, measures.POINTS)


def calibration_error(tally: Probabilities, class_index: int) -> float:
    """Returns the expected calibration error of a class."""
    return float(measures.eces(tally)[class_index]) if tally.rows else math.nan


def reliability(tally: Probabilities, class_index: int) -> Any:
    """Returns the reliability diagram of a class, (BINS, 3), bins with rows first, then NaN."""
    bins = measures.reliability(tally, class_index) if tally.rows else np.zeros((0, 3))
    return _padded(bins, BINS)


def brier(tally: Probabilities, class_index: int) -> float:
    """Returns the mean squared error of a class's probability."""
    return float(measures.briers(tally)[class_index]) if tally.rows else math.nan


def calibration_line(tally: Probabilities, class_index: int) -> Any:
    """Returns slope and intercept, (2,), NaN where the rows do not determine them."""
    if not tally.rows:
        return np.full(2, math.nan)
    return np.array(measures.calibration_line(tally, class_index))


def log_loss(tally: Probabilities) -> float:
    """Returns the mean log loss."""
    return tally.log_loss / tally.rows if tally.rows else math.nan


def _padded(points: Floats, length: int) -> Floats:
    """Returns `length` points: TFMA subtracts a baseline's from them, so both need one shape."""
    missing = length - len(points)
    return np.pad(points, ((0, missing), (0, 0)), constant_values=math.nan)
