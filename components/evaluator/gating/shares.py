"""The verdict on a share, such as a recall: shown to reach its bar, shown not to, or neither."""

from dataclasses import dataclass
from functools import lru_cache

from scipy.special import betainc

from tfx_rebalance.components.evaluator.gating.rows import first_above
from tfx_rebalance.components.evaluator.settings import IntervalName
from tfx_rebalance.gate import Verdict
from tfx_rebalance.intervals import (
    Interval,
    clopper_pearson_lower,
    clopper_pearson_upper,
    wilson_lower,
    wilson_upper,
)

_SAME = 1e-12
"""0.7 is not 7 / 10 in floating point, and reaches that bar."""


@dataclass(frozen=True)
class Rule:
    """How a share is judged."""

    bar: float
    """In (0, 1]."""
    confidence: float = 0.95
    """Of each one-sided bound, in (0.5, 1)."""
    interval: IntervalName = "clopper_pearson"
    fewest: int = 1
    """With fewer rows there is no verdict but `insufficient`."""
    factor: float | None = None
    """To fail the p-value times this, >= 1, must be at most 1 - confidence as well."""


def bounds(
    hits: float, rows: float, *, confidence: float, interval: IntervalName = "clopper_pearson"
) -> Interval:
    """Returns the one-sided lower and upper bound of a share; [0, 1] without rows.

    Each is missed with a chance of 1 - confidence, so both hold with 2 * confidence - 1.

    Raises:
        ValueError: If hits are not in [0, rows] or confidence is not in (0, 1).
    """
    if interval == "wilson":
        low, high = wilson_lower, wilson_upper
    else:
        low, high = clopper_pearson_lower, clopper_pearson_upper
    return Interval(
        low=low(hits, rows, confidence=confidence), high=high(hits, rows, confidence=confidence)
    )


def p_value(hits: float, rows: float, *, bar: float) -> float:
    """Returns the chance of at most so many hits where the share is the bar, in [0, 1].

    The exact one-sided binomial test of the hypothesis that the share is at least the bar. Between
    whole numbers it is interpolated by the beta distribution.
    """
    return 1.0 if hits >= rows else float(betainc(rows - hits, hits + 1, 1 - bar))


def judge(hits: float, rows: float, rule: Rule) -> Verdict:
    """Returns `pass` if the lower bound reaches the bar, `fail` if the upper one is below it.

    It is neither with fewer rows than `fewest`, nor where the p-value says no to `fail`.
    """
    if rows < max(rule.fewest, 1):
        return "insufficient"
    found = bounds(hits, rows, confidence=rule.confidence, interval=rule.interval)
    if found.low >= rule.bar - _SAME:
        return "pass"
    if found.high >= rule.bar:
        return "insufficient"
    p = 0.0 if rule.factor is None else p_value(hits, rows, bar=rule.bar) * rule.factor
    return "fail" if p <= 1 - rule.confidence + _SAME else "insufficient"


@lru_cache(maxsize=65536)
def rows_needed(hits: int, rows: int, rule: Rule) -> int | None:
    """Returns how many more rows would settle a share that stays what it is; 0 if it is settled.

    Without any row it is taken to be 1.

    Returns:
        None where no number would, because the share is the bar.
    """
    if judge(hits, rows, rule) != "insufficient":
        return 0
    share = hits / rows if rows else 1.0
    if abs(share - rule.bar) < _SAME:
        return None
    settled = first_above(rows, lambda n: judge(share * n, n, rule) != "insufficient")
    return None if settled is None else settled - rows
