"""What the first pass keeps of each row, in a file that can be read by the leading bits of a key.

All rows with one content, and all of one group, have the same leading bits; so whoever reads a
range of them from every file sees all occurrences of a row and whole groups.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

PREFIX_BITS = 10
PREFIXES = 1 << PREFIX_BITS
CHUNK_ROWS = 1 << 18
"""About how many rows are looked at together."""

_SHIFT = np.uint64(64 - PREFIX_BITS)

KEY = np.dtype(
    [
        ("content", "<u8"),
        ("group", "<u8"),
        ("time", "<i8"),
        ("row", "<u4"),
        ("label", "<i2"),
    ]
)
"""Content and group are hashes, time is in microseconds since 1970, row the place in the part,
label the class's index. Group and time are 0 where nobody asks for them."""

RowKeys = npt.NDArray[Any]
"""A structured array of `KEY`."""


@dataclass(frozen=True)
class KeyFile:
    """A file of `KEY` records, sorted by their leading bits."""

    path: str
    bounds: npt.NDArray[np.int64]
    """(PREFIXES + 1,): where the records of each prefix begin, and the end."""

    def read(self, first: int, last: int) -> RowKeys:
        """Returns the records with a prefix in [first, last)."""
        start, end = int(self.bounds[first]), int(self.bounds[last])
        if start == end:
            return np.empty(0, dtype=KEY)
        with tf.io.gfile.GFile(self.path, "rb") as file:
            file.seek(start * KEY.itemsize)
            return np.frombuffer(file.read((end - start) * KEY.itemsize), dtype=KEY)


def write_keys(path: str, keys: RowKeys, *, by: str) -> KeyFile:
    """Writes the keys of a part's rows.

    Args:
        path: The file.
        keys: (n,), of `KEY`.
        by: The field whose leading bits it is read by: `content`, or `group` where groups stay
            together.
    """
    prefixes = (keys[by] >> _SHIFT).astype(np.uint16)
    order = np.argsort(prefixes, kind="stable")
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(keys[order].tobytes())
    bounds = np.r_[0, np.cumsum(np.bincount(prefixes, minlength=PREFIXES))]
    return KeyFile(path, bounds.astype(np.int64))


def chunks(files: Sequence[KeyFile]) -> Iterator[tuple[RowKeys, npt.NDArray[np.int64]]]:
    """Yields the keys of all files, about `CHUNK_ROWS` at a time, and the file each is from."""
    if not files:
        return
    totals = np.sum([np.diff(file.bounds) for file in files], axis=0)
    first = 0
    while first < PREFIXES:
        ahead = np.cumsum(totals[first:])
        last = first + max(1, int(np.searchsorted(ahead, CHUNK_ROWS, side="right")))
        parts = [file.read(first, last) for file in files]
        yield np.concatenate(parts), np.repeat(np.arange(len(files)), [len(p) for p in parts])
        first = last
