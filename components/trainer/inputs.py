"""From transformed tf.Examples to batches: parsed once and kept when they fit, else streamed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.streams import (
    Array,
    Parsed,
    from_memory,
    gathered,
    parser,
    streamed,
)
from tfx_rebalance.errors import DataError, ModelError
from tfx_rebalance.records import read_records, reason

IN_MEMORY_BYTES = 2 << 30
"""Parsed columns of a split up to this size are kept, and shuffled whole."""


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
            rows = from_memory(self.kept, self.rows, batch_size=batch_size, seed=seed)
        else:
            shards = _shards(self.patterns)
            rows = streamed(shards, self.columns, batch_size=batch_size, seed=seed)
        weights = tf.constant(class_weights, tf.float32)
        weighted = rows.map(lambda x, y, w: (x, y, w * tf.gather(weights, y)), tf.data.AUTOTUNE)
        # Keras takes the end of a dataset of unknown length for an accident.
        batches = tf.data.INFINITE_CARDINALITY if seed is not None else ceil(self.rows / batch_size)
        known = tf.data.experimental.assert_cardinality(batches)
        return weighted.apply(known).prefetch(tf.data.AUTOTUNE)

    def labels(self) -> npt.NDArray[np.int64]:
        """Returns the class index of each row, (rows,), in the order of an unshuffled pass."""
        return np.concatenate([np.asarray(y, np.int64) for _, y, _ in self._parts()])

    def chosen(self, rows: npt.NDArray[np.int64]) -> "Split":
        """Returns some rows as a split of their own, in memory.

        Args:
            rows: Numbers of rows in the order of an unshuffled pass; what is there twice is kept
                twice.

        Raises:
            ModelError: If they are more than memory is to hold.
        """
        times = np.bincount(rows, minlength=self.rows)
        keeper, start = Keeper(self.columns), 0
        mass = np.zeros(len(self.mass))
        for x, y, w in self._parts():
            here = np.repeat(np.arange(len(y)), times[start : start + len(y)])
            start += len(y)
            if len(here):
                part = gathered((x, y, w), here)
                mass += np.bincount(part[1], weights=part[2], minlength=len(mass))
                keeper.add(part)
        kept = keeper.kept()
        if kept is None:
            raise ModelError(
                f"the {len(rows)} rows of one member of trainer.ensemble need more than "
                f"{IN_MEMORY_BYTES >> 30} GiB in memory. Choose easy_ensemble with a lower ratio, "
                "or no ensemble."
            )
        return Split((), self.columns, len(rows), mass, kept)

    def _parts(self) -> Iterator[Parsed]:
        """Yields all rows once, in order."""
        if self.kept is not None:
            yield self.kept
        else:
            yield from _parsed_once(_shards(self.patterns), self.columns)


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
        self._row = columns.row_bytes
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
    parse = parser(columns)
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
