"""How good probabilities and decisions are; on arrays, for the Trainer and the Evaluator.

Probabilities are (n, C) with rows summing to 1; labels and decisions are class indices, (n,). What
has no value, such as the recall of a class without rows, is NaN.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST = 1e-12
"""The probability below which a logarithm is taken of this instead."""
STEPS = 50
"""Newton steps before a calibration line counts as not determined."""


@dataclass(frozen=True)
class CalibrationLines:
    """Per class, logit P(class) = intercept + slope * logit p; (1, 0) is perfect (Cox 1958)."""

    slopes: Floats
    """(C,): below 1, too confident; NaN: not determined by the rows."""
    intercepts: Floats
    """(C,)."""


def log_loss(probabilities: Floats, labels: Ints) -> float:
    """Returns the mean of -log p of the label, in [0, 27.7]."""
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)
    return float(-np.log(np.maximum(of_label, LEAST)).mean())


def brier(probabilities: Floats, labels: Ints) -> float:
    """Returns the mean squared distance to the label's corner, in [0, 2] (Brier 1950)."""
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    return float(((probabilities**2).sum(axis=1) - 2 * of_label + 1).mean())


def ece(
    probabilities: Floats, labels: Ints, *, bins: int = 15, by: Literal["width", "mass"] = "width"
) -> Floats:
    """Returns the expected calibration error of each class against the rest, (C,), in [0, 1].

    The mean over rows of |share of the class - mean p| in the row's bin (Naeini et al. 2015;
    per class: Nixon et al. 2019).

    Args:
        probabilities: (n, C).
        labels: (n,).
        bins: Bins per class.
        by: width: equally wide bins of p. mass: the same number of rows in each; equal
            probabilities stay together.
    """
    errors = []
    for c, p in enumerate(probabilities.T):
        inner = np.linspace(0, 1, bins + 1)[1:-1]
        edges = inner if by == "width" else np.unique(np.quantile(p, inner, method="higher"))
        of_row = np.searchsorted(edges, p, side="right")
        gap = np.bincount(of_row, weights=(labels == c) - p)
        errors.append(np.abs(gap).sum() / len(p))
    return np.array(errors)


def calibration_lines(probabilities: Floats, labels: Ints) -> CalibrationLines:
    """Returns the line of each class against the rest: logistic regression on logit p."""
    lines = []
    for c, column in enumerate(probabilities.T):
        p = np.clip(column, LEAST, 1 - LEAST)
        ones = np.ones(len(p))
        lines.append(logistic_line(np.log(p) - np.log1p(-p), (labels == c).astype(float), ones))
    slopes, intercepts = np.array(lines).T
    return CalibrationLines(slopes=slopes, intercepts=intercepts)


def average_precisions(probabilities: Floats, labels: Ints) -> Floats:
    """Returns the average precision of each class against the rest, (C,), in [0, 1].

    The sum over distinct scores of precision times the recall gained, without interpolation.
    """
    values = []
    for c, p in enumerate(probabilities.T):
        order = np.argsort(-p, kind="stable")
        ranked = p[order]
        last = np.append(ranked[1:] < ranked[:-1], True)  # Equal scores are decided together.
        hits = np.cumsum(labels[order] == c)[last]
        precision = hits / (np.flatnonzero(last) + 1)
        gained = np.diff(hits, prepend=0)
        values.append((precision * gained).sum() / hits[-1] if hits[-1] else np.nan)
    return np.array(values)


def confusion(labels: Ints, decisions: Ints, *, classes: int) -> Ints:
    """Returns rows by (class, decision), (classes, classes)."""
    counts = np.bincount(labels * classes + decisions, minlength=classes**2)
    return counts.reshape(classes, classes).astype(np.int64)


def recalls(counts: Ints) -> Floats:
    """Returns the recall of each class from a confusion matrix, (C,); NaN without rows."""
    rows = counts.sum(axis=1)
    return np.divide(np.diag(counts), rows, out=np.full(len(rows), np.nan), where=rows > 0)


def balanced_accuracy(counts: Ints) -> float:
    """Returns the mean recall over the classes with rows, in [0, 1]."""
    return float(np.nanmean(recalls(counts)))


def macro_f1(counts: Ints) -> float:
    """Returns the mean F1 over the classes that occur as class or decision, in [0, 1]."""
    total = counts.sum(axis=0) + counts.sum(axis=1)
    present = total > 0
    return float((2 * np.diag(counts)[present] / total[present]).mean())


def logistic_line(x: Floats, y: Floats, rows: Floats) -> tuple[float, float]:
    """Returns (slope, intercept) of logit P(y = 1) over x, or NaN if there is none; by Newton.

    Args:
        x: (n,).
        y: 0 or 1, (n,).
        rows: How many rows each stands for, (n,), > 0.
    """
    nothing = (float("nan"), float("nan"))
    if y.min() == y.max() or x.min() == x.max() or _separated(x[y == 0], x[y == 1]):
        return nothing
    inputs = np.stack([x, np.ones(len(x))], axis=1)
    line = np.array([1.0, 0.0])
    for _ in range(STEPS):
        likelihood, gradient, hessian = _newton(inputs, y, rows, line)
        if not np.linalg.cond(hessian) < 1e14:
            return nothing
        step = np.linalg.solve(hessian, gradient)
        if gradient @ step < 1e-12 * max(1.0, abs(likelihood)):
            return float(line[0]), float(line[1])
        size = 1.0
        while _likelihood(inputs, y, rows, line + size * step) < likelihood and size > 1e-9:
            size /= 2
        line = line + size * step
    return nothing


def _separated(a: Floats, b: Floats) -> bool:
    """Returns whether a steeper line is always better: no number lies between others."""
    return bool(a.max() <= b.min() or b.max() <= a.min())


def _newton(inputs: Floats, y: Floats, rows: Floats, line: Floats) -> tuple[float, Floats, Floats]:
    q = 1 / (1 + np.exp(-np.clip(inputs @ line, -500, 500)))
    gradient = inputs.T @ (rows * (y - q))
    hessian = (inputs * (rows * q * (1 - q))[:, None]).T @ inputs
    return _likelihood(inputs, y, rows, line), gradient, hessian


def _likelihood(inputs: Floats, y: Floats, rows: Floats, line: Floats) -> float:
    z = inputs @ line
    return float((rows * (y * z - np.logaddexp(0, z))).sum())
