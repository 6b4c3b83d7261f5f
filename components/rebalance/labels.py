"""The class of each row of a shard."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.rebalance.plan import Labels
from tfx_rebalance.errors import DataError
from tfx_rebalance.records import read_records

SHOWN = 10


@dataclass(frozen=True)
class LabelFeature:
    """The feature that holds the label, and the classes it may name."""

    name: str
    kind: Literal["index", "int", "string"]
    """index: an int64 place in `classes`, as Transform writes it; else the label as written."""
    classes: tuple[str, ...]

    @property
    def missing(self) -> int | bytes:
        """What stands for a row without a label."""
        return b"" if self.kind == "string" else int(np.iinfo(np.int64).min)

    @property
    def values(self) -> npt.NDArray[Any]:
        """The label's value for each class, (classes,), int64 or bytes."""
        if self.kind == "index":
            return np.arange(len(self.classes))
        if self.kind == "int":
            return np.array([int(c) for c in self.classes])
        return np.array([c.encode() for c in self.classes])


def read_labels(path: str, label: LabelFeature) -> Labels:
    """Returns the class index of each row of a shard, (n,), int64.

    Raises:
        DataError: If a row has no label or one outside the domain.
        CorruptArtifactError: If the shard is damaged.
    """
    return labels_in(read_records(path), label, path=path)


def labels_in(records: Iterable[Any], label: LabelFeature, *, path: str) -> Labels:
    """Returns the class index of each row of batches of tf.Examples, (n,), int64.

    Args:
        records: Batches of serialized tf.Examples, as `read_records` gives them.
        label: Where the label is and what it may be.
        path: The shard, for messages.

    Raises:
        DataError: If a row has no label or one outside the domain.
    """
    dtype = tf.string if label.kind == "string" else tf.int64
    spec = {label.name: tf.io.FixedLenFeature([], dtype, label.missing)}
    batches = [tf.io.parse_example(batch, spec)[label.name].numpy() for batch in records]
    if not batches:
        return np.empty(0, dtype=np.int64)
    labels = np.concatenate(batches).astype(label.values.dtype.type)
    order = np.argsort(label.values)
    places = np.searchsorted(label.values, labels, sorter=order).clip(max=len(order) - 1)
    indices: Labels = order[places].astype(np.int64)
    wrong = label.values[indices] != labels
    if wrong.any():
        raise DataError(_complaint(labels[wrong], label, path=path, rows=len(labels)))
    return indices


def _complaint(wrong: npt.NDArray[Any], label: LabelFeature, *, path: str, rows: int) -> str:
    missing = int((wrong == label.missing).sum())
    others = sorted({str(value) for value in wrong[wrong != label.missing]})[:SHOWN]
    return (
        f"{path!r}: of {rows} rows {missing} have no label {label.name!r} and "
        f"{len(wrong) - missing} have one outside the domain{': ' if others else ''}"
        f"{', '.join(others)}. Allowed: {', '.join(label.classes)}. Correct the data or the schema."
    )
