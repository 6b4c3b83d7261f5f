"""The real data of `strategies.py`: read, sampled, and split again and again."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedShuffleSplit

from tfx_rebalance.components.rebalance.neighbours.space import (
    moments_of,
    no_scale,
    space_of,
    standard_scale,
)
from tfx_rebalance.components.rebalance.records.layout import Layout
from tfx_rebalance.components.rebalance.records.rows import Codes, Floats, Rows
from tfx_rebalance.components.rebalance.strategy import Labels, Split
from tfx_rebalance.draws import shard_row_keys

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Beside the checkout; where each set is from is in the SOURCE.md of its folder."""
TEST_SHARE = 0.3


@dataclass(frozen=True)
class Source:
    """A .csv.gz and what its columns are; those not named are numbers."""

    folder: str
    label: str
    rows: int | None = None
    """Of a stratified sample; None: all."""
    nominal: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    one_hot: Mapping[str, int] = field(default_factory=dict)
    """Prefix of 0/1 columns -> how many there are; they become one category column."""
    distinct: bool = False
    """Whether of equal rows one is taken: a copy in the test part is no test."""
    skipped: tuple[str, ...] = ()
    """Variants that would take minutes."""
    only: tuple[str, ...] = ()
    """The variants that are measured; none named: all."""


SMALL = (
    "none",
    "class weights",
    "undersample",
    "undersample + upweight",
    "undersample 10:1",
    "undersample 10:1 + upweight",
)
"""Variants that make no set larger."""

SOURCES: Mapping[str, Source] = {
    "mammography": Source("mammography", "class", distinct=True),
    "adult": Source(
        "adult",
        "income",
        rows=15_000,
        nominal=(
            *("workclass", "education", "marital_status", "occupation"),
            *("relationship", "race", "sex", "native_country"),
        ),
        left_out=("fnlwgt",),
        skipped=("smote_tomek",),
    ),
    "cover_anomaly": Source("cover_anomaly", "label", rows=60_000),
    "covertype_100k": Source(
        "covertype_100k",
        "label",
        rows=15_000,
        one_hot={"wilderness_area_": 4, "soil_type_": 40},
        skipped=("borderline_smote", "smote_tomek", "smote_enn"),
    ),
    "cover_anomaly, all rows": Source("cover_anomaly", "label", only=SMALL),
}
SKEWED = ("mammography", "cover_anomaly")
"""Those with two classes, more than ten to one."""


@dataclass(frozen=True)
class Data:
    """A data set; a missing category is one of its own, no number is missing."""

    numeric: Floats
    """(n, d)"""
    nominal: Codes
    """(n, c): each column's codes are 0 .. v-1."""
    labels: Labels
    """(n,), class indices."""

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    @property
    def values(self) -> list[int]:
        """How many values each category column has."""
        return [int(codes.max()) + 1 for codes in self.nominal.T]

    def take(self, chosen: npt.NDArray[Any]) -> "Data":
        """Returns some of the rows, by index or mask."""
        return Data(self.numeric[chosen], self.nominal[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Parts:
    """What is trained on and what is tested on."""

    train: Split
    """Numbers standardised, as Transform hands them to Rebalance."""
    test: Rows
    """Scaled as `train` is."""
    test_labels: Labels


def read(source: Source, *, seed: int) -> Data:
    """Returns the data of a source, or the stratified sample of it that it asks for."""
    with gzip.open(SHARED / source.folder / f"{source.folder}.csv.gz", "rt", newline="") as file:
        header, *body = csv.reader(file)
    cells = np.array(body)
    if source.distinct:
        cells = np.unique(cells, axis=0)
    columns = dict(zip(header, cells.T, strict=True))
    for prefix, count in source.one_hot.items():
        ones = [columns.pop(f"{prefix}{place}") for place in range(1, count + 1)]
        columns[prefix] = np.stack(ones).argmax(axis=0).astype(str)
    nominal = (*source.nominal, *source.one_hot)
    numeric = [n for n in columns if n not in (source.label, *nominal, *source.left_out)]
    data = Data(
        numeric=np.stack([columns[name] for name in numeric], axis=1).astype(np.float64),
        nominal=_codes([columns[name] for name in nominal], rows=len(cells)),
        labels=np.unique(columns[source.label], return_inverse=True)[1].astype(np.int64),
    )
    return data.take(_sample(data.labels, source.rows, seed=seed))


def parts_of(data: Data, *, repeats: int, seed: int) -> Iterator[Parts]:
    """Yields the stratified splits of the data, each drawn anew."""
    splits = StratifiedShuffleSplit(repeats, test_size=TEST_SHARE, random_state=seed)
    for train, test in splits.split(data.numeric, data.labels):
        yield parted(data.take(np.sort(train)), data.take(np.sort(test)))


def parted(train: Data, test: Data) -> Parts:
    """Returns the parts as resampling and models take them; the scale is the training part's."""
    scale = standard_scale(moments_of(train.numeric))
    rows, tested = (
        Rows((part.numeric - scale.shift) / scale.spread, part.nominal) for part in (train, test)
    )
    return Parts(scaled_split(rows, train.labels), tested, test.labels)


def scaled_split(rows: Rows, labels: Labels) -> Split:
    """Returns rows that Transform has scaled as resampling takes them."""
    same = no_scale(rows.numeric.shape[1])
    # An empty layout says that no column may lack a value.
    space = space_of(rows, Layout((), scaled=True), scale=same)
    return Split(rows, labels, shard_row_keys(0, len(labels)), same, space)


def _codes(columns: Sequence[npt.NDArray[Any]], *, rows: int) -> Codes:
    codes = [np.unique(column, return_inverse=True)[1] for column in columns]
    return np.stack(codes, axis=1) if codes else np.empty((rows, 0), dtype=np.int64)


def _sample(labels: Labels, rows: int | None, *, seed: int) -> npt.NDArray[np.int64]:
    if rows is None or rows >= len(labels):
        return np.arange(len(labels))
    sampler = StratifiedShuffleSplit(1, train_size=rows, random_state=seed)
    chosen, _ = next(sampler.split(labels, labels))
    return np.sort(chosen)
