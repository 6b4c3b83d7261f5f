"""Rows on their way from many sources to evenly sized, mixed output shards.

A source writes one file: window after window, in each the rows for output shard 0, 1, …. An output
shard reads its part of every window of every source. So no worker holds more than a window or an
output shard, and neither the sources nor the workers have to know of each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.draws import keyed_draws, mix

WINDOW_BYTES = 32 << 20


@dataclass(frozen=True)
class Window:
    """A part of a spill file."""

    starts: npt.NDArray[np.int64]
    """(shards + 1,): where each output shard's rows begin, and the end."""
    rows: npt.NDArray[np.int64]
    """(shards,): how many they are."""


@dataclass(frozen=True)
class Spill:
    """A file of rows, sorted within windows by the output shard they go to."""

    path: str
    windows: tuple[Window, ...]

    def records(self, shard: int) -> Iterator[list[bytes]]:
        """Yields the rows that go to an output shard, window by window."""
        with tf.io.gfile.GFile(self.path, "rb") as file:
            for window in self.windows:
                rows = int(window.rows[shard])
                if rows:
                    start, end = window.starts[shard : shard + 2].tolist()
                    file.seek(start)
                    yield _records(file.read(end - start), rows)


class SpillWriter:
    """Writes a spill file; use as a context manager, then take `spill`."""

    def __init__(self, path: str, *, shards: int) -> None:
        """Opens the file for rows of `shards` output shards."""
        tf.io.gfile.makedirs(path.rpartition("/")[0])
        self._path, self._shards = path, shards
        self._file = tf.io.gfile.GFile(path, "wb")
        self._records: list[bytes] = []
        self._places: list[npt.NDArray[np.int64]] = []
        self._bytes, self._at = 0, 0
        self._windows: list[Window] = []

    def __enter__(self) -> "SpillWriter":
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._flush()
        self._file.close()

    @property
    def spill(self) -> Spill:
        """What was written, once the file is closed."""
        return Spill(self._path, tuple(self._windows))

    def write(self, records: Sequence[bytes], places: npt.NDArray[np.int64]) -> None:
        """Appends rows.

        Args:
            records: Serialized tf.Examples.
            places: The output shard of each, (n,).
        """
        self._records.extend(records)
        self._places.append(places)
        self._bytes += sum(map(len, records))
        if self._bytes >= WINDOW_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._records:
            return
        places = np.concatenate(self._places)
        order = np.argsort(places, kind="stable")
        lengths = np.fromiter(map(len, self._records), np.uint32, len(self._records))[order]
        rows = np.bincount(places, minlength=self._shards)
        first = np.concatenate([[0], np.cumsum(rows)])
        summed = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        starts = self._at + summed[first] + lengths.itemsize * first
        parts: list[Any] = []
        records = [self._records[i] for i in order]
        for shard in np.flatnonzero(rows):
            start, end = first[shard : shard + 2]
            parts.append(lengths[start:end].tobytes())
            parts.extend(records[start:end])
        self._file.write(b"".join(parts))
        self._at = int(starts[-1])
        self._windows.append(Window(starts, rows))
        self._records, self._places, self._bytes = [], [], 0


class Deal:
    """Says which output shards the rows of a source go to: evenly, in an order that is drawn.

    Rows dealt in turn would put what is regular in a source, such as every other row of one class,
    into the same shards.
    """

    def __init__(self, source: int, shards: int, *, seed: int) -> None:
        """Begins with the first row of `source`, a number that no other source has."""
        self._key, self._shards, self._seed = np.array([source], np.uint64), shards, seed
        self._first = keyed_draws(self._key, seed=seed, purpose="place") % np.uint64(shards)
        self._dealt = 0

    def places(self, rows: int) -> npt.NDArray[np.int64]:
        """Returns the output shards of the next rows, (rows,)."""
        turn = np.arange(self._dealt, self._dealt + rows)
        self._dealt += rows
        draws = keyed_draws(
            mix(self._key) + turn.astype(np.uint64), seed=self._seed, purpose="deal"
        )
        places = np.empty(rows, dtype=np.int64)
        places[np.argsort(draws)] = (turn + int(self._first[0])) % self._shards
        return places


def _records(content: bytes, rows: int) -> list[bytes]:
    lengths = np.frombuffer(content, np.uint32, rows)
    ends = np.cumsum(lengths, dtype=np.int64) + lengths.nbytes
    starts = ends - lengths
    return [content[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
