"""CSV to Arrow record batches, typed by the schema, and from there to serialized tf.Examples."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.draws import Keys
from tfx_rebalance.errors import DataError

BLOCK_BYTES = 8 << 20

GZIP_MAGIC = b"\x1f\x8b"

_COLUMN = re.compile(r"CSV column #(\d+)")

_TYPES: Mapping[int, pa.DataType] = {
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float64(),
    schema_pb2.BYTES: pa.string(),
}


def read_batches(
    source: str | bytes, *, name: str, schema: schema_pb2.Schema, label: str | None
) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a CSV file with a header; an empty cell is a null.

    A column takes the type the schema gives it; one that the schema does not have is read as
    text, for ExampleValidator to report. The label is read as text: its values are names.

    Args:
        source: The path of a plain or gzip file on this machine, or its content. Arrow reads
            it by itself: with a Python file object it may hang when a row is wrong.
        name: The file's name, for messages.
        schema: Types by column.
        label: The label's column; None for rows that are to be scored.

    Raises:
        DataError: If the file is empty, the header repeats a column or lacks the label, or a
            row does not have the header's cells or a cell its column's type.
    """
    columns = _header(source, name=name, label=label)
    types = {f.name: _TYPES.get(f.type, pa.string()) for f in schema.feature}
    types = {column: types.get(column, pa.string()) for column in columns}
    if label is not None:
        types[label] = pa.string()
    rows = 0
    try:
        for batch in _arrow_reader(source, columns, types):
            rows += batch.num_rows
            yield batch
    except (pa.ArrowInvalid, OSError) as error:
        what = _COLUMN.sub(lambda found: f"column {columns[int(found[1])]!r}", str(error))
        raise DataError(
            f"{name!r} cannot be read as the schema says: {what}. Correct the file (a cell per "
            "column of the header, commas between, UTF-8) or the column's type in the schema."
        ) from None
    if not rows:
        raise DataError(f"{name!r} has a header but no row. Give a file with rows.")


def _arrow_reader(
    source: str | bytes, columns: Sequence[str], types: Mapping[str, pa.DataType]
) -> pa.csv.CSVStreamingReader:
    stream = pa.BufferReader(source) if isinstance(source, bytes) else pa.OSFile(source)
    if stream.read(2) == GZIP_MAGIC:
        stream.seek(0)
        stream = pa.CompressedInputStream(stream, "gzip")
    else:
        stream.seek(0)
    return pa.csv.open_csv(
        stream,
        # Without threads the messages have the row's number.
        read_options=pa.csv.ReadOptions(
            column_names=columns, skip_rows=1, block_size=BLOCK_BYTES, use_threads=False
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True
        ),
    )


def content_hashes(batch: pa.RecordBatch) -> Keys:
    """Returns a hash of each row's cells, column names included, (rows,), uint64."""
    cells: dict[str, pd.Series] = {}
    for name in sorted(batch.schema.names):
        cells |= _cells(batch.column(name), name)
    frame = pd.DataFrame(cells)
    hashes: Keys = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return hashes


def as_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the batch with a list of one value per cell and null where it is missing.

    The form tfx-bsl's encoder takes: floats as float32 and text as bytes, as tf.Example has them.
    """
    arrays = [_as_list(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _as_list(column: pa.Array) -> pa.ListArray:
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float32())
    elif pa.types.is_string(column.type):
        column = column.cast(pa.binary())
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    ends = np.cumsum(valid, dtype=np.int32)
    starts = pa.array(np.r_[np.int32(0), ends], mask=np.r_[~valid, False])
    return pa.ListArray.from_arrays(starts, column.drop_null())


def _cells(column: pa.Array, name: str) -> dict[str, pd.Series]:
    """Returns what is hashed of a column: of a dtype that does not depend on the batch's nulls."""
    if pa.types.is_string(column.type):
        return {name: column.dictionary_encode().to_pandas()}
    if pa.types.is_integer(column.type):
        values, present = column.fill_null(0).to_pandas(), column.is_valid().to_pandas()
        return {name: values, f"{name} is there": present}
    return {name: column.to_pandas()}


def header_columns(source: str | bytes, *, name: str) -> list[str]:
    """Returns the cells of a CSV file's first line.

    Args:
        source: The path of a plain or gzip file on this machine, or its content.
        name: The file's name, for messages.

    Raises:
        DataError: If the file is empty, or its first line is no CSV.
        OSError: If the file cannot be read.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            line = stream.readline().decode("utf-8-sig").rstrip("\r\n")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name!r} is not UTF-8 text, plain or gzip: {error}.") from None
    if not line.strip():
        raise DataError(f"{name!r} is empty. Give a CSV file with a header and rows.")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise DataError(f"{name!r}: the header is no CSV: {error}. Correct it.") from None


def _header(source: str | bytes, *, name: str, label: str | None) -> list[str]:
    columns = header_columns(source, name=name)
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise DataError(
            f"{name!r}: the header has {', '.join(repeated)} more than once. Rename one."
        )
    if label is not None and label not in columns:
        raise DataError(
            f"{name!r}: the header has no column {label!r} (data.label); it has "
            f"{', '.join(columns)}. Correct data.label or the file."
        )
    return columns
