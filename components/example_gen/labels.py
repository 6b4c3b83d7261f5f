"""From a label as it is written to its class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tfx_rebalance.components.example_gen.settings import SERVING, SPLITS
from tfx_rebalance.errors import DataError
from tfx_rebalance.features import Features

SHOWN = 10
MISSING = -1

Counts = Counter[str | None]


@dataclass(frozen=True)
class Labels:
    """The label's column, its classes, and the values that make up each class."""

    features: Features
    groups: Mapping[str, Sequence[str]] | None
    is_serving: bool = False
    """Whether the label may be missing, and may have values that are no class."""

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that rows go to."""
        return (SERVING,) if self.is_serving else SPLITS

    @property
    def name(self) -> str:
        """The column."""
        return self.features.label

    @cached_property
    def class_of(self) -> Mapping[str, str]:
        """The class of each raw value."""
        if self.groups is None:
            return {name: name for name in self.features.classes}
        return {value: name for name, values in self.groups.items() for value in values}

    def values(self, batch: pa.RecordBatch) -> pa.Array:
        """Returns the raw values, (rows,), text; all null where serving data has no label."""
        place = batch.schema.get_field_index(self.name)
        if place < 0:
            return pa.nulls(batch.num_rows, pa.string())
        return batch.column(place)

    def indices(self, batch: pa.RecordBatch) -> npt.NDArray[np.int16]:
        """Returns the class index of each row, (rows,); `MISSING` where there is no known value."""
        places = list(self.features.classes)
        known = pa.array([places.index(name) for name in self.class_of.values()], pa.int16())
        found = pc.index_in(self.values(batch), value_set=pa.array(list(self.class_of)))
        indices: npt.NDArray[np.int16] = known.take(found).fill_null(MISSING).to_numpy()
        return indices

    def replaced(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with the class in place of each raw value, an integer if it is one.

        What is no class stays as it is in serving data; where classes are integers it is missing.
        """
        place = batch.schema.get_field_index(self.name)
        if place < 0:
            return batch
        values = batch.column(place)
        if self.groups is not None:
            found = pc.index_in(values, value_set=pa.array(list(self.class_of)))
            classes = pa.array(list(self.class_of.values())).take(found)
            values = pc.coalesce(classes, values)
        if self.features.label_dtype == "int":
            values = _integers(values)
        arrays = [*batch.columns]
        arrays[place] = values
        return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)

    def check(self, counts: Counts, *, source: str, missing_label: str) -> None:
        """Raises unless every label is one that the config and the schema know.

        Raises:
            DataError: If labels are missing, and that is not allowed, or unknown.
        """
        if self.is_serving:
            return
        missing = counts[None]
        if missing and missing_label == "fail":
            raise DataError(
                f"{source!r}: {missing} of {counts.total()} rows have no label {self.name!r}. "
                "Fill them in, or set data.missing_label: drop."
            )
        unknown = Counter(
            {v: n for v, n in counts.items() if v is not None and v not in self.class_of}
        )
        if unknown:
            shown = ", ".join(f"{v!r} ({n} rows)" for v, n in unknown.most_common(SHOWN))
            more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
            allowed = self.class_of if self.groups else self.features.classes
            raise DataError(
                f"{source!r}: the label {self.name!r} has values that the "
                f"{'label_groups do' if self.groups else 'schema does'} not know: {shown}{more}. "
                f"Known: {', '.join(allowed)}. Correct the data, or add the value."
            )


def counts_of(values: pa.Array) -> Counts:
    """Returns how often each value occurs, None for missing ones."""
    return Counter({e["values"].as_py(): e["counts"].as_py() for e in values.value_counts()})


def _integers(values: pa.Array) -> pa.Array:
    digits = pc.match_substring_regex(values, r"^-?\d{1,18}$")
    return pc.if_else(digits, values, None).cast(pa.int64())
