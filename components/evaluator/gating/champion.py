"""Whether a class's recall fell behind the champion's, from the same rows: pairs, not two shares.

The statistic is Tango's score (1998, Statistics in Medicine 17, 891-908). Its normal
approximation errs too often where few rows differ, so up to `EXACT_ROWS` rows its tail is the
exact one, at the worst of all shares of discordant rows: the unconditional test of Hsueh, Liu and
Chen (2001, Biometrics 57, 478-483). The bounds invert it. A conditional test such as McNemar's
needs a difference of 0 under the hypothesis, and here it is the margin.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaln, ndtr, xlogy

from tfx_rebalance.components.evaluator.gating.rows import first_above
from tfx_rebalance.gate import Verdict

EXACT_ROWS = 1000
"""Beyond it the approximation's error is below half a percent."""

_NUISANCES = 96
"""How many shares of discordant rows the worst one is sought among."""
_NEGLIGIBLE = 1e-9
"""A chance of a number of discordant rows that is taken as if all of it were in the region."""
_STEPS = 16
"""Halvings of [-1, 1] to a bound: 3e-5."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Paired:
    """A class's rows by which of the two models finds them, all >= 0."""

    both: int
    gained: int
    """Found by the candidate alone."""
    lost: int
    """Found by the champion alone."""
    neither: int

    @property
    def rows(self) -> int:
        """Rows of the class."""
        return self.both + self.gained + self.lost + self.neither

    @property
    def difference(self) -> float | None:
        """The candidate's recall minus the champion's, in [-1, 1]; None without rows."""
        return (self.gained - self.lost) / self.rows if self.rows else None


def score(gained: Any, lost: Any, rows: int, *, difference: float) -> Floats:
    """Returns Tango's statistic: standard deviations by which a difference is exceeded.

    Args:
        gained: Rows found by the candidate alone, a number or an array.
        lost: Rows found by the champion alone, of the same shape.
        rows: Rows of the class, >= 1.
        difference: The true difference that is tested, in (-1, 1).
    """
    gained, lost = np.asarray(gained, float), np.asarray(lost, float)
    b = -gained - lost + (2 * rows - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    # The likeliest share of lost rows under the hypothesis.
    share = (np.sqrt(np.maximum(b * b - 8 * rows * c, 0)) - b) / (4 * rows)
    variance = rows * np.maximum(2 * share + difference * (1 - difference), 0)
    excess = gained - lost - rows * difference
    with np.errstate(divide="ignore", invalid="ignore"):
        found = excess / np.sqrt(variance)
    return np.where(np.abs(excess) < 1e-9, 0.0, found)


def p_value(paired: Paired, *, difference: float) -> float:
    """Returns the chance of a score at least as high where the true difference is `difference`.

    Args:
        paired: The rows; without any it is 1.
        difference: The true difference, in (-1, 1): -margin to show that less is lost.
    """
    if not paired.rows:
        return 1.0
    return _p_value(paired.gained, paired.lost, paired.rows, difference)


def difference_lower(paired: Paired, *, confidence: float, tested: float | None = None) -> float:
    """Returns the one-sided lower bound of the difference of recalls, in [-1, 1].

    Args:
        paired: The rows; without any it is -1.
        confidence: One-sided, in (0, 1).
        tested: A difference on whose side the bound has to be as the test says. Counts are whole,
            so the tail is not quite monotone in the difference, and a bound alone may disagree.
    """
    if not paired.rows:
        return -1.0

    def refuted(difference: float) -> bool:
        return p_value(paired, difference=difference) <= 1 - confidence

    low, high = -1.0, 1.0
    if tested is not None:
        low, high = (tested, high) if refuted(tested) else (low, tested)
    if low == -1 and not refuted(-1 + 2.0**-_STEPS):
        return low
    for _ in range(_STEPS + 1):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def difference_upper(paired: Paired, *, confidence: float, tested: float | None = None) -> float:
    """Returns the one-sided upper bound of the difference of recalls, in [-1, 1]."""
    mirrored = None if tested is None else -tested
    return -difference_lower(_swapped(paired), confidence=confidence, tested=mirrored)


def judge_difference(paired: Paired, *, margin: float, confidence: float) -> Verdict:
    """Returns `pass` where a loss of `margin` is ruled out, `fail` where it is shown.

    Args:
        paired: The rows.
        margin: The loss of recall that is too much, in (0, 1).
        confidence: Of each of the two tests, one-sided, in (0, 1).
    """
    if p_value(paired, difference=-margin) <= 1 - confidence:
        return "pass"
    if p_value(_swapped(paired), difference=margin) <= 1 - confidence:
        return "fail"
    return "insufficient"


def rows_needed(paired: Paired, *, margin: float, confidence: float) -> int | None:
    """Returns how many more rows would settle it if their kinds stayed as frequent; 0 if settled.

    Without any row they are taken to be found by both models.

    Returns:
        None where no number would, because the difference is -margin.
    """
    if judge_difference(paired, margin=margin, confidence=confidence) != "insufficient":
        return 0
    gained, lost = (n / max(paired.rows, 1) for n in (paired.gained, paired.lost))

    def settles(rows: int) -> bool:
        ways = ((gained, lost, -margin), (lost, gained, margin))
        p = (_p_value(more * rows, less * rows, rows, bar) for more, less, bar in ways)
        return min(p) <= 1 - confidence

    settled = first_above(paired.rows, settles)
    return None if settled is None else settled - paired.rows


def worst_tail(rows: int, *, difference: float, least: Ints, shares: Floats | None = None) -> float:
    """Returns the highest chance of an outcome in a region, over the share of discordant rows.

    Args:
        rows: Rows of the class, >= 1.
        difference: The true difference, in (-1, 1).
        least: (rows + 1,): by the number of discordant rows the fewest gained ones that are in
            the region; above that number none is.
        shares: Shares of discordant rows to look at, in [abs(difference), 1].
    """
    if shares is None:
        shares = _shares(abs(difference))
    width = min(rows + 1, int(7 * np.sqrt(rows)) + 40)
    first = np.clip(np.rint(shares * rows).astype(np.int64) - width // 2, 0, rows + 1 - width)
    discordant = first[:, None] + np.arange(width)
    chance = np.clip((shares + difference) / (2 * shares), 0.0, 1.0)[:, None]
    weight = _binomial(discordant, rows, shares[:, None])
    seen = weight > _NEGLIGIBLE
    chances = np.broadcast_to(chance, weight.shape)[seen]
    weight[seen] *= _at_least(least[discordant[seen]], discordant[seen], chances)
    return min(1.0, float(weight.sum(axis=1).max()))


def least_gained(rows: int, *, difference: float, value: float) -> Ints:
    """Returns (rows + 1,): the fewest gained of m discordant rows whose score reaches `value`.

    It is m + 1 where none does. The score grows with every row gained in place of lost.
    """
    discordant = np.arange(rows + 1)
    low, high = np.zeros_like(discordant), discordant + 1
    for _ in range(int(rows + 1).bit_length() + 1):
        middle = (low + high) // 2
        reached = score(middle, discordant - middle, rows, difference=difference) >= value - 1e-9
        high = np.where(reached & (low < high), middle, high)
        low = np.where(~reached & (low < high), middle + 1, low)
    return high


@lru_cache(maxsize=4096)
def _p_value(gained: float, lost: float, rows: int, difference: float) -> float:
    value = float(score(gained, lost, rows, difference=difference))
    if rows > EXACT_ROWS:
        return float(ndtr(-value))
    least = least_gained(rows, difference=difference, value=value)
    return worst_tail(rows, difference=difference, least=least)


def _swapped(paired: Paired) -> Paired:
    return Paired(paired.both, paired.lost, paired.gained, paired.neither)


def _shares(least: float) -> Floats:
    """Returns shares from `least` to 1, denser at the ends, where chances change fastest."""
    angles = np.linspace(np.arcsin(np.sqrt(max(least, 1e-6))), np.pi / 2, _NUISANCES)
    found: Floats = np.clip(np.sin(angles) ** 2, least, 1.0)
    return found


def _binomial(hits: Ints, rows: int, chance: Floats) -> Floats:
    ways = gammaln(rows + 1) - gammaln(hits + 1) - gammaln(rows - hits + 1)
    found: Floats = np.exp(ways + xlogy(hits, chance) + xlogy(rows - hits, 1 - chance))
    return found


def _at_least(hits: Ints, rows: Ints, chance: Floats) -> Floats:
    inner = np.clip(hits, 1, np.maximum(rows, 1))
    tail = betainc(inner, np.maximum(rows - inner + 1, 1), chance)
    found: Floats = np.where(hits <= 0, 1.0, np.where(hits > rows, 0.0, tail))
    return found
