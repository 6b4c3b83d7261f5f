"""Parquet files to typed rows, a row group at a time."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby

import pyarrow as pa
import pyarrow.parquet as pq

from tfx_rebalance.components.example_gen.columns import conform
from tfx_rebalance.components.example_gen.sources.settings import AnySource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted
from tfx_rebalance.errors import DataError
from tfx_rebalance.files import local_copy

BATCH_BYTES = 8 << 20
BATCH_ROWS = 1 << 16

_TAIL = 8
"""The last bytes of a file: how long the metadata before them is, and the format's name."""


class ParquetReader:
    """Reads Parquet files; also those that other sources put their rows into."""

    def __init__(self, settings: AnySource) -> None:
        del settings  # It says where the files are, and the reader is told.

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns the row groups that have rows; of a file elsewhere only the end is read.

        Raises:
            DataError: If a file is damaged or no Parquet.
        """
        found = []
        for path in paths:
            try:
                metadata = _metadata(path)
                groups = range(metadata.num_row_groups)
                found += [Piece(path, g) for g in groups if metadata.row_group(g).num_rows]
            except (pa.ArrowException, OSError) as error:
                raise _damaged(path, error) from None
        return found

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows of the row groups.

        Raises:
            DataError: If a file is damaged, names a column twice or lacks the label.
        """
        for path, of_file in groupby(pieces, key=lambda piece: piece.path):
            with local_copy(path) as local:
                yield from _batches(local, list(of_file), wanted, bad)


def _batches(
    local: str, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
) -> Iterator[pa.RecordBatch]:
    name = pieces[0].path
    try:
        file = pq.ParquetFile(local)
        check_names(file.schema_arrow.names, name=name, wanted=wanted)
        for piece in pieces:
            groups = range(file.num_row_groups) if piece.row_group is None else [piece.row_group]
            for group in groups:
                first = 1 + sum(file.metadata.row_group(g).num_rows for g in range(group))
                rows = _batch_rows(file.metadata.row_group(group))
                for batch in file.iter_batches(batch_size=rows, row_groups=[group]):
                    yield conform(batch, wanted, name=name, bad=bad, first_row=first)
                    first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None


def write_table(table: pa.Table, path: str, *, rows_per_group: int | None = None) -> None:
    """Writes a Parquet file, which may be elsewhere (gs://); the folder is made if need be."""
    if "://" not in path:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pq.write_table(table, path, row_group_size=rows_per_group)
        return
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    tf.io.gfile.makedirs(os.path.dirname(path))
    with tempfile.TemporaryDirectory() as here:
        local = os.path.join(here, os.path.basename(path))
        pq.write_table(table, local, row_group_size=rows_per_group)
        tf.io.gfile.copy(local, path, overwrite=True)


def check_names(columns: Sequence[str], *, name: str, wanted: Wanted) -> None:
    """Refuses a table that names a column twice or lacks the label.

    Raises:
        DataError: With the columns.
    """
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise DataError(f"{name!r} has {', '.join(repeated)} more than once. Rename one.")
    if wanted.label_required and wanted.label not in columns:
        raise DataError(
            f"{name!r} has no column {wanted.label!r} (data.label); it has {', '.join(columns)}. "
            "Correct data.label or the file."
        )


def _batch_rows(group: pq.RowGroupMetaData) -> int:
    """Returns how many rows are about `BATCH_BYTES`."""
    share = BATCH_BYTES * group.num_rows // max(1, group.total_byte_size)
    return int(min(BATCH_ROWS, max(1, share)))


def _metadata(path: str) -> pq.FileMetaData:
    if "://" not in path:
        return pq.read_metadata(path)
    import tensorflow as tf  # Costs seconds, so only where it is needed.

    with tf.io.gfile.GFile(path, "rb") as file:
        size = file.size()
        file.seek(max(0, size - _TAIL))
        length = int.from_bytes(file.read(_TAIL)[:4], "little") + _TAIL
        file.seek(max(0, size - length))
        return pq.read_metadata(pa.BufferReader(file.read(length)))


def _damaged(name: str, error: Exception) -> DataError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"{name!r} cannot be read as Parquet: {reason}. Write the file anew, or correct "
        "data.source."
    )
