"""The first pass: what each row is, without the row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import pyarrow as pa

from tfx_rebalance.components.example_gen.dealing import Tally
from tfx_rebalance.components.example_gen.labels import Counts, counts_of
from tfx_rebalance.components.example_gen.parts import Part
from tfx_rebalance.components.example_gen.settings import SERVING
from tfx_rebalance.components.example_gen.sources.source import BadRows
from tfx_rebalance.components.example_gen.splitting.assign import KeyedPart
from tfx_rebalance.components.example_gen.splitting.keyfile import KEY, RowKeys, write_keys
from tfx_rebalance.components.example_gen.times import times_of
from tfx_rebalance.components.example_gen.transforms.job import Job, Rows
from tfx_rebalance.content import content_hashes
from tfx_rebalance.errors import DataError


@dataclass(frozen=True)
class Keyed:
    """A part that has been read once."""

    part: Part
    tally: Tally


@beam.typehints.with_input_types(Part)
@beam.typehints.with_output_types(Keyed)
class Key(beam.PTransform):
    """Reads every part: a key, a class and, where asked for, a group and a time per row."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def expand(self, parts: beam.PCollection) -> beam.PCollection:
        # Without Spread all parts would be read by the worker that listed them.
        return parts | "Spread" >> beam.Reshuffle() | "Read" >> beam.Map(self._keyed)

    def _keyed(self, part: Part) -> Keyed:
        job, bad, labels = self._job, BadRows(self._job.settings.max_bad_rows), Counts()
        rows = 0
        keys = [np.empty(0, dtype=KEY)]
        for some in job.rows(part, bad):
            of_batch, counts = self._keys(some, first_row=rows)
            labels += counts
            rows += some.batch.num_rows
            keys.append(of_batch)
        every = np.concatenate(keys)
        by = "content" if job.settings.splits.group_by is None else "group"
        path = job.scratch_file("keys", part.number)
        split = SERVING if job.labels.is_serving else part.split
        keyed = KeyedPart(write_keys(path, every, by=by), rows, split)
        newest = int(every["time"].max()) if len(every) else None
        return Keyed(part, Tally(keyed, part.span, labels, bad, newest))

    def _keys(self, rows: Rows, *, first_row: int) -> tuple[RowKeys, Counts]:
        job, settings, batch = self._job, self._job.settings, rows.batch
        keys = np.zeros(batch.num_rows, dtype=KEY)
        keys["content"] = content_hashes(_of_schema(batch, job.wanted.types))
        keys["row"] = np.arange(first_row, first_row + batch.num_rows)
        keys["label"] = job.labels.indices(batch)
        if settings.splits.group_by is not None:
            keys["group"] = content_hashes(_group(rows, settings.splits.group_by))
        if settings.time_column is not None:
            name = settings.time_column
            column = _column(rows, name, key="data.time_column")
            keys["time"] = times_of(column, name=name, where=rows.where, first_row=rows.first)
        if job.labels.is_serving:
            keys["label"] = np.maximum(keys["label"], 0)
        return keys, counts_of(job.labels.values(batch))


def _of_schema(batch: pa.RecordBatch, types: Mapping[str, pa.DataType]) -> pa.RecordBatch:
    """Returns the schema's columns: others may be in one file and not in the next."""
    names = batch.schema.names
    arrays = [
        batch.column(names.index(name)) if name in names else pa.nulls(batch.num_rows, kind)
        for name, kind in types.items()
    ]
    return pa.RecordBatch.from_arrays(arrays, names=list(types))


def _group(rows: Rows, name: str) -> pa.RecordBatch:
    column = _column(rows, name, key="data.splits.group_by")
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(
            f"{rows.where}: {column.null_count} cells of data.splits.group_by {name!r} are empty, "
            f"the first in data row {rows.first + row}. Fill them in: a row without a group may "
            "stray into another split."
        )
    return pa.RecordBatch.from_arrays([column], names=[name])


def _column(rows: Rows, name: str, *, key: str) -> pa.Array:
    names = rows.batch.schema.names
    if name not in names:
        raise DataError(
            f"{rows.where} has no column {name!r} ({key}); it has {', '.join(names)}. "
            f"Correct {key} or the file."
        )
    return rows.batch.column(names.index(name))


def by_number(keyed: Iterable[Keyed]) -> list[Keyed]:
    """Returns parts in their order: Beam gives them in any."""
    return sorted(keyed, key=lambda found: found.part.number)
