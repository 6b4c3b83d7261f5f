"""From transformed tf.Examples to batches: parsed once and kept when they fit, else streamed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.errors import DataError, ModelError
from tfx_rebalance.features import EXAMPLE_WEIGHT
from tfx_rebalance.records import compression_of, read_records, reason

IN_MEMORY_BYTES = 2 << 30
"""Parsed columns of a split up to this size are kept, and shuffled whole."""
PARSE_BATCH = 4096
SHUFFLE_ROWS = 1 << 17
"""What is streamed is shuffled within so many rows, which come from several shards."""
SHARDS_TOGETHER = 16

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


Parsed = tuple[Batch, tf.Tensor, tf.Tensor]
"""Inputs, class indices and example weights of some rows."""


@dataclass(frozen=True)
class Split:
    """A split's shards and what was counted in them."""

    patterns: tuple[str, ...]
    columns: Columns
    rows: int
    mass: npt.NDArray[np.float64]
    """Sum of `example_weight` per class, (classes,)."""
    kept: Parsed | None = None
    """All rows, where they fit."""

    def batches(
        self, class_weights: npt.NDArray[np.float64], *, batch_size: int, seed: int | None
    ) -> tf.data.Dataset:
        """Returns (inputs, class index, weight) batches.

        Args:
            class_weights: (classes,); a row's weight is its `example_weight` times its class's.
            batch_size: Rows per batch.
            seed: Shuffles anew in each epoch and repeats for ever; None: one pass in order.
        """
        if self.kept is not None:
            rows = _from_memory(self.kept, self.rows, batch_size=batch_size, seed=seed)
        else:
            shards = _shards(self.patterns)
            rows = _streamed(shards, self.columns, batch_size=batch_size, seed=seed)
        weights = tf.constant(class_weights, tf.float32)
        weighted = rows.map(lambda x, y, w: (x, y, w * tf.gather(weights, y)), tf.data.AUTOTUNE)
        # Keras takes the end of a dataset of unknown length for an accident.
        batches = tf.data.INFINITE_CARDINALITY if seed is not None else ceil(self.rows / batch_size)
        known = tf.data.experimental.assert_cardinality(batches)
        return weighted.apply(known).prefetch(tf.data.AUTOTUNE)


def read_split(patterns: Sequence[str], columns: Columns, *, classes: Sequence[str]) -> Split:
    """Counts a split in one pass over it, and keeps its rows if they fit.

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
    shards, keeper = _shards(patterns), Keeper(columns)
    try:
        for parsed in _parsed_once(shards, columns):
            x, y, w = tf.nest.map_structure(lambda tensor: tensor.numpy(), parsed)
            _check_batch(x, y, columns, classes=classes)
            mass += np.bincount(y, weights=w, minlength=len(classes))
            counts += np.bincount(y, minlength=len(classes))
            keeper.add(parsed)
    except tf.errors.OpError as error:
        raise ModelError(f"{', '.join(patterns)} cannot be parsed: {reason(error)}") from None
    absent = [name for name, n in zip(classes, counts, strict=True) if n == 0]
    if absent:
        raise DataError(
            f"class {', '.join(absent)} has no row in {', '.join(patterns)}. Bring rows of it, or "
            "take it out of the label's domain."
        )
    return Split(tuple(patterns), columns, int(counts.sum()), mass, keeper.kept())


class Keeper:
    """Keeps parsed rows until they are too many."""

    def __init__(self, columns: Columns) -> None:
        self._row = 4 * len(columns.numeric) + 8 * len(columns.categorical) + 12
        self._parts: list[Parsed] | None = []
        self._rows = 0

    def add(self, part: Parsed) -> None:
        """Takes some rows."""
        self._rows += len(part[1])
        if self._row * self._rows > IN_MEMORY_BYTES:
            self._parts = None
        if self._parts is not None:
            self._parts.append(part)

    def kept(self) -> Parsed | None:
        """Returns all rows together, or None if they were too many."""
        if self._parts is None:
            return None
        parts, self._parts = self._parts, None
        together: Parsed = tf.nest.map_structure(lambda *a: tf.concat(a, axis=0), *parts)
        return together


def _parsed_once(shards: Sequence[str], columns: Columns) -> Iterator[Parsed]:
    parse = _parser(columns)
    for shard in shards:
        for records in read_records(shard):
            yield parse(records)


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


def _parser(columns: Columns) -> Callable[[tf.Tensor], Parsed]:
    def parse(records: tf.Tensor) -> Parsed:
        features = tf.io.parse_example(records, columns.spec)
        return columns.pack(features), features[columns.label], features[EXAMPLE_WEIGHT]

    return parse


def _from_memory(kept: Parsed, rows: int, *, batch_size: int, seed: int | None) -> tf.data.Dataset:
    """Rows are gathered by index from whole columns: an epoch is a new permutation of them."""
    if seed is None:
        chosen = tf.data.Dataset.from_tensors(tf.range(rows))
    else:
        seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        chosen = seeds.map(lambda epoch: _permutation(rows, epoch))
    return chosen.rebatch(batch_size).map(
        lambda indices: tf.nest.map_structure(lambda column: tf.gather(column, indices), kept),
        tf.data.AUTOTUNE,
    )


def _streamed(
    shards: Sequence[str], columns: Columns, *, batch_size: int, seed: int | None
) -> tf.data.Dataset:
    """Rows are parsed in batches and never touched one by one.

    Shuffled, the shards come in another order in each epoch, several at a time, and their rows are
    permuted within `SHUFFLE_ROWS`.
    """
    compression = compression_of(shards[0])

    def records(path: tf.Tensor) -> tf.data.Dataset:
        return tf.data.TFRecordDataset(path, compression).batch(PARSE_BATCH)

    paths = tf.data.Dataset.from_tensor_slices(list(shards))
    if seed is None:
        parsed = paths.flat_map(records).map(_parser(columns), tf.data.AUTOTUNE)
        return parsed.rebatch(batch_size)
    paths = paths.shuffle(len(shards), seed=seed, reshuffle_each_iteration=True)
    together = paths.interleave(records, SHARDS_TOGETHER, num_parallel_calls=2, deterministic=True)
    windows = together.map(_parser(columns), tf.data.AUTOTUNE).rebatch(SHUFFLE_ROWS)
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    shuffled = tf.data.Dataset.zip((windows, seeds)).map(_permuted)
    return shuffled.repeat().rebatch(batch_size)


def _permuted(window: Parsed, seed: tf.Tensor) -> Parsed:
    order = _permutation(tf.size(window[1]), seed)
    permuted: Parsed = tf.nest.map_structure(lambda column: tf.gather(column, order), window)
    return permuted


def _permutation(rows: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_shuffle(tf.range(rows), seed=tf.stack([seed, seed]))
