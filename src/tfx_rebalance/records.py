"""Shards of tf.Examples on disk, read and written by TensorFlow's C++ record I/O."""

import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import ceil
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf
from isal import isal_zlib

from tfx_rebalance.errors import CorruptArtifactError

BATCH = 4096
RECORD_OVERHEAD = 16
"""Bytes a TFRecord adds to a record: its length and two checksums."""
BLOCK = 1 << 20

_NODES = re.compile(r"\{\{.*?\}\}|\[Op:.*?\](?: name:)?")

_MAGIC = {
    b"\x1f\x8b": "GZIP",
    b"\x78\x01": "ZLIB",
    b"\x78\x5e": "ZLIB",
    b"\x78\x9c": "ZLIB",
    b"\x78\xda": "ZLIB",
}


def shard_paths(folder: str) -> list[str]:
    """Returns the shards of a split in order.

    Raises:
        CorruptArtifactError: If there are none.
    """
    paths = sorted(p for p in tf.io.gfile.glob(os.path.join(folder, "*")) if not _temporary(p))
    if not paths:
        raise CorruptArtifactError(f"{folder!r} has no shard. Run again with --no-cache.")
    return paths


def read_records(path: str) -> Iterator[Any]:
    """Yields batches of serialized tf.Examples from a shard, each (<= BATCH,), object of bytes.

    TensorFlow takes a GZIP file that was cut off between two records for a shorter one, so the
    bytes read are held against what the file's end says.

    Raises:
        CorruptArtifactError: If the shard is truncated or damaged.
    """
    compression = compression_of(path)
    dataset = tf.data.TFRecordDataset(path, compression_type=compression).batch(BATCH)
    dataset = dataset.with_options(_plain_options())
    size = 0
    try:
        for records in dataset.as_numpy_iterator():
            size += len(records) * RECORD_OVERHEAD + sum(map(len, records))
            yield records
    except (
        tf.errors.DataLossError,
        tf.errors.OutOfRangeError,
        tf.errors.InvalidArgumentError,
    ) as e:
        raise _damaged(path, reason(e)) from None
    if compression == "GZIP" and not (_size_at_end(path) == size % 2**32 or _is_whole(path)):
        raise _damaged(path, "it ends before its end")
    if not size and not compression and (path.endswith(".gz") or tf.io.gfile.stat(path).length):
        raise _damaged(path, "it holds no record")


def _plain_options() -> tf.data.Options:
    """Nothing to tune and nothing to run beside: one file is read in order, a tenth faster so."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    options.threading.private_threadpool_size = 1
    return options


def reason(error: tf.errors.OpError) -> str:
    """Returns the first line of what TensorFlow says, without the names of its nodes."""
    return _NODES.sub("", error.message).strip().splitlines()[0]


def _damaged(path: str, why: str) -> CorruptArtifactError:
    return CorruptArtifactError(
        f"the TFRecord file {path!r} is damaged: {why}. Run again with --no-cache, or delete the "
        "folder it is in."
    )


def _size_at_end(path: str) -> int:
    """Returns what a GZIP file's last member says of its uncompressed size, modulo 2**32."""
    with tf.io.gfile.GFile(path, "rb") as file:
        file.seek(max(0, file.size() - 4))
        return int.from_bytes(file.read(4), "little")


def _is_whole(path: str) -> bool:
    """Decompresses a GZIP file, which may have several members, and tells if it ends well."""
    with tf.io.gfile.GFile(path, "rb") as file:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while block := file.read(BLOCK):
            while block:
                if member.eof:
                    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
                member.decompress(block)
                block = member.unused_data
    return member.eof


def compression_of(path: str) -> str:
    """Returns the `compression_type` of a TFRecord file: "", "GZIP" or "ZLIB".

    A plain file begins with a record's length, which may look like anything, but also with its
    checksum: what reads as plain is plain.
    """
    with tf.io.gfile.GFile(path, "rb") as file:
        start = file.read(2)
    kind = _MAGIC.get(start, "")
    if kind:
        with suppress(tf.errors.DataLossError):
            list(tf.data.TFRecordDataset(path).take(1))
            return ""
    return kind


def shard_name(shard: int, shards: int) -> str:
    """Returns the name TFX gives a GZIP shard; readers take the compression from the `.gz`."""
    return f"data_tfrecord-{shard:05d}-of-{shards:05d}.gz"


def write_shard(path: str, records: Iterable[bytes]) -> None:
    """Writes a GZIP shard of serialized tf.Examples; the name is final only once it is whole."""
    tf.io.gfile.makedirs(os.path.dirname(path))
    with TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain")
        with tf.io.TFRecordWriter(plain) as writer:
            for record in records:
                writer.write(record)
        _compress(plain, path)


def _compress(plain: str, path: str) -> None:
    """Writes a local file as GZIP, with ISA-L: at this level a fifth of zlib's time."""
    gzip = isal_zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    with open(plain, "rb") as source, tf.io.gfile.GFile(_temporary_name(path), "wb") as target:
        while block := source.read(BLOCK):
            target.write(gzip.compress(block))
        target.write(gzip.flush())
    tf.io.gfile.rename(_temporary_name(path), path, overwrite=True)


class ShardWriter:
    """Writes a split as evenly sized GZIP shards; a name is final only once the file is whole."""

    def __init__(
        self, folder: str, *, rows: int, per_shard: int, first: int = 0, shards: int | None = None
    ) -> None:
        """Prepares for exactly `rows` rows in shards of at most `per_shard`.

        Where several writers share a split, `first` is the number of this one's first shard and
        `shards` how many there are in all.
        """
        tf.io.gfile.makedirs(folder)
        own = max(1, ceil(rows / per_shard))
        self._folder, self._first = folder, first
        self._own, self._of = own, own if shards is None else shards
        self._bounds = np.linspace(0, rows, own + 1).astype(int)
        self._rows, self._shard, self._written = rows, 0, 0
        self._local = TemporaryDirectory()
        self._writer = self._open()

    def write(self, records: Iterable[bytes]) -> None:
        """Appends serialized tf.Examples."""
        for record in records:
            if self._written == self._bounds[self._shard + 1] and self._shard + 1 < self._own:
                self._finish()
                self._shard += 1
                self._writer = self._open()
            self._writer.write(record)
            self._written += 1

    def close(self) -> None:
        """Finishes the last shard.

        Raises:
            RuntimeError: If fewer or more rows came than were announced; the last shard gets no
                final name then.
        """
        if self._written != self._rows:
            self._writer.close()
            self._local.cleanup()
            raise RuntimeError(
                f"announced {self._rows} rows, got {self._written}: the input changed."
            )
        self._finish()
        self._local.cleanup()

    def _path(self) -> str:
        return os.path.join(self._folder, shard_name(self._first + self._shard, self._of))

    @property
    def _plain(self) -> str:
        return os.path.join(self._local.name, "plain")

    def _open(self) -> tf.io.TFRecordWriter:
        return tf.io.TFRecordWriter(self._plain)

    def _finish(self) -> None:
        self._writer.close()
        _compress(self._plain, self._path())


def _temporary_name(path: str) -> str:
    return path + ".writing"


def _temporary(path: str) -> bool:
    return path.endswith(".writing")
