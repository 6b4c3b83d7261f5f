"""Whether the classes of the splits differ by more than chance."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import chi2_contingency, fisher_exact

from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.findings import Check, Verdict, not_measured
from tfx_rebalance.intervals import Share, least_factor

TRAIN = "train"
EXACT_BELOW = 5
"""Fewest rows to expect in a cell for a chi-square test (Cochran 1954)."""


def same_share(one: Share, other: Share) -> float:
    """Returns the p-value, two-sided, of a class having one share in two splits.

    Fisher's exact test where less than 5 rows are expected in a cell, else Pearson's chi-square
    without correction.
    """
    table = np.array([[s.hits, s.trials - s.hits] for s in (one, other)])
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if expected.min() < EXACT_BELOW:
        return float(fisher_exact(table)[1])
    return float(chi2_contingency(table, correction=False)[1])


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values adjusted for their number, each <= 1 (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(order), 0, -1)
    adjusted = np.minimum(1, np.maximum.accumulate(np.asarray(p_values)[order] * steps))
    return [float(p) for p in adjusted[np.argsort(order)]]


def split_skew(
    counts: Mapping[str, Mapping[str, int]], settings: ValidateSettings, *, dependence: str = ""
) -> list[Check]:
    """Returns a check per class and pair of train and another split.

    Args:
        counts: Split -> class -> rows.
        settings: Has the chance of a false warning, and how large a difference stops.
        dependence: Why rows of different splits are no independent draws, or "": then the test is
            too strict, and it only warns.
    """
    alpha = settings.split_skew
    others = [split for split in counts if split != TRAIN]
    why = "validate.split_skew is null" if alpha is None else "there is no other split than train"
    if alpha is None or TRAIN not in counts or not others:
        return [not_measured("split_skew", "classes", why=why)]
    pairs = [(label, other) for other in others for label in counts[TRAIN]]
    shares = [(_share(counts[TRAIN], label), _share(counts[o], label)) for label, o in pairs]
    adjusted = holm([same_share(*two) for two in shares])
    checks = []
    for (label, other), two, p in zip(pairs, shares, adjusted, strict=True):
        verdict: Verdict = "warn" if p < alpha else "ok"
        stop = settings.label_shift.stop
        confidence = 1 - settings.false_alarm / len(pairs)
        if verdict == "warn" and stop is not None and not dependence:
            far = least_factor(*two, confidence=confidence) > stop
            verdict = "stop" if far else "warn"
        checks.append(_check(label, other, two, p=p, verdict=verdict, why=dependence, alpha=alpha))
    return checks


def _share(counts: Mapping[str, int], label: str) -> Share:
    return Share(counts.get(label, 0), sum(counts.values()))


def _check(
    label: str,
    other: str,
    shares: tuple[Share, Share],
    *,
    p: float,
    verdict: Verdict,
    why: str,
    alpha: float,
) -> Check:
    told = [s.hits / s.trials if s.trials else 0.0 for s in shares]
    note = f" ({why}, so chance goes farther than the test thinks)" if why else ""
    topic = f"the classes of train and {other} differ by more than chance{note}"
    detail = f"{label!r} is {told[0]:.3g} of train, {told[1]:.3g} of {other}, p = {p:.2g}"
    return Check(
        name="split_skew",
        subject=f"{label}: {TRAIN}, {other}",
        value=p,
        bar=alpha,
        verdict=verdict,
        sentence=f"{topic}: {detail}" if verdict != "ok" else detail,
        remedy="Split again by chance, stratified, or set validate.split_skew: null."
        if verdict != "ok"
        else "",
        topic=topic if verdict != "ok" else "",
        split=other,
    )
