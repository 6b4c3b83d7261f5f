"""The rows of a class that grows: written shard by shard, loaded by whoever needs them."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.rebalance.records.encoding import ragged_entries
from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.parsing import parse, parsed_all
from tfx_rebalance.components.rebalance.records.rows import Codes, Rows, concatenated
from tfx_rebalance.draws import Keys
from tfx_rebalance.records import read_records

_DTYPES = {"float": tf.float32, "int": tf.int64, "string": tf.string}


@dataclass(frozen=True, order=True)
class SeedFile:
    """A class's rows out of one shard: a TFRecord file, and their keys beside it."""

    shard: int
    path: str

    @property
    def keys_path(self) -> str:
        """Where the row keys are, as raw uint64."""
        return self.path + ".keys"


class SeedWriter:
    """Writes the rows of some classes of a shard, a file for each; a context manager."""

    def __init__(self, files: Mapping[int, SeedFile]) -> None:
        """Prepares a file per class index."""
        self._files, self._stack = files, ExitStack()

    def __enter__(self) -> "SeedWriter":
        for file in self._files.values():
            tf.io.gfile.makedirs(os.path.dirname(file.path))
        self._writers = {
            index: self._stack.enter_context(tf.io.TFRecordWriter(file.path))
            for index, file in self._files.items()
        }
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def write(self, records: Any, labels: npt.NDArray[Any]) -> None:
        """Appends those of the records, (n,) bytes, that are of a class with a file."""
        for index, writer in self._writers.items():
            for record in records[labels == index]:
                writer.write(record)

    def write_keys(self, keys: Keys, labels: npt.NDArray[Any]) -> None:
        """Writes the row keys of all records, (n,), by class."""
        for index, file in self._files.items():
            with tf.io.gfile.GFile(file.keys_path, "wb") as out:
                out.write(keys[labels == index].tobytes())


@dataclass(frozen=True)
class Seeds:
    """The rows of a class."""

    rows: Rows
    keys: Keys
    """(n,)"""
    groups: Codes | None
    """(n,), equal numbers for equal values of the group key."""
    entries: Mapping[str, Sequence[bytes]]
    """Nominal or copied feature -> each row's map entry of it, b"" where it is missing."""


def read_keys(files: Sequence[SeedFile]) -> Keys:
    """Returns the row keys of a class, (n,), in the order of (shard, row)."""
    parts = []
    for file in files:
        with tf.io.gfile.GFile(file.keys_path, "rb") as content:
            parts.append(np.frombuffer(content.read(), np.uint64))
    return np.concatenate([np.empty(0, np.uint64), *parts])


@lru_cache(maxsize=2)
def seeds_in(files: tuple[SeedFile, ...], layout: Layout, group_key: str | None) -> Seeds:
    """Returns the rows of a class; a worker keeps the last two classes.

    Raises:
        DataError: If a feature is not as the layout says.
    """
    batches = [(batch, file.path) for file in files for batch in read_records(file.path)]
    parts = [parsed_all([batch], layout, path=path) for batch, path in batches]
    columns = [*layout.of("nominal"), *layout.of("copied")]
    spec = {c.name: tf.io.RaggedFeature(_DTYPES[c.dtype]) for c in columns}
    values = [parse(batch, spec, path=path) for batch, path in batches]
    entries = {c.name: _entries(c, [v[c.name] for v in values]) for c in columns}
    return Seeds(
        rows=concatenated(parts, layout),
        keys=read_keys(files),
        groups=_groups(entries[group_key]) if group_key else None,
        entries=entries,
    )


def _entries(column: Column, parts: Sequence[Any]) -> list[bytes]:
    return [
        entry
        for part in parts
        for entry in ragged_entries(column.name, part.values.numpy(), part.row_splits.numpy())
    ]


def _groups(entries: Sequence[bytes]) -> Codes:
    _, codes = np.unique(np.array(entries, dtype=object), return_inverse=True)
    groups: Codes = codes.astype(np.int64)
    return groups
