"""Binomial confidence bounds: the validator, the thresholds and the gate share them."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtri


@dataclass(frozen=True)
class Interval:
    """A closed interval of a probability, both ends in [0, 1]."""

    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """Hits among trials, 0 <= hits <= trials."""

    hits: int
    trials: int


def clopper_pearson(hits: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Returns the exact two-sided interval of a binomial probability.

    Clopper and Pearson (1934): each end is missed with a chance of at most
    (1 - confidence) / 2. No trial at all says nothing, so it gives [0, 1].

    Args:
        hits: Successes, in [0, trials].
        trials: Trials, >= 0.
        confidence: Coverage, in (0, 1).

    Raises:
        ValueError: If a number is outside its range.
    """
    _check(hits, trials, confidence)
    tail = (1 - confidence) / 2
    return Interval(low=_lower(hits, trials, tail), high=1 - _lower(trials - hits, trials, tail))


def clopper_pearson_lower(hits: float, trials: float, *, confidence: float = 0.95) -> float:
    """Returns the exact one-sided lower bound of a binomial probability, in [0, 1].

    Between whole numbers it is interpolated by the beta distribution.

    Raises:
        ValueError: If a number is outside its range (see `clopper_pearson`).
    """
    _check(hits, trials, confidence)
    return _lower(hits, trials, 1 - confidence)


def clopper_pearson_upper(hits: float, trials: float, *, confidence: float = 0.95) -> float:
    """Returns the exact one-sided upper bound of a binomial probability, in [0, 1].

    Raises:
        ValueError: If a number is outside its range (see `clopper_pearson`).
    """
    return 1 - clopper_pearson_lower(trials - hits, trials, confidence=confidence)


def wilson_lower(hits: float, trials: float, *, confidence: float = 0.95) -> float:
    """Returns the one-sided lower bound that inverts the score test, in [0, 1].

    Wilson (1927). Closer to the nominal error on average than `clopper_pearson_lower`, which never
    exceeds it: with few trials this one does. No trial at all gives 0.

    Raises:
        ValueError: If a number is outside its range (see `clopper_pearson`).
    """
    _check(hits, trials, confidence)
    if not hits:
        return 0.0
    share, spread = hits / trials, float(ndtri(confidence)) ** 2 / trials
    middle = share + spread / 2
    half = np.sqrt(spread * (share * (1 - share) + spread / 4))
    return float(max(0.0, (middle - half) / (1 + spread)))


def wilson_upper(hits: float, trials: float, *, confidence: float = 0.95) -> float:
    """Returns the one-sided upper bound that inverts the score test, in [0, 1].

    Raises:
        ValueError: If a number is outside its range (see `clopper_pearson`).
    """
    return 1 - wilson_lower(trials - hits, trials, confidence=confidence)


def positives_to_prove(bar: float, *, confidence: float = 0.95) -> int:
    """Returns the fewest trials whose lower bound reaches `bar` when every one is a hit.

    From the closed form of the zero-miss bound, (1 - confidence) ** (1 / n) >= bar:
    0.80 needs 14, 0.90 needs 29, 0.95 needs 59.

    Args:
        bar: What is to be proven, in (0, 1).
        confidence: One-sided, in (0, 1).

    Raises:
        ValueError: If a number is outside its range.
    """
    if not 0 < bar < 1:
        raise ValueError(f"bar must be in (0, 1), got {bar!r}.")
    _check(0, 0, confidence)
    return int(np.ceil(np.log1p(-confidence) / np.log(bar) - 1e-9))


def least_factor(now: Share, before: Share, *, confidence: float = 0.95) -> float:
    """Returns the least factor, >= 1, between two probabilities that their samples allow.

    Both lie in their exact intervals (`clopper_pearson`), so the factor is that between the near
    ends; 1 where the intervals overlap. A probability that is 0 in one sample has a positive
    upper end, so the factor is always finite.

    Args:
        now: A sample of the one probability.
        before: A sample of the other.
        confidence: That both are in their intervals, in (0, 1): each gets half of the rest.

    Raises:
        ValueError: If a number is outside its range (see `clopper_pearson`).
    """
    each = (1 + confidence) / 2
    a = clopper_pearson(now.hits, now.trials, confidence=each)
    b = clopper_pearson(before.hits, before.trials, confidence=each)
    return max(a.low / b.high, b.low / a.high, 1.0)


def _lower(hits: float, trials: float, tail: float) -> float:
    return float(betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0


def _check(hits: float, trials: float, confidence: float) -> None:
    if not 0 <= hits <= trials:
        raise ValueError(f"hits must be in [0, trials], got {hits!r} of {trials!r}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence!r}.")
