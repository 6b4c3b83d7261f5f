"""How each map is fitted: probabilities (n, C) at the natural prior, and labels (n,)."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax
from sklearn.isotonic import IsotonicRegression

from tfx_rebalance.components.trainer.calibration.maps import (
    Curve,
    Isotonic,
    NoMap,
    Temperature,
    VectorScaling,
    logs,
)
from tfx_rebalance.components.trainer.priors import Floats

Ints = npt.NDArray[np.int64]

RANGE = 4.0
"""The temperature is sought between exp(-4) and exp(4)."""
RIDGE = 1.0
"""How strongly slopes are held at 1 and intercepts at 0: like about four rows, so that a class
that val separates has a finite slope."""


def fit_none(probabilities: Floats, labels: Ints) -> NoMap:
    """Returns the map that changes nothing."""
    del probabilities, labels
    return NoMap()


def fit_temperature(probabilities: Floats, labels: Ints) -> Temperature:
    """Returns the temperature of the least log loss, in [exp(-4), exp(4)]."""
    z, rows = logs(probabilities), np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(z / np.exp(log_temperature), axis=1)
        return float(-scaled[rows, labels].mean())

    found = minimize_scalar(loss, bounds=(-RANGE, RANGE), method="bounded")
    return Temperature(temperature=float(np.exp(found.x)))


def fit_vector_scaling(probabilities: Floats, labels: Ints) -> VectorScaling:
    """Returns slopes and intercepts of the least log loss with a small ridge (convex; L-BFGS)."""
    z, (n, c) = logs(probabilities), probabilities.shape
    rows = np.arange(n)
    start = np.concatenate([np.ones(c), np.zeros(c)])

    def loss(theta: Floats) -> tuple[float, Floats]:
        log_q = log_softmax(z * theta[:c] + theta[c:], axis=1)
        off = np.exp(log_q)
        off[rows, labels] -= 1
        away = theta - start
        gradient = np.concatenate([(off * z).sum(axis=0), off.sum(axis=0)]) + RIDGE * away
        value = -log_q[rows, labels].sum() + RIDGE / 2 * away @ away
        return float(value / n), gradient / n

    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return VectorScaling(slopes=tuple(found[:c].tolist()), intercepts=tuple(found[c:].tolist()))


def fit_isotonic(probabilities: Floats, labels: Ints) -> Isotonic:
    """Returns a rising curve per class, kept off 0 and 1 by 1 / (n + 2).

    Centred isotonic regression (Oron and Flournoy 2017): straight lines between the centres of
    scikit-learn's steps. Steps would give many rows the same probability, so that they could no
    longer be ranked, and rows on two sides of a jump very different ones.
    """
    edge = 1 / (len(labels) + 2)
    curves = []
    for c, column in enumerate(probabilities.T):
        steps = IsotonicRegression(y_min=edge, y_max=1 - edge).fit_transform(column, labels == c)
        heights, step, rows = np.unique(steps, return_inverse=True, return_counts=True)
        centres = np.bincount(step, weights=column) / rows
        x, first = np.unique(centres, return_index=True)
        curves.append(Curve(x=tuple(x.tolist()), y=tuple(heights[first].tolist())))
    return Isotonic(curves=tuple(curves))
