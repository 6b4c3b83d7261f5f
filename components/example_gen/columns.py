"""Columns as ExampleGen has them: of the schema's types, and in the encoder's form."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from tfx_rebalance.components.example_gen.images import faults_in
from tfx_rebalance.components.example_gen.sources.casts import (
    cast,
    kept_type,
    list_array,
    wrong_cells,
)
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.errors import DataError

SHOWN_CHARACTERS = 60
_IS_NO: Mapping[pa.DataType, str] = {
    pa.int64(): "is no integer",
    pa.float64(): "is no number",
    pa.string(): "is no UTF-8 text",
    pa.binary(): "is no bytes",
}


def conform(
    batch: pa.RecordBatch,
    wanted: Wanted,
    *,
    name: str,
    bad: BadRows,
    first_row: int = 1,
    skipped: Sequence[int] = (),
) -> pa.RecordBatch:
    """Returns the rows with columns of the wanted types; other columns as `kept_type` says.

    The label is text: integers and whole floats as their digits (1 and 1.0 are "1"), booleans as
    "true" and "false"; NaN is a missing label. A row with a cell that cannot be cast, or with an
    image that cannot be decoded, is left out and goes to `bad`.

    Args:
        batch: Rows in the order of the file.
        wanted: The types.
        name: The file's name, for messages.
        bad: Where rows are counted that are left out.
        first_row: The number of the batch's first row in the file, had no row been skipped.
        skipped: Numbers of rows that were left out before, ascending.

    Raises:
        DataError: If more rows are wrong than allowed, or no cell of a column can be cast.
    """
    arrays: dict[str, pa.Array] = {}
    wrong: dict[int, str] = {}
    for column_name, column in zip(batch.schema.names, batch.columns, strict=True):
        to = _target(column_name, column, wanted, name=name)
        try:
            arrays[column_name] = cast(column, to)
        except pa.ArrowInvalid as error:
            places = wrong_cells(column, to, most=bad.allowed - bad.count + 1)
            if not places:
                raise DataError(f"{name!r}: column {column_name!r}: {error}.") from None
            for place in places:
                what = f"column {column_name!r}: {_what(column[place], to)}"
                wrong.setdefault(place, what)
        except NotImplementedError:
            raise _impossible(column_name, column, to, name=name) from None
    wrong = {**_wrong_images(arrays, wanted), **wrong}
    if not wrong:
        return pa.RecordBatch.from_arrays(list(arrays.values()), names=batch.schema.names)
    for place, what in sorted(wrong.items()):
        bad.add(f"{name!r}, row {_number(first_row + place, skipped)}, {what}")
    good = np.ones(batch.num_rows, dtype=bool)
    good[list(wrong)] = False
    rest = replace(wanted, images=frozenset())  # They have been looked at.
    return conform(batch.filter(pa.array(good)), rest, name=name, bad=bad)


def _wrong_images(arrays: Mapping[str, pa.Array], wanted: Wanted) -> dict[int, str]:
    """Returns the rows with an image that cannot be decoded, and what is wrong with it."""
    return {
        place: f"column {name!r}: the value {fault}"
        for name in sorted(wanted.images & arrays.keys())
        for place, fault in faults_in(arrays[name]).items()
    }


def _target(column_name: str, column: pa.Array, wanted: Wanted, *, name: str) -> pa.DataType:
    if column_name == wanted.label:
        return pa.string()
    try:
        return wanted.types.get(column_name) or kept_type(column.type)
    except NotImplementedError:
        raise _impossible(column_name, column, None, name=name) from None


def _impossible(
    column_name: str, column: pa.Array, to: pa.DataType | None, *, name: str
) -> DataError:
    meant = f"; the schema wants {to}" if to else ""
    return DataError(
        f"{name!r}: column {column_name!r} holds {column.type}{meant}. Write it as numbers, text, "
        "bytes or lists of them, declare times as BYTES, or leave the column out."
    )


def _what(cell: pa.Scalar, to: pa.DataType) -> str:
    value = cell.as_py()
    shown = repr(value)
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            shown = repr(value.decode())
    if len(shown) > SHOWN_CHARACTERS:
        shown = f"{shown[:SHOWN_CHARACTERS]}..."
    if isinstance(value, list) and None in value:
        return f"{shown} has a missing value among several"
    if isinstance(value, list) and not types.is_list(to) and len(value) > 1:
        return f"{shown} has {len(value)} values where the schema has one"
    return f"{shown} {_IS_NO[to.value_type if types.is_list(to) else to]}"


def _number(row: int, skipped: Sequence[int]) -> int:
    """Returns a row's number in the file from its number among those that were not skipped."""
    for before in skipped:
        if before > row:
            break
        row += 1
    return row


def as_lists(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the batch with a list of values per cell and null where it is missing.

    The form tfx-bsl's encoder takes: floats as float32 and text as bytes, as tf.Example has them.
    """
    arrays = [_as_list(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _as_list(column: pa.Array) -> pa.ListArray:
    if types.is_list(column.type):
        values, lengths = column.flatten(), pc.list_value_length(column).fill_null(0)
    else:
        values, lengths = column.drop_null(), column.is_valid().cast(pa.int64())
    if types.is_floating(values.type):
        values = values.cast(pa.float32())
    elif types.is_string(values.type):
        values = values.cast(pa.binary())
    return list_array(values, lengths, column)
