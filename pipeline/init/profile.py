"""What a CSV file holds, read as ExampleGen will read it: `tfx-rebalance init` starts from this."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.example_gen.sources.csv import read_file
from tfx_rebalance.components.example_gen.sources.csv_header import header_columns
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.draws import keyed_draws
from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.features import EXAMPLE_WEIGHT, MAX_INT_CLASSES, SCHEMA_TYPES
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.init.column_scan import ColumnScan, dtype_of
from tfx_rebalance.pipeline.init.columns import Column, Kind, judge
from tfx_rebalance.pipeline.init.leaks import (
    LEAK_BAR,
    SUSPECT_BAR,
    sample_shares,
    separation,
    value_codes,
)

MAX_CLASSES = MAX_INT_CLASSES
MAX_FLOAT_CLASSES = 20


@dataclass(frozen=True)
class Profile:
    """A CSV file: its classes and its columns."""

    label: str
    label_dtype: Literal["int", "string"]
    """int only if the values are consecutive integers, written the plain way."""
    classes: Mapping[str, int]
    """Label value as text -> rows: by number if all are integers, else the most frequent first."""
    unlabelled: int
    """Rows without a label."""
    columns: tuple[Column, ...]
    """Every column but the label, in the order of the file."""

    @property
    def rows(self) -> int:
        """The rows with a label."""
        return sum(self.classes.values())

    @property
    def ratio(self) -> float:
        """Rows of the largest class for each row of the smallest."""
        return max(self.classes.values()) / min(self.classes.values())

    @property
    def leaks(self) -> list[Column]:
        """The columns that alone tell the class, by the rule of `leaks`."""
        return [c for c in self.columns if (c.separation or 0) >= LEAK_BAR]

    @property
    def suspects(self) -> list[Column]:
        """The columns that alone nearly tell the class: perhaps leaks, perhaps just good."""
        return [c for c in self.columns if LEAK_BAR > (c.separation or 0) >= SUSPECT_BAR]

    def of_kind(self, kind: Kind) -> list[Column]:
        """Returns the columns of a kind."""
        return [column for column in self.columns if column.kind is kind]

    def excluded(self) -> dict[str, str]:
        """Returns the columns that should be no model input, each with the reason."""
        leaks = {column.name for column in self.leaks}
        reasons = {}
        for column in self.columns:
            if column.kind not in (Kind.NUMERIC, Kind.CATEGORY):
                reasons[column.name] = f"{column.kind.value}: {column.why}"
            elif column.name == EXAMPLE_WEIGHT:
                reasons[column.name] = "its name: it would be taken for the weight of its row"
            elif column.name in leaks:
                reasons[column.name] = (
                    f"leak: alone it tells the classes, balanced accuracy {column.separation:.3f} "
                    "on held-out rows"
                )
        return reasons


def profile_csv(path: Path, *, label: str) -> Profile:
    """Returns what a CSV file with a header holds, plain, gzip or zstd, judged on all its rows.

    The file is read twice: as text to tell each column's type, then with those types, which is
    what ExampleGen does, to look for leaks on at most about 100,000 rows.

    Args:
        path: The file.
        label: The column with the classes.

    Raises:
        ConfigError: If the file is not there or has no such column.
        DataError: If the file cannot be read, or the label cannot be a class.
    """
    _check_label(path, label)
    scans, counts = _scan(path, label)
    unlabelled = counts.pop(None, 0)
    values = {str(value): rows for value, rows in counts.items()}
    label_dtype = _check_classes(path, label, values)
    classes = _in_order(values)
    columns = tuple(judge(scan) for scan in scans)
    separations = _separations(path, label, classes, columns)
    return Profile(
        label=label,
        label_dtype=label_dtype,
        classes=classes,
        unlabelled=unlabelled,
        columns=tuple(replace(c, separation=separations.get(c.name)) for c in columns),
    )


def _check_label(path: Path, label: str) -> None:
    """Refuses a label the header does not have; `read_file` says what else is wrong."""
    try:
        columns = header_columns(str(path), name=str(path))
    except OSError as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read: {error.strerror}. Give a CSV file, plain, .gz or .zst."
        ) from None
    if label not in columns:
        commas = " Cells must have commas between them." if len(columns) == 1 else ""
        raise ConfigError(
            f"{str(path)!r} has no column {label!r} for the label{nearest(columns, label)}. "
            f"It has: {', '.join(columns)}.{commas}"
        )
    if "" in columns:
        raise DataError(
            f"{str(path)!r}: column {columns.index('') + 1} of the header has no name. Name it, or "
            "take it out (pandas writes its index so: `to_csv(index=False)`)."
        )


def _scan(path: Path, label: str) -> tuple[list[ColumnScan], Counter[str | None]]:
    scans: dict[str, ColumnScan] = {}
    counts: Counter[str | None] = Counter()
    for batch in _batches(path, label=label, schema=schema_pb2.Schema()):
        labels = batch.column(batch.schema.get_field_index(label))
        labelled = labels.is_valid()
        for entry in labels.value_counts():
            counts[entry["values"].as_py()] += entry["counts"].as_py()
        if len(counts) > MAX_CLASSES + 1:
            _refuse_values(path, label, [v for v in counts if v is not None])
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name != label:
                scans.setdefault(name, ColumnScan(name)).add(column, labelled)
    return list(scans.values()), counts


def _check_classes(path: Path, label: str, classes: Mapping[str, int]) -> Literal["int", "string"]:
    """Returns the label's type, once its values can be classes."""
    if len(classes) < 2:
        raise DataError(
            f"{str(path)!r}: the label {label!r} has {len(classes)} different values "
            f"({', '.join(map(repr, classes)) or 'every cell is empty'}); a classifier needs 2 or "
            "more. Name another column, or add rows of the other classes."
        )
    dtype = dtype_of(pa.array(list(classes)))
    if len(classes) > (MAX_FLOAT_CLASSES if dtype == "float" else MAX_CLASSES):
        _refuse_values(path, label, list(classes))
    if dtype != "int" or any(str(int(value)) != value for value in classes):
        return "string"
    numbers = [int(value) for value in classes]
    return "int" if max(numbers) - min(numbers) + 1 == len(numbers) else "string"


def _refuse_values(path: Path, label: str, values: list[str]) -> None:
    number = dtype_of(pa.array(values)) != "string"
    looks = "a regression target" if number else "an id or free text"
    raise DataError(
        f"{str(path)!r}: the label {label!r} has {len(values):,} or more different values such as "
        f"{', '.join(map(repr, values[:3]))}: it looks like {looks}, not like classes. Allowed are "
        f"{MAX_CLASSES:,} values, {MAX_FLOAT_CLASSES} if they are decimal numbers. Name another "
        "column, or write the classes into one."
    )


def _in_order(classes: Mapping[str, int]) -> dict[str, int]:
    if dtype_of(pa.array(list(classes))) == "int":
        return dict(sorted(classes.items(), key=lambda entry: (int(entry[0]), entry[0])))
    return dict(sorted(classes.items(), key=lambda entry: (-entry[1], entry[0])))


def _separations(
    path: Path, label: str, classes: Mapping[str, int], columns: tuple[Column, ...]
) -> dict[str, float | None]:
    judged = [c for c in columns if c.kind in (Kind.NUMERIC, Kind.CATEGORY)]
    schema = schema_pb2.Schema()
    for column in columns:
        schema.feature.add(name=column.name, type=SCHEMA_TYPES[column.dtype])
    table = pa.Table.from_batches(list(_sampled(path, label, classes, schema)))
    codes = pc.index_in(table[label], value_set=pa.array(list(classes))).to_numpy().astype(np.int64)
    return {
        c.name: separation(value_codes(table[c.name]), codes, ordered=c.kind is Kind.NUMERIC)
        for c in judged
    }


def _sampled(
    path: Path, label: str, classes: Mapping[str, int], schema: schema_pb2.Schema
) -> Iterator[pa.RecordBatch]:
    """Yields rows with a label, drawn by their place in the file: all of the rare classes."""
    shares = np.array([*sample_shares(classes).values(), 0.0])
    names = pa.array(list(sample_shares(classes)))
    start = 0
    for batch in _batches(path, label=label, schema=schema):
        labels = batch.column(batch.schema.get_field_index(label))
        index = pc.index_in(labels, value_set=names).fill_null(len(names)).to_numpy()
        keys = np.arange(start, start + batch.num_rows, dtype=np.uint64)
        start += batch.num_rows
        draws = keyed_draws(keys, seed=0, purpose="init sample") / 2.0**64
        taken = (draws <= shares[index]) & (index < len(names))
        yield batch.filter(pa.array(taken))


def _batches(path: Path, *, label: str, schema: schema_pb2.Schema) -> Iterator[pa.RecordBatch]:
    return read_file(str(path), wanted_of(schema, label=label))
