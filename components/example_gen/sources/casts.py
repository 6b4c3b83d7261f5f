"""Arrow columns of any type to the types that a tf.Example can hold."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

EXACT = 2**53
"""Whole floats below this are written as integers: 1.0 is "1"."""

Cast = Callable[[pa.Array], pa.Array]


def cast(column: pa.Array, to: pa.DataType) -> pa.Array:
    """Returns the column as int64, float64, string, binary or a list of one of them.

    - To text: whole numbers as their digits (1.0 is "1"), booleans as "true" and "false", times as
      ISO 8601 (with a zone: in UTC), NaN as missing.
    - To numbers: text is parsed, a boolean is 0 or 1, a float must be whole to be an integer.
    - A list of at most one value is that value, and a value is a list of one.

    Raises:
        pyarrow.ArrowInvalid: If a cell cannot be cast; others may.
        NotImplementedError: If no cell of such a type can.
    """
    column = _plain(column)
    if types.is_list(to):
        return _lists(column, to.value_type)
    if types.is_list(column.type):
        column = _plain(_only_values(column))
    return column if column.type == to else _CASTS[to](column)


def kept_type(source: pa.DataType) -> pa.DataType:
    """Returns what a column is kept as that the schema does not have.

    Raises:
        NotImplementedError: If a tf.Example cannot hold it.
    """
    if types.is_dictionary(source) or types.is_fixed_size_list(source) or _is_list(source):
        kept = kept_type(source.value_type)
        return kept if types.is_dictionary(source) else pa.list_(kept)
    if types.is_floating(source) or types.is_decimal(source):
        return pa.float64()
    if types.is_boolean(source) or (types.is_integer(source) and source != pa.uint64()):
        return pa.int64()
    if _is_binary(source):
        return pa.binary()
    if types.is_struct(source) or types.is_map(source) or types.is_duration(source):
        raise NotImplementedError(str(source))
    return pa.string()


def wrong_cells(column: pa.Array, to: pa.DataType, *, most: int) -> list[int]:
    """Returns the places of the first `most` cells that cannot be cast, by halving."""
    found: list[int] = []
    parts = [(0, len(column))]
    while parts and len(found) < most:
        start, end = parts.pop()
        try:
            cast(column.slice(start, end - start), to)
        except pa.ArrowInvalid:
            middle = (start + end) // 2
            if end - start == 1:
                found.append(start)
            else:
                parts += [(middle, end), (start, middle)]
    return found


def _is_list(source: pa.DataType) -> bool:
    return bool(types.is_list(source) or types.is_large_list(source))


def _is_binary(source: pa.DataType) -> bool:
    kinds = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    return not types.is_decimal(source) and any(kind(source) for kind in kinds)


def _plain(column: pa.Array) -> pa.Array:
    """Returns the same values without dictionary, and of one of the ways Arrow has for a type."""
    kind = column.type
    if types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if types.is_large_string(kind):
        return column.cast(pa.string())
    if _is_binary(kind) and kind != pa.binary():
        return column.cast(pa.binary())
    if types.is_large_list(kind):
        return list_array(column.flatten(), pc.list_value_length(column).fill_null(0), column)
    if types.is_fixed_size_list(kind):
        return pa.array(column.to_pylist(), pa.list_(kind.value_type))
    if types.is_float16(kind):
        halves = column.to_numpy(zero_copy_only=False).astype(np.float64)
        return pa.array(halves, mask=column.is_null().to_numpy(zero_copy_only=False))
    if types.is_struct(kind) or types.is_map(kind) or types.is_duration(kind):
        raise NotImplementedError(str(kind))
    return column


def _only_values(column: pa.ListArray) -> pa.Array:
    """Returns the one value of each list; missing where it is empty."""
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    if (lengths > 1).any():
        raise pa.ArrowInvalid("several values")
    places = pa.array(np.cumsum(lengths) - 1, mask=lengths == 0)
    return column.flatten().take(places)


def _lists(column: pa.Array, to: pa.DataType) -> pa.ListArray:
    if not types.is_list(column.type):
        values = cast(column, to)
        return list_array(values.drop_null(), pc.cast(values.is_valid(), pa.int64()), values)
    values = column.flatten()
    if values.null_count:
        raise pa.ArrowInvalid("a list has a missing value")
    values = cast(values, to)
    return list_array(values, pc.list_value_length(column).fill_null(0), column)


def list_array(values: pa.Array, lengths: pa.Array, valid: pa.Array) -> pa.ListArray:
    """Returns the values dealt out to lists of these lengths; null where `valid` is null."""
    ends = np.cumsum(lengths.to_numpy(zero_copy_only=False), dtype=np.int32)
    missing = valid.is_null().to_numpy(zero_copy_only=False)
    offsets = pa.array(np.r_[np.int32(0), ends], mask=np.r_[missing, False])
    return pa.ListArray.from_arrays(offsets, values)


def _to_integer(column: pa.Array) -> pa.Array:
    if types.is_temporal(column.type):
        raise NotImplementedError(str(column.type))
    if types.is_floating(column.type):
        column = _without_nan(column)
    return _parsed(column, pa.int64())


def _to_number(column: pa.Array) -> pa.Array:
    if types.is_temporal(column.type):
        raise NotImplementedError(str(column.type))
    if types.is_integer(column.type):
        return column.cast(pa.float64(), safe=False)  # Above 2**53 to the nearest float.
    return _parsed(column, pa.float64())


def _parsed(column: pa.Array, to: pa.DataType) -> pa.Array:
    if column.type == pa.binary():
        column = column.cast(pa.string())
    if column.type != pa.string():
        return column.cast(to)
    return pc.utf8_trim(column, " \t").cast(to)  # As Arrow's CSV reader does.


def _to_text(column: pa.Array) -> pa.Array:
    kind = column.type
    if types.is_floating(kind):
        return _float_text(_without_nan(column))
    if types.is_decimal(kind):
        cells = [None if cell is None else cell.normalize() for cell in column.to_pylist()]
        return pa.array([None if c is None else format(c, "f") for c in cells], pa.string())
    if types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    text = column.cast(pa.string())
    if types.is_timestamp(kind):
        text = pc.replace_substring(text, " ", "T", max_replacements=1)
    if types.is_timestamp(kind) or types.is_time(kind):
        text = pc.replace_substring_regex(text, r"(\.\d*?)0+(Z|$)", r"\1\2")
        text = pc.replace_substring_regex(text, r"\.(Z|$)", r"\1")
    return text


def _float_text(column: pa.Array) -> pa.Array:
    column = column.cast(pa.float64()) if types.is_float16(column.type) else column
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), float(EXACT)))
    digits = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, digits, column.cast(pa.string()))


def _to_binary(column: pa.Array) -> pa.Array:
    return (column if column.type == pa.string() else _to_text(column)).cast(pa.binary())


def _without_nan(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_nan(column), None, column)


_CASTS: Mapping[pa.DataType, Cast] = {
    pa.int64(): _to_integer,
    pa.float64(): _to_number,
    pa.string(): _to_text,
    pa.binary(): _to_binary,
}
