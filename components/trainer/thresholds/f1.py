"""Thresholds of the highest F1."""

from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.thresholds.cuts import HIGHEST, LOWEST, SHADE
from tfx_rebalance.components.trainer.thresholds.rule import (
    FittedDecision,
    Given,
    Rule,
    by_thresholds,
)
from tfx_rebalance.components.trainer.thresholds.validation import (
    Ints,
    Lead,
    Validation,
    confusion,
    lead,
)

CANDIDATES = 512
"""Cuts tried per class and sweep, at quantiles of its rows' margins; all rows up to that many."""
SWEEPS = 10


class F1(Rule):
    """Macro F1 over the classes in val; of two classes, the F1 of the one with fewer rows.

    One cut is moved at a time to where F1 is highest (coordinate ascent), from the better of
    argmax and the balanced rule. For two classes and up to `CANDIDATES` rows of the rare one that
    is the best there is; else it is a local best. A sweep takes O(n C ** 2).
    """

    def fit(self, validation: Validation, given: Given) -> FittedDecision:
        """Returns thresholds (see `Rule.fit`)."""
        del given
        rows = validation.rows
        counted = np.flatnonzero(rows)
        if len(rows) == 2:
            counted = counted[np.argmin(rows[counted])][None]
        starts = [np.zeros(len(rows)), np.log(np.maximum(rows, 1) / rows.max())]
        places = [_Place(start, _f1(validation, start)[counted].mean()) for start in starts]
        best = _climb(validation, max(places, key=lambda place: place.f1), counted)
        return by_thresholds("f1", validation, cuts=best.cuts)


@dataclass(frozen=True)
class _Place:
    cuts: Floats
    f1: float


def _f1(validation: Validation, cuts: Floats) -> Floats:
    """Returns the F1 of each class, (C,); 0 where it does not occur."""
    counts = confusion(validation, validation.logs - cuts)
    total = np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1)
    scores: Floats = 2 * np.diag(counts) / total
    return scores


def _climb(validation: Validation, place: _Place, counted: Ints) -> _Place:
    for _ in range(SWEEPS):
        before = place.f1
        for c in counted:
            better = _best_cut(validation, place.cuts, of=int(c), counted=counted)
            if better.f1 > place.f1 + 1e-9:
                place = better
        if place.f1 <= before + 1e-6:
            break
    return place


def _best_cut(validation: Validation, cuts: Floats, *, of: int, counted: Ints) -> _Place:
    """Returns the best place that differs in the cut of class `of` alone; O(n log 512 + n C)."""
    ahead = lead(validation.logs, cuts, of=of)
    candidates = _candidates(ahead.margins[validation.labels == of], cuts[of])
    mean = _f1_at(candidates, ahead, validation=validation, of=of)[:, counted].mean(axis=1)
    best = int(np.argmax(mean))
    moved = cuts.copy()
    moved[of] = candidates[best]
    return _Place(moved, float(mean[best]))


def _candidates(margins: Floats, now: float) -> Floats:
    """Returns cuts to try, ascending: right below rows of the class, and the present one."""
    reachable = np.unique(np.clip(margins[margins > LOWEST] - SHADE, LOWEST, HIGHEST))
    if len(reachable) > CANDIDATES:
        picked = np.linspace(0, len(reachable) - 1, CANDIDATES).round().astype(int)
        reachable = reachable[picked]
    return np.union1d(reachable, [now])


def _f1_at(candidates: Floats, ahead: Lead, *, validation: Validation, of: int) -> Floats:
    """Returns the F1 of each class at each cut of class `of`, (candidates, C).

    A row is decided `of` at the cuts below its margin, and its rival at the others.
    """
    m, c, labels = len(candidates), len(validation.classes), validation.labels
    lost = np.searchsorted(candidates, ahead.margins, side="left")  # From this candidate on.
    cells = lost * c + ahead.rivals
    decided = _up_to(np.bincount(cells, minlength=(m + 1) * c), m, c)
    right = _up_to(np.bincount(cells[ahead.rivals == labels], minlength=(m + 1) * c), m, c)
    decided[:, of] = len(labels) - decided.sum(axis=1)
    own = np.bincount(lost[labels == of], minlength=m + 1)
    right[:, of] = own.sum() - np.cumsum(own)[:m]
    total = decided + np.bincount(labels, minlength=c)
    return np.divide(2.0 * right, total, out=np.zeros((m, c)), where=total > 0)


def _up_to(counts: Ints, m: int, c: int) -> Ints:
    summed: Ints = np.cumsum(counts.reshape(m + 1, c), axis=0)[:m].astype(np.int64)
    return summed
