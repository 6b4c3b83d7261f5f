"""TFDV's statistics as plain counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import statistics_pb2 as pb

from tfx_rebalance.components.imbalance_validator.histograms import Curve, curve_of
from tfx_rebalance.errors import DataError

ALL_ROWS = "All Examples"
"""What TFDV calls the slice of all rows, where there are others."""


@dataclass(frozen=True)
class Column:
    """One feature of one data set: `values` or `curve`, or neither for what is not compared."""

    missing: float
    """Rows without a value, NaN included."""
    empty: bool = False
    """Whether no row has a value."""
    values: Mapping[str, int] | None = None
    """Value -> rows, for text and categories: TFDV keeps the 1000 most frequent."""
    others: float = 0
    """Values that TFDV did not keep."""
    unique: int = 0
    """How many different values there are, kept or not."""
    curve: Curve | None = None
    """For numbers that are measured."""
    zeros: int = 0


@dataclass(frozen=True)
class Table:
    """The columns of one split, or of the rows of one class in it."""

    rows: int
    columns: Mapping[str, Column]

    def column(self, name: str) -> Column:
        """Returns a column; one that is not there is missing in all rows."""
        return self.columns.get(name, Column(missing=self.rows, empty=True))


@dataclass(frozen=True)
class Split:
    """A split's statistics, and those of its classes where they are sliced."""

    table: Table
    classes: Mapping[str, Table]


def split_of(statistics: pb.DatasetFeatureStatisticsList, *, label: str) -> Split:
    """Returns a split's statistics.

    Raises:
        DataError: If there is no data set of all rows.
    """
    by_name = {dataset.name: dataset for dataset in statistics.datasets}
    whole = by_name.get(ALL_ROWS)
    if whole is None and len(by_name) == 1:
        [whole] = by_name.values()
    if whole is None:
        raise DataError(
            f"the statistics have no slice {ALL_ROWS!r}, only {', '.join(by_name) or 'none'}. Let "
            "StatisticsGen describe all rows; do not switch off its default slice."
        )
    start = f"{label}_"
    return Split(
        table=table_of(whole),
        classes={
            name[len(start) :]: table_of(dataset)
            for name, dataset in by_name.items()
            if name.startswith(start)
        },
    )


def table_of(dataset: pb.DatasetFeatureStatistics) -> Table:
    """Returns the columns of a data set."""
    rows = int(dataset.num_examples)
    columns = {_name(feature): _column(feature, rows) for feature in dataset.features}
    return Table(rows=rows, columns=columns)


def label_counts(table: Table, label: str, classes: Sequence[str]) -> dict[str, int] | None:
    """Returns the rows of each class, then those of labels outside them; None if not exact.

    Text and categories are counted value by value. Of a whole-number label only zeros are, which
    is enough for the classes 0 and 1.
    """
    column = table.column(label)
    if column.values is not None:
        others = {v: n for v, n in column.values.items() if v not in classes}
        return {v: column.values.get(v, 0) for v in classes} | others
    curve = column.curve
    if curve and set(classes) == {"0", "1"} and curve.binary:
        counts = {"0": column.zeros, "1": round(curve.total) - column.zeros}
        return {v: counts[v] for v in classes}
    return None


def _name(feature: pb.FeatureNameStatistics) -> str:
    return feature.name or ".".join(feature.path.step)


def _column(feature: pb.FeatureNameStatistics, rows: int) -> Column:
    kind = feature.WhichOneof("stats")
    if kind == "string_stats":
        text = feature.string_stats
        buckets = text.rank_histogram.buckets
        values = {bucket.label: round(bucket.sample_count) for bucket in buckets}
        return Column(
            missing=max(0, rows - text.common_stats.num_non_missing),
            empty=not values,
            values=values,
            others=max(0, text.common_stats.tot_num_values - sum(values.values())),
            unique=int(text.unique),
        )
    if kind == "num_stats":
        numbers = feature.num_stats
        curve = curve_of(numbers)
        known = min(numbers.common_stats.num_non_missing, curve.total if curve else 0)
        return Column(
            missing=max(0, rows - known), empty=curve is None, curve=curve, zeros=numbers.num_zeros
        )
    return Column(missing=0)
