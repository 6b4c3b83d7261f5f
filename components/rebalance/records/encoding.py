"""Serialized tf.Examples out of arrays, the same bytes from any worker.

Written in protobuf's wire format: `tf.train.Example` takes 30 us a row, and tfx-bsl's encoder
orders features differently in each process. A row is a header and its map entries, one for each
feature that is not absent: field 1 of Features, which holds the name and the Feature.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tfx_rebalance.features import EXAMPLE_WEIGHT

Columns = Sequence[tuple[str, int]]
Floats = npt.NDArray[np.float32]

_BYTES, _FLOATS, _INTS = 1, 2, 3  # The lists' field numbers in tf.train.Feature.
_CHUNK_BYTES = 2**20  # Worked on at once, so that it stays in the processor's cache.
_CHUNK_VALUES = 2**16


@dataclass(frozen=True)
class _Content:
    """Values as they lie in a feature's list, end to end; value i begins at starts[i], (m + 1,)."""

    kind: int
    data: bytes
    starts: npt.NDArray[np.int64]


def float_entries(columns: Columns, values: Floats) -> list[bytes]:
    """Returns each row's map entries of all columns, n in all.

    Args:
        columns: The name of each feature and its values per row, >= 1. Names differ.
        values: Side by side, (n, sum of the sizes), float32. A feature with NaN in a row is
            absent from that row.

    Raises:
        ValueError: If the columns are not as above or do not fit the values.
    """
    sizes = np.array([size for _, size in columns], dtype=np.int64)
    if len({name for name, _ in columns}) < len(columns) or (sizes < 1).any():
        raise ValueError(f"columns must have different names and sizes >= 1, got {columns!r}.")
    width = int(sizes.sum())
    if values.dtype != np.float32 or values.ndim != 2 or values.shape[1] != width:
        raise ValueError(
            f"values must be float32, (n, {width}) here, got {values.dtype}, {values.shape}."
        )
    if not values.size:
        return [b""] * len(values)
    missing = np.isnan(values)
    gaps = missing.any(axis=1)
    if not gaps.any():
        return _rows(columns, values)
    present = ~np.logical_or.reduceat(missing[gaps], np.cumsum(sizes) - sizes, axis=1)
    rows = np.empty(len(values), dtype=object)
    rows[~gaps] = _rows(columns, values[~gaps])
    rows[gaps] = _rows(columns, values[gaps], present=present)
    return list(rows.tolist())


def int_entries(name: str, values: npt.NDArray[np.int64]) -> list[bytes]:
    """Returns each row's map entry of one integer feature, n in all.

    Args:
        name: The feature.
        values: One value per row, (n,), or as many in each, (n, s) with s >= 1; int64.

    Raises:
        ValueError: If the values are not as above.
    """
    if values.dtype != np.int64 or values.ndim not in (1, 2) or 0 in values.shape[1:]:
        raise ValueError(
            f"values of {name!r} must be int64 of shape (n,) or (n, s) with s >= 1, got "
            f"{values.dtype} of shape {values.shape}."
        )
    row_splits = np.arange(len(values) + 1) * math.prod(values.shape[1:])
    return ragged_entries(name, values.reshape(-1), row_splits)


def ragged_entries(
    name: str, values: npt.NDArray[Any], row_splits: npt.NDArray[np.int64 | np.int32]
) -> list[bytes]:
    """Returns each row's map entry of a feature with any number of values, n in all.

    A row without values gets b"": the feature is absent from it. NaN is a value here.

    Args:
        name: The feature.
        values: Those of all rows, flat, (m,): float32, int64 or objects that are all bytes.
        row_splits: Row i has the values from row_splits[i] to row_splits[i + 1], (n + 1,), int64 or
            int32 as TensorFlow makes them: from 0 to m, never falling.

    Raises:
        ValueError: If the values or the splits are not as above.
    """
    rising = row_splits.dtype.kind == "i" and row_splits.ndim == values.ndim == 1
    rising = rising and [*row_splits[:1], *row_splits[-1:]] == [0, len(values)]
    sizes = np.diff(row_splits)
    if not rising or (sizes < 0).any():
        raise ValueError(
            f"row_splits of {name!r} must be integers, flat, from 0 to the number of values, "
            f"of shape {values.shape}, never falling, got {row_splits!r}."
        )
    if values.dtype == np.float32 or (sizes > 1).any():  # Floats are copied, not encoded.
        return _entries(name, _content(values), row_splits=row_splits)
    rows = np.full(len(sizes), b"", dtype=object)
    rows[sizes == 1] = _encoded_once(name, values)
    return list(rows.tolist())


def joined(parts: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Returns the serialized tf.Examples whose features are the rows' entries in all parts.

    Args:
        parts: Map entries, one sequence of length n for each feature or group of features. No
            name is in two parts.

    Raises:
        ValueError: If there is no part, or the parts differ in length.
    """
    lengths = [len(part) for part in parts]
    if len(set(lengths)) != 1:
        raise ValueError(f"parts must be at least one, all of one length, got lengths {lengths}.")
    sizes = np.sum([_lengths(part) for part in parts], axis=0).tolist()
    headers = {size: _field(1, size) for size in set(sizes)}
    return list(map(b"".join, zip(map(headers.__getitem__, sizes), *parts, strict=True)))


def weight_suffix(weight: float) -> bytes:
    """Returns what adds `example_weight` to a serialized tf.Example that it is appended to.

    Protobuf merges concatenated messages, so no record has to be parsed.
    """
    return joined([[_head(EXAMPLE_WEIGHT, _FLOATS, 4) + struct.pack("<f", weight)]])[0]


def _rows(
    columns: Columns, values: Floats, *, present: npt.NDArray[np.bool_] | None = None
) -> list[bytes]:
    """Returns the rows' entries, without those where `present`, (n, columns), is False."""
    entries = [_head(name, _FLOATS, 4 * size) + bytes(4 * size) for name, size in columns]
    ends = np.cumsum([size for _, size in columns])
    rows: list[bytes] = []
    for grid in _grids(entries, np.split(values, ends[:-1], axis=1)):
        if present is None:  # Void, unlike a string dtype, keeps NULs at the end.
            rows += grid.view(f"V{grid.shape[1]}")[:, 0].tolist()
        else:
            kept = present[len(rows) : len(rows) + len(grid)]
            data = grid[np.repeat(kept, _lengths(entries), axis=1)].tobytes()
            rows += [data[a:b] for a, b in pairwise(_starts(kept @ _lengths(entries)).tolist())]
    return rows


def _grids(entries: Sequence[bytes], columns: Sequence[Floats]) -> Iterator[npt.NDArray[Any]]:
    """Yields `entries`, filled from `columns`, of some rows at a time, in the same memory."""
    template = np.frombuffer(b"".join(entries), dtype=np.uint8)
    count, width = len(columns[0]), len(template)
    grid = np.tile(template, (max(1, min(count, _CHUNK_BYTES // width)), 1))
    holes: list[Floats] = []
    for end, column in zip(np.cumsum(_lengths(entries)).tolist(), columns, strict=True):
        shape = (len(grid), column.shape[1])
        holes.append(np.ndarray(shape, "<f4", grid, end - 4 * shape[1], (width, 4)))
    for begin in range(0, count, len(grid)):
        filled = grid[: count - begin]
        for hole, column in zip(holes, columns, strict=True):
            hole[: len(filled)] = column[begin : begin + len(filled)]
        yield filled


def _encoded_once(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Returns the entry of each value by itself, (n,), equal values as the same object."""
    if values.dtype == object:
        places: dict[bytes, int] = {}
        which = [places.setdefault(value, len(places)) for value in values]
        distinct = np.array(list(places), dtype=object)
    else:
        distinct, which = np.unique(values, return_inverse=True)
    entries = _entries(name, _content(distinct), row_splits=np.arange(len(distinct) + 1))
    return np.array(entries, dtype=object)[np.asarray(which, dtype=np.int64)]


def _entries(name: str, content: _Content, *, row_splits: npt.NDArray[Any]) -> list[bytes]:
    starts, data = content.starts[row_splits], content.data
    sizes = set(np.diff(starts).tolist())
    heads = {size: _head(name, content.kind, size) if size else b"" for size in sizes}
    return [heads[b - a] + data[a:b] for a, b in pairwise(starts.tolist())]


def _content(values: npt.NDArray[Any]) -> _Content:
    if values.dtype == np.float32:
        return _Content(_FLOATS, values.astype("<f4").tobytes(), np.arange(len(values) + 1) * 4)
    if values.dtype == np.int64:
        return _varints(values)
    if values.dtype != object or {type(value) for value in values} - {bytes}:
        raise ValueError(f"values must be float32, int64 or all bytes, got {values!r}.")
    headers = {size: _field(1, size) for size in {len(value) for value in values}}
    pieces = [headers[len(value)] + value for value in values]
    return _Content(_BYTES, b"".join(pieces), _starts(_lengths(pieces)))


def _varints(values: npt.NDArray[np.int64]) -> _Content:
    """Returns base-128 numbers, the shortest form, as protobuf writes them."""
    data, lengths = [], [np.zeros(0, dtype=np.int64)]
    for begin in range(0, len(values), _CHUNK_VALUES):
        # As unsigned, a negative number has its 64 bits and ten groups of seven.
        bits = values[begin : begin + _CHUNK_VALUES].view(np.uint64)
        groups = max(1, math.ceil(int(bits.max()).bit_length() / 7))
        rest = bits[:, None] >> np.arange(0, 7 * groups, 7, dtype=np.uint64)
        used = rest > 0
        used[:, 0] = True
        grid = (rest & np.uint64(0x7F)).astype(np.uint8)
        grid[:, :-1] |= used[:, 1:] * np.uint8(0x80)  # Another group follows.
        data.append(grid[used].tobytes())
        lengths.append(used.sum(axis=1))
    return _Content(_INTS, b"".join(data), _starts(np.concatenate(lengths)))


def _head(name: str, kind: int, size: int) -> bytes:
    """Returns what a map entry has before the `size` bytes of its list's content."""
    key = name.encode()
    of_list = b"" if kind == _BYTES else _field(1, size)  # Numbers are packed into one field.
    of_feature = _field(kind, len(of_list) + size) + of_list
    of_entry = _field(1, len(key)) + key + _field(2, len(of_feature) + size) + of_feature
    return _field(1, len(of_entry) + size) + of_entry


def _field(number: int, size: int) -> bytes:
    """Returns what stands before a field of `size` bytes: its number, below 16, and the size."""
    digits = [number << 3 | 2]
    while size > 0x7F:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*digits, size])


def _lengths(pieces: Sequence[bytes]) -> npt.NDArray[np.int64]:
    return np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))


def _starts(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns where pieces begin that lie end to end, and at last where they end, (n + 1,)."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
