"""Parsed rows as endless shuffled batches, or in order; rows are never touched one by one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.trainer.columns import Batch, Columns
from tfx_rebalance.features import EXAMPLE_WEIGHT
from tfx_rebalance.records import compression_of

PARSE_BATCH = 4096
SHUFFLE_ROWS = 1 << 17
"""What is streamed is shuffled within so many rows, which come from several shards,"""
SHUFFLE_BYTES = 1 << 29
"""but within no more than this, parsed."""
SHARDS_TOGETHER = 16

Array = npt.NDArray[Any]


Parsed = tuple[Batch, tf.Tensor, tf.Tensor]
"""Inputs, class indices and example weights of some rows."""


def parser(columns: Columns) -> Callable[[tf.Tensor], Parsed]:
    """Returns what parses a batch of serialized examples, (n,)."""

    def parse(records: tf.Tensor) -> Parsed:
        features = tf.io.parse_example(records, columns.spec)
        return columns.pack(features), features[columns.label], features[EXAMPLE_WEIGHT]

    return parse


def from_memory(kept: Parsed, rows: int, *, batch_size: int, seed: int | None) -> tf.data.Dataset:
    """Returns batches of kept rows; see `inputs.Split.batches`.

    They are gathered by index from whole columns: an epoch is a new permutation.
    """
    if seed is None:
        chosen = tf.data.Dataset.from_tensors(tf.range(rows))
    else:
        seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        chosen = seeds.map(lambda epoch: _permutation(rows, epoch))
    return chosen.rebatch(batch_size).map(
        lambda indices: tf.nest.map_structure(lambda column: tf.gather(column, indices), kept),
        tf.data.AUTOTUNE,
    )


def streamed(
    shards: Sequence[str], columns: Columns, *, batch_size: int, seed: int | None
) -> tf.data.Dataset:
    """Returns batches of the shards' rows; see `inputs.Split.batches`.

    Shuffled, the shards come in another order in each epoch, several at a time, and their rows are
    permuted within `SHUFFLE_ROWS`, fewer where rows are large.
    """
    compression = compression_of(shards[0])

    def records(path: tf.Tensor) -> tf.data.Dataset:
        return tf.data.TFRecordDataset(path, compression).batch(PARSE_BATCH)

    paths = tf.data.Dataset.from_tensor_slices(list(shards))
    if seed is None:
        parsed = paths.flat_map(records).map(parser(columns), tf.data.AUTOTUNE)
        return parsed.rebatch(batch_size)
    paths = paths.shuffle(len(shards), seed=seed, reshuffle_each_iteration=True)
    together = paths.interleave(records, SHARDS_TOGETHER, num_parallel_calls=2, deterministic=True)
    window = max(1, min(SHUFFLE_ROWS, SHUFFLE_BYTES // columns.row_bytes))
    windows = together.map(parser(columns), tf.data.AUTOTUNE).rebatch(window)
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    shuffled = tf.data.Dataset.zip((windows, seeds)).map(_permuted)
    return shuffled.repeat().rebatch(batch_size)


def _permuted(window: Parsed, seed: tf.Tensor) -> Parsed:
    return gathered(window, _permutation(tf.size(window[1]), seed))


def gathered(rows: Parsed, order: tf.Tensor | Array) -> Parsed:
    """Returns the rows whose numbers `order` gives, in its order."""
    taken: Parsed = tf.nest.map_structure(lambda column: tf.gather(column, order), rows)
    return taken


def _permutation(rows: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_shuffle(tf.range(rows), seed=tf.stack([seed, seed]))
