"""TFRecord files of tf.Examples to typed rows, by tfx-bsl's C++ decoder."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import tensorflow as tf
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from tfx_rebalance.components.example_gen.columns import conform
from tfx_rebalance.components.example_gen.sources.settings import TFRecordSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted
from tfx_rebalance.errors import CorruptArtifactError, DataError
from tfx_rebalance.records import read_records, reason


class TFRecordReader:
    """Reads TFRecord files: plain, gzip or zlib.

    Features that the schema does not have are columns only of batches in which a record has them.
    """

    def __init__(self, settings: TFRecordSource) -> None:
        self._settings = settings

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns the files."""
        return [Piece(path) for path in paths]

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the records of the files; a feature that a record lacks is null.

        Raises:
            DataError: If a file is damaged, no record has the label, or more records are wrong
                than allowed.
        """
        for piece in pieces:
            first, rows, has_label = 1, 0, not wanted.label_required
            for records in _records(piece.path):
                for start, batch in _decoded(list(records), piece.path, first, bad):
                    rows += batch.num_rows
                    has_label = has_label or wanted.label in batch.schema.names
                    whole = _with_nulls(batch, wanted)
                    yield conform(whole, wanted, name=piece.path, bad=bad, first_row=start)
                first += len(records)
            if rows and not has_label:
                raise DataError(
                    f"{piece.path!r}: no record has the feature {wanted.label!r} (data.label). "
                    "Correct data.label or the file."
                )


def _records(path: str) -> Iterator[Any]:
    try:
        yield from read_records(path)
    except tf.errors.OpError as error:
        raise DataError(
            f"the TFRecord file {path!r} cannot be read: {reason(error)}. Correct data.source or "
            "the right to read."
        ) from None
    except CorruptArtifactError as error:
        why = str(error).partition(" is damaged: ")[2].partition(". Run again")[0]
        raise DataError(
            f"the TFRecord file {path!r} is damaged: {why or error}. Write it anew, or leave "
            "it out."
        ) from None


def _decoded(
    records: list[bytes], name: str, first: int, bad: BadRows
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yields (number of the first record, batch): one, or parts where records do not agree.

    A record that is no tf.Example goes to `bad`. Halves are tried one by one, so a feature may
    also be of integers in one record and of floats in another.
    """
    decoder = ExamplesToRecordBatchDecoder()
    parts = [(0, len(records))]
    while parts:
        start, end = parts.pop()
        try:
            batch = decoder.DecodeBatch(records[start:end])
        except (RuntimeError, ValueError) as error:
            if end - start == 1:
                why = str(error).splitlines()[0]
                bad.add(f"{name!r}, record {first + start} is no tf.Example: {why}")
            else:
                middle = (start + end) // 2
                parts += [(middle, end), (start, middle)]
        else:
            yield first + start, batch


def _with_nulls(batch: pa.RecordBatch, wanted: Wanted) -> pa.RecordBatch:
    """Returns the batch with every wanted column: which there are must not hang on neighbours."""
    missing = [name for name in wanted.types if name not in batch.schema.names]
    arrays = [pa.nulls(batch.num_rows, wanted.types[name]) for name in missing]
    return pa.RecordBatch.from_arrays(
        [*batch.columns, *arrays], names=[*batch.schema.names, *missing]
    )
