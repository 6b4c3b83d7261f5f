"""The class of each row of a shard."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.rebalance.records.parsing import parse
from tfx_rebalance.components.rebalance.records.rows import ABSENT
from tfx_rebalance.components.rebalance.targets.plan import Labels
from tfx_rebalance.errors import ConfigError, DataError

SHOWN = 10
MOST_CLASSES = 2**15 - 1
"""Class indices are kept in two bytes a row."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
UNLABELLED = -1
"""Stands for the class of a row without a label."""


@dataclass(frozen=True)
class LabelFeature:
    """The feature that holds the label, and the classes it may name."""

    name: str
    kind: Literal["index", "int", "float", "string"]
    """index: an int64 place in `classes`, as Transform writes it; else the label as written."""
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind in ("int", "float"):
            wrong = [name for name in self.classes if not self._is_value(name)]
            if wrong:
                raise ConfigError(
                    f"the label {self.name!r} is {self.kind}, so its classes are whole numbers, "
                    f"but they name {', '.join(map(repr, wrong[:SHOWN]))}. Give the values as they "
                    "are in the examples."
                )
        if len(self.classes) > MOST_CLASSES:
            raise ConfigError(
                f"the label {self.name!r} has {len(self.classes)} classes; allowed are up to "
                f"{MOST_CLASSES}. Is it a class label?"
            )

    def _is_value(self, name: str) -> bool:
        """Returns whether a class is a whole number that the label's type can hold."""
        if not _WHOLE.fullmatch(name) or not ABSENT < int(name) < 2**63:
            return False
        return self.kind == "int" or int(np.float32(int(name))) == int(name)

    @property
    def missing(self) -> int | float | bytes:
        """What stands for a row without a label."""
        stand_ins: dict[str, int | float | bytes] = {"string": b"", "float": np.nan}
        return stand_ins.get(self.kind, ABSENT)

    @property
    def values(self) -> npt.NDArray[Any]:
        """The label's value for each class, (classes,), int64, float32 or bytes."""
        if self.kind == "index":
            return np.arange(len(self.classes))
        if self.kind == "string":
            return np.array([c.encode() for c in self.classes])
        return np.array(
            [int(c) for c in self.classes], np.float32 if self.kind == "float" else None
        )


def labels_in(batches: Iterable[Any], label: LabelFeature, *, path: str) -> Labels:
    """Returns the class index of each row of batches of tf.Examples, (n,), int64.

    A row without a label is UNLABELLED.

    Args:
        batches: Of serialized tf.Examples, as `read_records` gives them.
        label: Where the label is and what it may be.
        path: The shard, for messages.

    Raises:
        DataError: If a row has a label outside the domain, or one of another type.
        CorruptArtifactError: If the shard is damaged.
    """
    values = list(_values(batches, label, path=path))
    if not values:
        return np.empty(0, dtype=np.int64)
    labels = np.concatenate(values).astype(label.values.dtype.type)
    order = np.argsort(label.values)
    places = np.searchsorted(label.values, labels, sorter=order).clip(max=len(order) - 1)
    indices: Labels = order[places].astype(np.int64)
    absent = np.isnan(labels) if label.kind == "float" else labels == label.missing
    indices[absent] = UNLABELLED
    wrong = ~absent & (label.values[indices] != labels)
    if wrong.any():
        raise DataError(_complaint(labels[wrong], label, path=path, rows=len(labels)))
    return indices


def _values(
    batches: Iterable[Any], label: LabelFeature, *, path: str
) -> Iterator[npt.NDArray[Any]]:
    dtype = {"string": tf.string, "float": tf.float32}.get(label.kind, tf.int64)
    spec = {label.name: tf.io.FixedLenFeature([], dtype, label.missing)}
    for batch in batches:
        yield parse(batch, spec, path=path)[label.name].numpy()


def _complaint(wrong: npt.NDArray[Any], label: LabelFeature, *, path: str, rows: int) -> str:
    found = sorted(
        {v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in wrong}
    )
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    whole = " A float label has to be a whole number." if label.kind == "float" else ""
    return (
        f"{path!r}: {len(wrong)} of {rows} rows have a label {label.name!r} outside the domain: "
        f"{', '.join(found[:SHOWN])}{more}. Allowed: {', '.join(label.classes)}.{whole} Correct "
        "the data or the schema."
    )
