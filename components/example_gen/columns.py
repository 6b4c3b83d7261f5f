"""Columns as ExampleGen has them: of the schema's types, hashed by row, in the encoder's form."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array
from pyarrow import types

from tfx_rebalance.components.example_gen.images import faults_in
from tfx_rebalance.components.example_gen.sources.casts import (
    cast,
    kept_type,
    list_array,
    wrong_cells,
)
from tfx_rebalance.components.example_gen.sources.source import BadRows, Wanted
from tfx_rebalance.draws import Keys, mix
from tfx_rebalance.errors import DataError

SHOWN_CHARACTERS = 60
HASHED_TOGETHER = 1 << 14
"""Rows whose cells of a column fit into a processor's cache."""

_NONE = np.uint64(2**64 - 1)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

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


@dataclass(frozen=True)
class _Cells:
    """A number per row that stands for a cell: its bits or, if it is mixed, its hash."""

    values: Keys
    is_mixed: bool = False

    def hashes(self, rows: slice) -> Keys:
        values = self.values[rows]
        return values if self.is_mixed else _mixed(values)


def content_hashes(batch: pa.RecordBatch) -> Keys:
    """Returns a hash of each row's cells, in the order of the columns' names, (rows,), uint64.

    It depends on nothing but the row's cells: not on the rows beside it, nor on the columns' order.
    For scalars it is that of `pandas.util.hash_pandas_object`, with a column more for each of
    integers, which says where they are there.
    """
    cells: list[_Cells] = []
    for name in sorted(batch.schema.names):
        cells += _cells(batch.column(batch.schema.get_field_index(name)))
    result = np.full(batch.num_rows, 0x345678, dtype=np.uint64)
    for start in range(0, batch.num_rows, HASHED_TOGETHER):
        rows = slice(start, start + HASHED_TOGETHER)
        factor = 1000003
        for place, column in enumerate(cells):
            result[rows] ^= column.hashes(rows)
            result[rows] *= np.uint64(factor)
            factor += 82520 + 2 * (len(cells) - place)
    return result + np.uint64(97531)


def _cells(column: pa.Array) -> Iterator[_Cells]:
    if types.is_list(column.type):
        yield _Cells(_list_hashes(column), is_mixed=True)
    elif types.is_floating(column.type):
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        missing = np.isnan(values)  # Of which there are many in binary; they are one here.
        yield _Cells((np.where(missing, np.nan, values) if missing.any() else values).view("u8"))
    elif types.is_integer(column.type):
        yield _Cells(column.fill_null(0).cast(pa.int64()).to_numpy().view("u8"))
        yield _Cells(column.is_valid().to_numpy(zero_copy_only=False).astype("u8"))
    else:
        yield _Cells(_text_hashes(column), is_mixed=True)


def _text_hashes(column: pa.Array) -> Keys:
    """Returns a hash of each text or its bytes, which have the same, (rows,), uint64."""
    encoded = column.dictionary_encode()
    hashes = np.append(
        hash_array(encoded.dictionary.to_pandas().to_numpy(), categorize=False), _NONE
    )
    places = encoded.indices.fill_null(len(hashes) - 1).to_numpy()
    of_rows: Keys = hashes[places]
    return of_rows


def _list_hashes(column: pa.ListArray) -> Keys:
    """Returns a hash of each list's values and their places in it; of null if there is none."""
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths)
    values = content_hashes(pa.RecordBatch.from_arrays([column.flatten()], names=[""]))
    places = np.arange(len(values)) - np.repeat(ends - lengths, lengths)
    sums = np.cumsum(np.r_[np.uint64(0), mix(values + mix(places.astype(np.uint64)))])
    hashes = mix(sums[ends] - sums[ends - lengths] + mix(lengths.astype(np.uint64)))
    hashes[column.is_null().to_numpy(zero_copy_only=False)] = _NONE
    return hashes


def _mixed(values: Keys) -> Keys:
    """Returns pandas' hash of numbers: SplitMix64's finaliser."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values ^= values >> np.uint64(27)
    values *= _MIX_2
    values ^= values >> np.uint64(31)
    return values
