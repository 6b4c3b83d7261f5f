"""Which calibration to take, by cross-validated log loss on val."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from tfx_rebalance.components.trainer.calibration.fits import (
    Ints,
    fit_isotonic,
    fit_none,
    fit_temperature,
    fit_vector_scaling,
)
from tfx_rebalance.components.trainer.calibration.maps import LEAST, Map, NoMap
from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.draws import keyed_draws
from tfx_rebalance.settings import Settings

Fit = Callable[[Floats, Ints], Map]


@dataclass(frozen=True)
class Method:
    """How to fit a map, and what it needs."""

    fit: Fit
    least: int
    """Rows of val each class must have, and not have: fewer do not determine what is fitted."""


METHODS: Mapping[str, Method] = {
    "none": Method(fit_none, least=0),
    "temperature": Method(fit_temperature, least=0),
    "vector_scaling": Method(fit_vector_scaling, least=50),
    "isotonic": Method(fit_isotonic, least=200),
}
"""From the simplest on."""
MOVING_PRIORS = ("vector_scaling", "isotonic")
"""The methods that mend a prior that is wrong; a temperature does not."""

FOLDS = 5


class Choice(Settings):
    """The calibration taken, and why."""

    chosen: str
    map: Map = Field(default=NoMap())
    """Fitted on all of val."""
    log_loss: dict[str, float] = {}
    """Method -> its cross-validated log loss."""
    refused: dict[str, str] = {}
    """Method -> why it was not offered."""


def choose(
    probabilities: Floats,
    labels: Ints,
    *,
    classes: tuple[str, ...],
    methods: Sequence[str] = tuple(METHODS),
    seed: int = 0,
) -> Choice:
    """Returns the method of the least log loss over 5 stratified folds, fitted on all rows.

    A method replaces a simpler one only if it is better by more than one standard error of the
    difference over rows: what is within noise of `none` would only add noise.

    Args:
        probabilities: (n, C), at the natural prior, or softmax of logits.
        labels: (n,), class indices.
        classes: The C classes' names.
        methods: Which of `METHODS` to offer; `none` always is.
        seed: Of the folds.
    """
    refused = {m: why for m in methods if (why := _refusal(m, labels, classes=classes))}
    offered = [m for m in METHODS if m == "none" or (m in methods and m not in refused)]
    folds = _folds(labels, seed=seed)
    losses = {m: _held_out_losses(m, probabilities, labels, folds=folds) for m in offered}
    chosen = "none"
    for method in offered[1:]:
        gain = losses[chosen] - losses[method]
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            chosen = method
    return Choice(
        chosen=chosen,
        map=METHODS[chosen].fit(probabilities, labels),
        log_loss={m: float(loss.mean()) for m, loss in losses.items()},
        refused=refused,
    )


def row_losses(probabilities: Floats, labels: Ints) -> Floats:
    """Returns -log p of the label per row, (n,), none above -log `LEAST`."""
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    out: Floats = -np.log(np.maximum(of_label, LEAST))
    return out


def _refusal(method: str, labels: Ints, *, classes: tuple[str, ...]) -> str:
    """Returns why a method is not offered, or ""."""
    if method == "none":
        return ""
    if len(labels) < 2 * FOLDS:
        return f"val has {len(labels)} rows, a calibration needs {2 * FOLDS}"
    rows = np.bincount(labels, minlength=len(classes))
    fewest = np.minimum(rows, len(labels) - rows)
    c, least = int(np.lexsort((rows, fewest))[0]), METHODS[method].least
    if fewest[c] >= least:
        return ""
    return (
        f"{method} needs {least} rows of each class and as many of others in val, "
        f"class {classes[c]!r} has {rows[c]} of {len(labels)}"
    )


def _folds(labels: Ints, *, seed: int) -> Ints:
    """Returns the fold of each row, (n,), in [0, FOLDS): each class is spread evenly."""
    keys = np.arange(len(labels), dtype=np.uint64)
    order = np.lexsort((keyed_draws(keys, seed=seed, purpose="calibration"), labels))
    folds = np.empty(len(labels), np.int64)
    folds[order] = np.arange(len(labels)) % FOLDS
    return folds


def _held_out_losses(method: str, p: Floats, labels: Ints, *, folds: Ints) -> Floats:
    losses = np.zeros(len(labels))
    for fold in np.unique(folds):
        out = folds == fold
        fitted = METHODS[method].fit(p[~out], labels[~out])
        losses[out] = row_losses(fitted.apply(p[out]), labels[out])
    return losses
