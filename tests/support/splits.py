"""Splits in memory, made of arrays, of small grids and of the data sets beside the checkout."""

import csv
import gzip
import inspect
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.neighbours.space import Scale, no_scale, space_of
from tfx_rebalance.components.rebalance.records.layout import Layout
from tfx_rebalance.components.rebalance.records.rows import Rows
from tfx_rebalance.components.rebalance.strategy import Mask, Split, Verdict, Wanted
from tfx_rebalance.draws import shard_row_keys

NO_COLUMNS = Layout((), scaled=False)
"""Says of no column that it may be missing."""


def split_of(
    numeric: npt.ArrayLike,
    labels: npt.ArrayLike,
    nominal: npt.ArrayLike | None = None,
    *,
    scale: Scale | None = None,
) -> Split:
    """Returns the rows of one shard; numbers stay as they are unless there is a scale.

    Args:
        numeric: (n, d).
        labels: (n,), class indices.
        nominal: (n, c), category codes.
        scale: Instead of none.
    """
    numbers = np.asarray(numeric, dtype=np.float64)
    codes = np.empty((len(numbers), 0)) if nominal is None else np.asarray(nominal)
    rows = Rows(numbers, codes.astype(np.int64))
    scale = scale or no_scale(numbers.shape[1])
    return Split(
        rows=rows,
        labels=np.asarray(labels, dtype=np.int64),
        keys=shard_row_keys(0, len(numbers)),
        scale=scale,
        space=space_of(rows, NO_COLUMNS, scale=scale),
    )


def counts_of(split: Split) -> dict[int, int]:
    """Returns the rows of each class that has any."""
    classes, counts = np.unique(split.labels, return_counts=True)
    return dict(zip(classes.tolist(), counts.tolist(), strict=True))


def wanted_of(
    split: Split,
    *,
    chosen: Sequence[int] = (),
    targets: Mapping[int, int] | None = None,
    seed: int = 0,
) -> Wanted:
    """Returns what is asked; a class without a target is to stay as it is."""
    return Wanted(targets={**counts_of(split), **(targets or {})}, chosen=chosen, seed=seed)


def all_but_the_smallest(split: Split) -> list[int]:
    """Returns what `auto` stands for in undersampling; of equal classes the first is smallest."""
    counts = counts_of(split)
    return [label for label in counts if label != min(counts, key=lambda c: counts[c])]


# Awkward splits: what must have an outcome, whatever the strategy and its k.

_POINTS = np.arange(12.0).reshape(6, 2)
_CODES = np.array([[0], [1], [0], [1], [2], [2]])
AWKWARD: Mapping[str, Split] = {
    "no rows": split_of(np.empty((0, 2)), []),
    "one row": split_of(_POINTS[:1], [1]),
    "one class": split_of(_POINTS, [2] * 6),
    "a row of each class": split_of(_POINTS, np.arange(6)),
    "a class of one row": split_of(_POINTS, [0, 0, 1, 0, 0, 0]),
    "all rows equal": split_of(np.ones((6, 2)), [0, 0, 0, 1, 1, 3]),
    "mixed": split_of(_POINTS, [0, 0, 0, 0, 1, 1], _CODES),
    "mixed, one row": split_of(_POINTS[:1], [0], _CODES[:1]),
    "mixed, all rows equal": split_of(np.ones((6, 2)), [0, 0, 0, 1, 1, 3], np.ones((6, 1))),
    "mixed, a row of each class": split_of(_POINTS, np.arange(6), _CODES),
}


@st.composite
def grids(draw: st.DrawFn, *, smallest: int = 2) -> Split:
    """Returns 12 to 40 rows on a small grid, so with many ties, of two or three classes.

    One class is smaller than all others: which of two equal ones is the minority is for each
    library to choose.
    """
    classes = draw(st.integers(2, 3))
    few = draw(st.integers(smallest, 6))
    more = [draw(st.integers(max(few + 1, 12 - few), 17)) for _ in range(classes - 1)]
    labels = draw(st.permutations(np.repeat(range(classes), [few, *more]).tolist()))
    width, side = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    cells = st.lists(st.integers(0, side), min_size=width, max_size=width)
    rows = draw(st.lists(cells, min_size=len(labels), max_size=len(labels)))
    return split_of(rows, labels)


def mixed(rows: int, *, seed: int) -> Split:
    """Returns rows without ties, two of their five columns categories; classes 0 (few) to 2."""
    chance = np.random.default_rng(seed)
    labels = chance.choice(3, size=rows, p=[0.15, 0.25, 0.6])
    numeric = chance.normal(size=(rows, 3)) + 0.7 * labels[:, np.newaxis]
    return split_of(numeric, labels, chance.integers(0, 3, size=(rows, 2)))


def one_hot(split: Split) -> npt.NDArray[np.float64]:
    """Returns points, (n, d), with the distances of the split's space."""
    side = np.sqrt(split.space.mismatch / 2)
    columns = [split.space.numeric]
    for codes in split.space.nominal.T:
        columns.append(side * (codes[:, np.newaxis] == np.unique(codes)))
    return np.concatenate(columns, axis=1)


# imbalanced-learn, the oracle.


def kept_by(sampler: Any, split: Split, *, points: npt.ArrayLike | None = None) -> Mask:
    """Returns which rows an imbalanced-learn sampler keeps of a split, or of other points."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of the samples to be selected is larger")
        sampler.fit_resample(split.space.numeric if points is None else points, split.labels)
    kept = np.zeros(len(split.labels), dtype=np.bool_)
    kept[sampler.sample_indices_] = True
    return kept


def assert_kept(verdict: Verdict, expected: Mask, split: Split) -> None:
    """Asserts that the expected rows stay, and one, with a note, of a class that would end."""
    for label in counts_of(split):
        of_class = split.labels == label
        if expected[of_class].any():
            assert np.flatnonzero(verdict.kept & of_class).tolist() == (
                np.flatnonzero(expected & of_class).tolist()
            )
            assert label not in verdict.notes
        else:
            assert verdict.kept[of_class].sum() == 1
            assert "the one with the smallest draw stays" in verdict.notes[label][0]


def parameters_of(sampler: type) -> dict[str, Any]:
    """Returns an imbalanced-learn sampler's own parameters and defaults."""
    shared = {"sampling_strategy", "random_state", "n_jobs"}
    parameters = inspect.signature(sampler).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in shared}


# Real data.

_ADULT = ("age", "education_num", "capital_gain", "capital_loss", "hours_per_week")
_REAL: Mapping[str, dict[str, Any]] = {
    "mammography": {"label": "class"},
    "mammography, part": {"label": "class", "rows": 5_000},
    "adult": {"label": "income", "columns": _ADULT, "rows": 2_500},
    "covertype_100k": {"label": "label", "rows": 2_000},
}
REAL = (
    pytest.param("mammography", marks=pytest.mark.full),
    "mammography, part",
    "adult",
    "covertype_100k",
)
"""Names for `real_split`: thousands of equal rows; integers, many equal; 7 classes, 54 columns."""


def real_split(shared_data: Path, name: str) -> Split:
    """Returns a data set's numbers, not scaled."""
    folder = name.split(",")[0]
    return split_of(*read_numbers(shared_data / folder / f"{folder}.csv.gz", **_REAL[name]))


@lru_cache(maxsize=8)
def read_numbers(
    source: Path, *, label: str, columns: tuple[str, ...] = (), rows: int | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Returns the numbers, (n, d), and class indices, (n,), of a .csv.gz.

    Args:
        source: Has a header.
        label: The column with the label; its sorted values are the classes.
        columns: What is taken; all but the label when nothing is named.
        rows: How many, spread evenly over the file; all when not given.
    """
    with gzip.open(source, "rt", newline="") as file:
        header, *body = file.read().splitlines()
    names = next(csv.reader([header]))
    places = np.linspace(0, len(body) - 1, rows or len(body)).astype(int)
    cells = np.array(list(csv.reader([body[place] for place in places])))
    taken = [names.index(name) for name in columns or (n for n in names if n != label)]
    _, labels = np.unique(cells[:, names.index(label)], return_inverse=True)
    return cells[:, taken].astype(np.float64), labels.astype(np.int64)
