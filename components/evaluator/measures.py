"""From tallies to numbers; what has no value is NaN: the recall of a class without rows."""

from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.evaluator.tallies import Probabilities, centres
from tfx_rebalance.scores import Floats, Ints, logistic_line, recalls

POINTS = 200
"""Of a curve at most."""


def precisions(counts: Ints) -> Floats:
    """Returns hits over decisions for each class, (C,), from a confusion matrix."""
    return recalls(counts.T)


def f1s(counts: Ints) -> Floats:
    """Returns the F1 of each class, (C,); NaN for one that is neither there nor decided."""
    total = counts.sum(axis=0) + counts.sum(axis=1)
    out = np.full(len(counts), np.nan)
    return np.divide(2 * np.diag(counts), total, out=out, where=total > 0)


def g_mean(counts: Ints) -> float:
    """Returns the geometric mean of the recalls of the classes with rows, in [0, 1].

    Kubat and Matwin 1997, for several classes.
    """
    found = recalls(counts)
    found = found[~np.isnan(found)]
    return float(np.exp(np.log(found).mean())) if len(found) and found.min() > 0 else 0.0


def matthews(counts: Ints) -> float:
    """Returns Matthews' correlation, in [-1, 1] (Gorodkin 2004); 0 where it is not determined."""
    n, hits = counts.sum(), np.trace(counts)
    actual, decided = counts.sum(axis=1).astype(float), counts.sum(axis=0).astype(float)
    spread = (n**2 - decided @ decided) * (n**2 - actual @ actual)
    return float((hits * n - decided @ actual) / np.sqrt(spread)) if spread > 0 else 0.0


@dataclass(frozen=True)
class Ranking:
    """How well a class's probability ranks its rows before others."""

    pr_auc: float
    """Average precision, in [0, 1]."""
    roc_auc: float
    curve: Floats
    """(points, 2): recall, ascending, and precision."""


def ranking(tally: Probabilities, index: int) -> Ranking:
    """Returns the ranking of a class against the rest; rows in one bin of log odds are ties."""
    others, own = tally.ranks[index][:, ::-1].astype(np.float64)
    hits, misses = np.cumsum(own), np.cumsum(others)
    if not hits[-1]:
        return Ranking(float("nan"), float("nan"), np.zeros((0, 2)))
    used = own + others > 0
    precision = hits[used] / (hits[used] + misses[used])
    pr_auc = float((precision * own[used]).sum() / hits[-1])
    roc_auc = float("nan")
    if misses[-1]:
        beaten = misses[-1] - misses
        roc_auc = float((own * (beaten + others / 2)).sum() / (hits[-1] * misses[-1]))
    curve = np.stack([hits[used] / hits[-1], precision], axis=1)
    return Ranking(pr_auc, roc_auc, _thinned(curve))


def eces(tally: Probabilities) -> Floats:
    """Returns the expected calibration error of each class, (C,); see `scores.ece`."""
    rows, own, sums = np.moveaxis(tally.bins, 2, 0)
    errors: Floats = np.abs(own - sums).sum(axis=1) / rows.sum(axis=1)
    return errors


def reliability(tally: Probabilities, index: int) -> Floats:
    """Returns mean probability, share of the class and rows of each bin with rows, (bins, 3)."""
    rows, own, sums = tally.bins[index][tally.bins[index][:, 0] > 0].T
    points: Floats = np.stack([sums / rows, own / rows, rows], axis=1)
    return points


def briers(tally: Probabilities) -> Floats:
    """Returns the mean squared error of each class's probability, (C,)."""
    errors: Floats = tally.squares / tally.rows
    return errors


def calibration_line(tally: Probabilities, index: int) -> tuple[float, float]:
    """Returns slope and intercept of logit P(class) over logit p, from bins of log odds.

    (1, 0) is perfect (Cox 1958); NaN where the rows do not determine them.
    """
    odds = np.concatenate([centres(), centres()])
    labels = np.repeat([0.0, 1.0], len(centres()))
    rows = tally.ranks[index].reshape(-1).astype(np.float64)
    used = rows > 0
    return logistic_line(odds[used], labels[used], rows[used])


def _thinned(curve: Floats) -> Floats:
    if len(curve) <= POINTS:
        return curve
    at = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    thinned: Floats = curve[at]
    return thinned
