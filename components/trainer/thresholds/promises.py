"""How many of a class's rows in `val` a cut must catch for what is promised of other rows.

A cut right at the k-th highest of n independent scores of a class has, whatever their continuous
distribution, a true recall that is Beta(k, n - k + 1) distributed (Wilks 1941, "Determination of
sample sizes for setting tolerance limits"). So:

- its recall is at least r with the chance P(Beta(k, n - k + 1) >= r). That is at least `confidence`
  exactly where the Clopper-Pearson lower bound of k hits in n reaches r. Choosing k by n alone
  makes the bound valid although the cut is chosen by the same rows;
- of N further rows it catches a beta-binomial number, BetaBinomial(N, k, n - k + 1), the law of
  exceedances (Gumbel and von Schelling 1950): both samples' errors are in it.

Equal scores only make a cut catch more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from scipy.special import betainc
from scipy.stats import betabinom

from tfx_rebalance.intervals import clopper_pearson_lower


@dataclass(frozen=True)
class Bar:
    """What eval's recall of a class is measured against."""

    recall: float
    """In (0, 1)."""
    positives: int
    """Rows of the class in eval, >= 0."""
    confidence: float = 0.95


@lru_cache(maxsize=4096)
def hits_to_promise(recall: float, rows: int, *, confidence: float) -> int | None:
    """Returns the fewest hits in `rows` that show `recall`, or None if all would not do.

    Args:
        recall: In (0, 1).
        rows: Rows of the class in val, >= 0.
        confidence: One-sided, in (0, 1).
    """
    tail = 1 - confidence
    return _least(rows, lambda k: bool(betainc(k, rows - k + 1, recall) <= tail))


@lru_cache(maxsize=4096)
def hits_to_pass(bar: Bar) -> int | None:
    """Returns the fewest hits in eval that pass the gate, or None if all would not do."""
    return _least(
        bar.positives,
        lambda k: clopper_pearson_lower(k, bar.positives, confidence=bar.confidence) >= bar.recall,
    )


@lru_cache(maxsize=4096)
def chance_to_pass(hits: int, rows: int, *, bar: Bar) -> float:
    """Returns the chance that a cut with `hits` of val's `rows` passes the gate, in [0, 1]."""
    needed = hits_to_pass(bar)
    if needed is None or hits == 0:
        return 0.0
    return float(betabinom.sf(needed - 1, bar.positives, hits, rows - hits + 1))


@lru_cache(maxsize=4096)
def hits_for_power(rows: int, *, bar: Bar, power: float) -> int | None:
    """Returns the fewest hits in val whose chance to pass is >= `power`, or None."""
    return _least(rows, lambda k: chance_to_pass(k, rows, bar=bar) >= power)


def _least(most: int, enough: Callable[[int], bool]) -> int | None:
    """Returns the least k in [1, most] that is enough, given that more never is less."""
    if most < 1 or not enough(most):
        return None
    low, high = 0, most  # `high` is enough, `low` is not.
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
