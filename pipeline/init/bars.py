"""Which classes a config can have, and the recall bars that a good model proves on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from tfx_rebalance.components.evaluator.gating.champion_power import DISCORDANT, champion_powers
from tfx_rebalance.components.evaluator.gating.power import hits_to_pass, released
from tfx_rebalance.components.evaluator.gating.shares import Rule
from tfx_rebalance.components.evaluator.settings import DEFAULT, ChampionSettings
from tfx_rebalance.components.example_gen.settings import SPLITS, SplitSettings
from tfx_rebalance.components.example_gen.splitting.shares import Shares, split_sizes
from tfx_rebalance.errors import DataError

GOOD = 0.85
"""The true recall of a model that the bars are made for."""
OFTEN = 0.9
"""The chance with which the gate is to let it through."""
BARS = (0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4)
"""What is proposed; a class that proves not even the last gets no bar."""

POOL = "other"


@dataclass(frozen=True)
class ProposedClass:
    """One class of the proposed config."""

    name: str
    values: tuple[str, ...]
    """The label values that make it up; more than one where rare ones were pooled."""
    rows: int
    eval_rows: int
    bar: float | None
    """The proposed recall bar; None: a good model proves nothing useful on the eval rows."""


def propose(classes: Mapping[str, int]) -> list[ProposedClass]:
    """Returns the classes of the proposed config with their bars, in the order of `classes`.

    A label value with fewer rows than there are splits cannot be in each of them. Such values
    are pooled into one class `other`, together with the next rarest value while the pool itself
    is too small and that value could not prove a bar anyway. The pool comes last.

    Args:
        classes: Label value -> rows.

    Raises:
        DataError: If a value is too rare and there is nothing to pool it with.
    """
    pool = _pool(classes)
    proposed = [
        _proposed(_free_name(v, classes), (v,), rows)
        for v, rows in classes.items()
        if v not in pool
    ]
    if pool:
        name = next(n for n in _names(POOL) if n not in classes)
        proposed.append(_proposed(name, tuple(pool), sum(classes[v] for v in pool)))
    return proposed


def provable_bar(eval_rows: int) -> float | None:
    """Returns the highest of `BARS` that the gate lets a model of recall GOOD through OFTEN at.

    >>> provable_bar(1000), provable_bar(52), provable_bar(11), provable_bar(10)
    (0.8, 0.65, 0.4, None)
    """
    return next((bar for bar in BARS if chance_to_pass(eval_rows, bar) >= OFTEN), None)


def chance_to_pass(eval_rows: int, bar: float) -> float:
    """Returns how often the gate lets a model of recall GOOD through at a bar, in [0, 1]."""
    return released(GOOD, eval_rows, Rule(bar), insufficient="fail")


def hits_for(eval_rows: int, bar: float) -> int:
    """Returns the fewest hits among the rows that prove a bar."""
    return int(hits_to_pass(eval_rows, Rule(bar)))


def more_rows(eval_rows: int) -> int:
    """Returns the next number of rows for which there is a bar."""
    return next(n for n in count(eval_rows + 1) if provable_bar(n) is not None)


def chance_of_retrain(eval_rows: int, settings: ChampionSettings) -> float:
    """Returns how often a retrain as good as the champion is let through, in [0, 1].

    Supposed is that they differ on a tenth of the rows.
    """
    [power] = champion_powers(settings, {"": eval_rows})
    return dict(power.released)[DISCORDANT[0]]


def rows_to_prove(eval_rows: int) -> int:
    """Returns how many rows a class needs so that `eval_rows` of them come to the eval split."""
    rows = eval_rows
    while _eval_rows(rows) < eval_rows:
        rows += 1
    return rows


def _pool(classes: Mapping[str, int]) -> list[str]:
    rarest = sorted(classes, key=lambda value: classes[value])
    pool = [value for value in rarest if classes[value] < len(SPLITS)]
    if not pool:
        return []
    for value in rarest[len(pool) :]:
        enough = sum(classes[v] for v in pool) >= len(SPLITS)
        if enough or provable_bar(_eval_rows(classes[value])) is not None:
            break
        pool.append(value)
    if sum(classes[v] for v in pool) < len(SPLITS) or len(pool) == len(classes):
        rare = ", ".join(f"{v!r} ({classes[v]} rows)" for v in pool if classes[v] < len(SPLITS))
        raise DataError(
            f"the label has too few rows of {rare}: each class needs {len(SPLITS)}, one for each "
            f"of the splits {', '.join(SPLITS)}, and there are no other rare classes to pool "
            "them with. Bring more rows of them, or take their rows out of the file."
        )
    return pool


def _proposed(name: str, values: tuple[str, ...], rows: int) -> ProposedClass:
    eval_rows = _eval_rows(rows)
    bar = provable_bar(eval_rows)
    return ProposedClass(name=name, values=values, rows=rows, eval_rows=eval_rows, bar=bar)


def _eval_rows(rows: int) -> int:
    shares = SplitSettings()
    return split_sizes(rows, Shares(SPLITS, shares.shares))["eval"]


def _free_name(value: str, classes: Mapping[str, int]) -> str:
    """Returns the value itself, unless it is the word that `min_recall` needs for itself."""
    if value != DEFAULT:
        return value
    return next(n for n in _names(f"{DEFAULT}_") if n not in classes)


def _names(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}_{i}" for i in count(2))
