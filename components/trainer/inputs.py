"""From transformed tf.Examples to batches: from memory when they fit, else streamed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.errors import DataError, ModelError
from tfx_rebalance.features import EXAMPLE_WEIGHT
from tfx_rebalance.records import compression_of, read_records, reason

IN_MEMORY_BYTES = 2 << 30
PARSE_BATCH = 4096
SHUFFLE_ROWS = 100_000

Batch = dict[str, tf.Tensor]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Columns:
    """The transformed features a model takes, in the order in which they are packed."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    vocabulary_size: int
    """Indices of all categorical columns together, the one for values never seen included."""
    label: str

    @property
    def spec(self) -> dict[str, tf.io.FixedLenFeature]:
        """What `tf.io.parse_example` is to read, `example_weight` and the label included."""
        return {
            **{name: tf.io.FixedLenFeature([], tf.float32) for name in self.numeric},
            **{name: tf.io.FixedLenFeature([], tf.int64) for name in self.categorical},
            self.label: tf.io.FixedLenFeature([], tf.int64),
            EXAMPLE_WEIGHT: tf.io.FixedLenFeature([], tf.float32, default_value=1.0),
        }

    def pack(self, features: Mapping[str, tf.Tensor]) -> Batch:
        """Returns `numeric`, (n, numeric), float32, and `categorical`, (n, categorical), int64."""
        packed = {}
        if self.numeric:
            packed["numeric"] = tf.stack([features[name] for name in self.numeric], axis=1)
        if self.categorical:
            packed["categorical"] = tf.stack([features[name] for name in self.categorical], axis=1)
        return packed


@dataclass(frozen=True)
class Split:
    """A split's shards and what was counted in them."""

    patterns: tuple[str, ...]
    columns: Columns
    rows: int
    mass: npt.NDArray[np.float64]
    """Sum of `example_weight` per class, (classes,)."""

    def batches(
        self, class_weights: npt.NDArray[np.float64], *, batch_size: int, seed: int | None
    ) -> tf.data.Dataset:
        """Returns (inputs, class index, weight) batches.

        Args:
            class_weights: (classes,); a row's weight is its `example_weight` times its class's.
            batch_size: Rows per batch.
            seed: Shuffles anew in each epoch and repeats for ever; None: one pass in order.
        """
        bytes_per_row = 4 * len(self.columns.numeric) + 8 * len(self.columns.categorical) + 12
        load = _in_memory if self.rows * bytes_per_row <= IN_MEMORY_BYTES else _streamed
        weights = tf.constant(class_weights, tf.float32)
        return (
            load(self, batch_size=batch_size, seed=seed)
            .map(lambda x, y, w: (x, y, w * tf.gather(weights, y)), tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
        )


def read_split(patterns: Sequence[str], columns: Columns, *, classes: Sequence[str]) -> Split:
    """Counts a split in one pass over it.

    Args:
        patterns: Glob patterns of its shards, as TFX hands them to `run_fn`.
        columns: What to read.
        classes: The classes' names.

    Raises:
        DataError: If a class has no row, or a label is none of the classes.
        CorruptArtifactError: If a shard is damaged.
        ModelError: If there is no shard, one cannot be parsed or a numeric feature is not finite.
    """
    mass = np.zeros(len(classes))
    counts = np.zeros(len(classes), dtype=np.int64)
    shards = _shards(patterns)
    try:
        for x, y, w in _parsed_once(shards, columns):
            _check_batch(x, y, columns, classes=classes)
            mass += np.bincount(y, weights=w, minlength=len(classes))
            counts += np.bincount(y, minlength=len(classes))
    except tf.errors.OpError as error:
        raise ModelError(f"{', '.join(patterns)} cannot be parsed: {reason(error)}") from None
    absent = [name for name, n in zip(classes, counts, strict=True) if n == 0]
    if absent:
        raise DataError(
            f"class {', '.join(absent)} has no row in {', '.join(patterns)}. Bring rows of it, or "
            "take it out of the label's domain."
        )
    return Split(tuple(patterns), columns, int(counts.sum()), mass)


def _parsed_once(
    shards: Sequence[str], columns: Columns
) -> Iterator[tuple[dict[str, Array], Array, Array]]:
    parse = _parser(columns)
    for shard in shards:
        for records in read_records(shard):
            yield tf.nest.map_structure(lambda tensor: tensor.numpy(), parse(records))


def _check_batch(
    inputs: Mapping[str, Array],
    labels: Array,
    columns: Columns,
    *,
    classes: Sequence[str],
) -> None:
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
        raise DataError(
            f"{columns.label!r} holds class indices from {labels.min()} to {labels.max()}; allowed "
            f"are 0 to {len(classes) - 1} ({', '.join(classes)}). Correct the data or the schema."
        )
    if "numeric" in inputs and not np.isfinite(inputs["numeric"]).all():
        wrong = np.flatnonzero(~np.isfinite(inputs["numeric"]).all(axis=0))
        names = ", ".join(columns.numeric[i] for i in wrong)
        raise ModelError(f"features {names} are NaN or infinite after Transform.")


def _shards(patterns: Sequence[str]) -> list[str]:
    shards = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    if not shards:
        raise ModelError(f"no file matches {', '.join(patterns)}. Run again with --no-cache.")
    return shards


def _records(shards: Sequence[str]) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(list(shards), compression_type=compression_of(shards[0]))


def _parsed(shards: Sequence[str], columns: Columns) -> tf.data.Dataset:
    return _records(shards).batch(PARSE_BATCH).map(_parser(columns), tf.data.AUTOTUNE)


def _parser(columns: Columns) -> Callable[[tf.Tensor], tuple[Batch, tf.Tensor, tf.Tensor]]:
    def parse(records: tf.Tensor) -> tuple[Batch, tf.Tensor, tf.Tensor]:
        features = tf.io.parse_example(records, columns.spec)
        return columns.pack(features), features[columns.label], features[EXAMPLE_WEIGHT]

    return parse


def _in_memory(split: Split, *, batch_size: int, seed: int | None) -> tf.data.Dataset:
    """Rows are gathered by index from whole columns: an epoch is a new permutation of them."""
    parts = list(_parsed(_shards(split.patterns), split.columns).as_numpy_iterator())
    columns = tf.nest.map_structure(lambda *arrays: tf.constant(np.concatenate(arrays)), *parts)
    rows = tf.data.Dataset.range(split.rows)
    if seed is not None:
        rows = rows.shuffle(split.rows, seed=seed, reshuffle_each_iteration=True).repeat()
    return rows.batch(batch_size).map(
        lambda chosen: tf.nest.map_structure(lambda column: tf.gather(column, chosen), columns),
        tf.data.AUTOTUNE,
    )


def _streamed(split: Split, *, batch_size: int, seed: int | None) -> tf.data.Dataset:
    records = _records(_shards(split.patterns))
    if seed is not None:
        records = records.shuffle(SHUFFLE_ROWS, seed=seed, reshuffle_each_iteration=True).repeat()
    return records.batch(batch_size).map(_parser(split.columns), tf.data.AUTOTUNE)
