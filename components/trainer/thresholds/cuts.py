"""The highest cuts at which every class has the hits it needs.

A class's hits fall with its own cut and rise with every other one. So of two sets of cuts that
give the hits needed, the higher of each cut gives them too: there is a highest set, and lowering
cuts one by one from above, each no further than needed, arrives at it (Tarski's fixed point). It
leaves all other classes the most hits, so if it is not enough for them nothing is.

Two classes that compete for nearly the same rows push each other down by nearly nothing. After
`EXACT` sweeps the steps therefore grow; what is found is then below the highest by at most
`Found.slack`, and a class may be called blocked that a window narrower than the steps would save.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.thresholds.validation import Validation, lead

HIGHEST, LOWEST = 60.0, -60.0
"""Cuts beyond are none: float32 cannot hold p / t."""
SHADE = 1e-6
"""How far a cut is below the last row it catches: the served model computes in float32."""
EXACT, SWEEPS = 100, 300


@dataclass(frozen=True)
class Found:
    """Cuts, and the class that does not get its hits, if one does not."""

    cuts: Floats
    """(C,), logarithms of the thresholds."""
    blocked: int | None = None
    slack: float = 0.0
    """How far the cuts may be below the highest ones; 0 where no step had to grow."""


def highest_cuts(validation: Validation, needed: Mapping[int, int]) -> Found:
    """Returns the highest cuts of the classes in `needed`; the others' cuts are 0.

    Where all classes need hits, the most common one keeps the cut 0.

    Args:
        validation: n rows of C classes.
        needed: Class index -> hits, in [1, its rows].
    """
    moving = _moving(validation, needed)
    cuts = np.zeros(len(validation.classes))
    cuts[moving] = HIGHEST
    slack = 0.0
    for sweep in range(SWEEPS):
        shade = SHADE * 2.0 ** max(0, (sweep - EXACT) // 10)
        slack += len(moving) * (shade - SHADE)
        lowered = [
            c for c in moving if _lower(validation, cuts, of=c, needed=needed[c], shade=shade)
        ]
        fallen = [c for c in moving if cuts[c] < LOWEST]
        if fallen:
            return Found(cuts, blocked=fallen[0], slack=slack)
        if not lowered:
            break
    else:
        return Found(cuts, blocked=lowered[0], slack=slack)
    still = [c for c in needed if c not in moving and hits(validation, cuts, of=c) < needed[c]]
    return Found(cuts, blocked=still[0] if still else None, slack=slack)


def hits(validation: Validation, cuts: Floats, *, of: int) -> int:
    """Returns how many rows of class `of` are decided to be it."""
    return int((lead(validation.of_class(of), cuts, of=of).margins > cuts[of]).sum())


def most_precise_cut(validation: Validation, cuts: Floats, *, of: int) -> float:
    """Returns the cut of class `of`, at most the one it has, with the highest precision on val.

    A lower cut has no lower recall, so what was promised of recall still holds. Of cuts with the
    same precision the lowest one is returned.
    """
    margins = lead(validation.logs, cuts, of=of).margins
    own = validation.labels == of
    order = np.argsort(-margins, kind="stable")
    ranked, caught = margins[order], np.cumsum(own[order])
    precision = caught / np.arange(1, len(margins) + 1)
    last = np.append(ranked[1:] < ranked[:-1], True)  # Equal margins are cut together.
    allowed = last & (ranked > LOWEST) & (caught >= (own & (margins > cuts[of])).sum())
    if not allowed.any():
        return float(cuts[of])
    best = np.flatnonzero(allowed)[::-1][np.argmax(precision[allowed][::-1])]
    return float(min(cuts[of], ranked[best] - SHADE))


def _moving(validation: Validation, needed: Mapping[int, int]) -> list[int]:
    common = int(np.argmax(validation.rows))
    everybody = len(needed) == len(validation.classes)
    return [c for c in needed if not (everybody and c == common)]


def _lower(validation: Validation, cuts: Floats, *, of: int, needed: int, shade: float) -> bool:
    """Lowers the cut of class `of` as far as it needs; returns whether it had to."""
    margins = lead(validation.of_class(of), cuts, of=of).margins
    if (margins > cuts[of]).sum() >= needed:
        return False
    place = len(margins) - needed
    cuts[of] = min(np.partition(margins, place)[place] - shade, HIGHEST)
    return True
