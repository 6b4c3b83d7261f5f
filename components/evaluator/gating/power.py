"""What the gate can tell before there is a model: how often good and bad ones pass, exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc, ndtri
from scipy.stats import binom

from tfx_rebalance.components.evaluator.gating.shares import Rule
from tfx_rebalance.components.evaluator.settings import (
    GateSettings,
    Policy,
    bar_of,
)

SHIFTS = (-0.10, -0.05, 0.0, 0.05, 0.10)
"""What the true recall is supposed to be away from the bar."""
WANTED = ((0.05, 0.80), (0.05, 0.95), (0.10, 0.80), (0.10, 0.95))
"""(recall above the bar, chance to pass) for which the fewest rows are sought."""
MOST_ROWS = 200_000
"""More rows than that are not sought among."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Chance:
    """How often a model is let through whose recall is so in truth."""

    recall: float
    released: float


@dataclass(frozen=True)
class Fewest:
    """The fewest rows of the class with which a model of such recall passes so often."""

    recall: float
    chance: float
    rows: int | None
    """None: no number up to `MOST_ROWS`."""


@dataclass(frozen=True)
class CellPower:
    """Recall of a class, overall or in a slice."""

    label: str
    where: Mapping[str, str]
    rows: int
    bar: float
    insufficient: Policy
    hits_to_pass: int | None
    """None: not even without a miss."""
    hits_to_fail: int | None
    """With so many or fewer it fails; None: not even without a hit."""
    chances: tuple[Chance, ...]
    fewest: tuple[Fewest, ...]


def hits_to_pass(rows: Any, rule: Rule) -> Ints:
    """Returns the fewest hits that pass, of the shape of `rows`; rows + 1 where none do."""
    rows = np.asarray(rows, np.int64)
    if rule.interval == "wilson":
        spread = np.sqrt(rows * rule.bar * (1 - rule.bar))
        least = np.ceil(rows * rule.bar + float(ndtri(rule.confidence)) * spread - 1e-9)
    else:
        least = binom.isf(1 - rule.confidence, rows, rule.bar) + 1
    if rule.bar == 1:
        least = rows + 1
    return np.where(rows < rule.fewest, rows + 1, np.minimum(least, rows + 1)).astype(np.int64)


def hits_to_fail(rows: Any, rule: Rule) -> Ints:
    """Returns the most hits that fail, of the shape of `rows`; -1 where none do."""
    rows = np.asarray(rows, np.int64)
    level = (1 - rule.confidence) / (rule.factor or 1)
    most = binom.ppf(level, rows, rule.bar) - 1
    if rule.interval == "wilson":
        spread = np.sqrt(rows * rule.bar * (1 - rule.bar))
        own = np.ceil(rows * rule.bar - float(ndtri(rule.confidence)) * spread - 1e-9) - 1
        most = own if rule.factor is None else np.minimum(own, most)
    if rule.bar == 1:
        most = rows - 1
    return np.where(rows < max(rule.fewest, 1), -1, np.maximum(most, -1)).astype(np.int64)


def released(recall: float, rows: int, rule: Rule, *, insufficient: Policy) -> float:
    """Returns the chance that a cell does not block a model of that true recall, in [0, 1]."""
    if insufficient == "fail":
        least = int(hits_to_pass(rows, rule))
    else:
        least = int(hits_to_fail(rows, rule)) + 1
    return float(_at_least(np.array(least), np.array(rows), recall))


def fewest_rows(recall: float, rule: Rule, *, chance: float) -> int | None:
    """Returns the fewest rows with which a model of that true recall passes so often.

    A row more can lower the chance a little, because hits are whole numbers: it is the first
    number of rows that does.

    Args:
        recall: In [0, 1].
        rule: What it is judged by.
        chance: To pass, in (0, 1).

    Returns:
        None if no number up to `MOST_ROWS` does.
    """
    first, size = max(rule.fewest, 1), 1024
    while recall > rule.bar and first <= MOST_ROWS:
        rows = np.arange(first, first + size)
        often = _at_least(hits_to_pass(rows, rule), rows, recall) >= chance
        if often.any():
            return int(rows[np.argmax(often)])
        first, size = first + size, size * 2
    return None


def cell_power(
    label: str,
    rows: int,
    rule: Rule,
    *,
    insufficient: Policy,
    where: Mapping[str, str] | None = None,
) -> CellPower:
    """Returns what so many rows of a class can tell, where a recall is judged by a rule."""
    least, most = int(hits_to_pass(rows, rule)), int(hits_to_fail(rows, rule))
    recalls = [float(np.clip(round(rule.bar + shift, 12), 0, 1)) for shift in SHIFTS]
    sought = [(min(1.0, round(rule.bar + shift, 12)), chance) for shift, chance in WANTED]
    return CellPower(
        label=label,
        where=dict(where or {}),
        rows=rows,
        bar=rule.bar,
        insufficient=insufficient,
        hits_to_pass=None if least > rows else least,
        hits_to_fail=None if most < 0 else most,
        chances=tuple(
            Chance(r, released(r, rows, rule, insufficient=insufficient)) for r in recalls
        ),
        fewest=tuple(Fewest(r, c, fewest_rows(r, rule, chance=c)) for r, c in sought),
    )


def class_powers(settings: GateSettings, rows: Mapping[str, int]) -> tuple[CellPower, ...]:
    """Returns a cell per class with a bar, in the order of `rows`: class -> its eval rows."""
    return tuple(
        cell_power(
            label,
            n,
            Rule(bar, confidence=settings.confidence, interval=settings.interval),
            insufficient=settings.policy(label),
        )
        for label, n in rows.items()
        if (bar := settings.bar(label)) is not None
    )


@dataclass(frozen=True)
class SliceRows:
    """Rows of each class where some features have some values."""

    index: int
    """Of the entry of `slices`."""
    where: Mapping[str, str]
    rows: Mapping[str, int]


def slice_powers(settings: GateSettings, slices: Sequence[SliceRows]) -> tuple[CellPower, ...]:
    """Returns a cell per slice and class with a bar there.

    Under `holm` a chance is that of Holm's first and hardest step: a cell can be let through no
    more often than that.
    """
    judged = [
        (part, label, n, bar)
        for part in slices
        for label, n in part.rows.items()
        if (bar := bar_of(settings.slices[part.index].min_recall, label)) is not None
    ]
    tests = sum(n >= settings.slices[p.index].min_positives for p, _, n, _ in judged)
    factor = max(tests, 1) if settings.correction == "holm" else None
    cells = []
    for part, label, n, bar in judged:
        own = settings.slices[part.index]
        rule = Rule(bar, settings.confidence, settings.interval, own.min_positives, factor)
        cells.append(cell_power(label, n, rule, insufficient=own.policy(label), where=part.where))
    return tuple(cells)


def _at_least(hits: Ints, rows: Ints, chance: float) -> Floats:
    """Returns the chance of at least so many hits of a binomial."""
    tail = bdtrc(np.maximum(hits - 1, 0).astype(float), np.maximum(rows, 1), chance)
    found: Floats = np.where(hits <= 0, 1.0, np.where(hits > rows, 0.0, tail))
    return found
