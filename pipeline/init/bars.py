"""Which classes a config can have, and the recall bars that their eval rows can prove."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from tfx_rebalance.components.evaluator.settings import DEFAULT
from tfx_rebalance.components.example_gen.settings import SPLITS, SplitSettings
from tfx_rebalance.components.example_gen.splitting.shares import Shares, split_sizes
from tfx_rebalance.errors import DataError
from tfx_rebalance.intervals import clopper_pearson_lower, positives_to_prove

STEP = 0.05
HIGHEST = 0.8
USEFUL = 0.5
"""A class that cannot prove this recall without a single miss gets no bar."""

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
    """The proposed recall bar; None: the eval rows prove nothing useful."""

    @property
    def hits(self) -> int:
        """A recall of about 0.9 on the eval rows."""
        return hits_assumed(self.eval_rows)

    @property
    def proven(self) -> float:
        """The recall that many hits prove: the one-sided 95 % Clopper-Pearson lower bound."""
        return clopper_pearson_lower(self.hits, self.eval_rows)


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
    """Returns the highest bar on a grid of STEP, at most HIGHEST, that a recall of 0.9 proves.

    >>> provable_bar(50), provable_bar(8), provable_bar(4)
    (0.8, 0.5, None)
    """
    if eval_rows < positives_to_prove(USEFUL):
        return None
    proven = clopper_pearson_lower(hits_assumed(eval_rows), eval_rows)
    return min(HIGHEST, round(int(proven / STEP + 1e-9) * STEP, 2))


def hits_assumed(eval_rows: int) -> int:
    """Returns how many hits make a recall of 0.9, rounded down."""
    return 9 * eval_rows // 10


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
