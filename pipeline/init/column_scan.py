"""Goes through a column's cells batch by batch and keeps what tells what the column is."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tfx_rebalance.features import DType

MAX_COUNTED = 1000
"""A column with more distinct values than this keeps no count of each."""

MAX_DOMAIN = 20
MIN_SEEN = 10
"""A text column is taken as exhausted when it has at most MAX_DOMAIN values and each was seen
MIN_SEEN times: the share of values still unseen is about that of values seen once (Good 1953)."""

_PADDED = r"^[+-]?0[0-9xX]"  # 007 is a code, not 7; 0x1F would be read as 31.
_TOO_LONG = r"^[+-]?(9[0-9]{15}|[0-9]{17,})$"  # About 2 ** 53: a float loses its last digits.
_ISO = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
)
_ORDER: tuple[DType | None, ...] = (None, "int", "float", "string")


class DistinctCounter:
    """Counts distinct values in bounded memory: exact up to SIZE, then estimated.

    The k-minimum-values estimate (Bar-Yossef et al. 2002) from the smallest hashes; its standard
    error is 1 / sqrt(SIZE - 2), 0.6 %.
    """

    SIZE = 32_768

    def __init__(self) -> None:
        self._smallest = np.empty(0, dtype=np.uint64)

    def add(self, values: npt.NDArray[np.object_]) -> None:
        """Takes some values, (n,), str."""
        hashes = pd.util.hash_array(values, categorize=False)
        if self._full:
            hashes = hashes[hashes < self._smallest[-1]]
        if len(hashes):
            self._smallest = np.union1d(self._smallest, hashes)[: self.SIZE]

    def count(self) -> int:
        """Returns how many different values were added."""
        if not self._full:
            return len(self._smallest)
        return round((self.SIZE - 1) * 2.0**64 / float(self._smallest[-1]))

    @property
    def _full(self) -> bool:
        return len(self._smallest) == self.SIZE


class ColumnScan:
    """Takes a column's cells batch by batch, as text, and says in the end what it is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype: DType | None = None
        self.rows = 0
        self.present = 0
        self.low, self.high = np.inf, -np.inf
        self.iso = True
        self.direction: int | None = None  # 1 rising, -1 falling, 0 neither, None unknown.
        self._last: int | None = None
        self._counts: Counter[str] | None = Counter()
        self._distinct = DistinctCounter()

    def add(self, cells: pa.StringArray, labelled: pa.BooleanArray) -> None:
        """Takes the next cells: the type holds for all, the counts for those with a label."""
        encoded = cells.dictionary_encode()
        values = encoded.dictionary
        indices = encoded.indices.filter(labelled)
        self.rows += len(indices)
        counts = np.bincount(indices.drop_null().to_numpy(), minlength=len(values))
        self.present += int(counts.sum())
        self._count(values, counts)
        self.dtype = max(self.dtype, dtype_of(values), key=_ORDER.index)
        if not len(values):
            return
        self.iso = self.iso and bool(pc.all(pc.match_substring_regex(values, _ISO)).as_py())
        if self.dtype != "string":
            self._measure(values, unique=len(values) == len(cells))

    @property
    def distinct(self) -> int:
        """How many different values were counted."""
        return self._distinct.count() if self._counts is None else len(self._counts)

    def domain(self) -> tuple[str, ...]:
        """Returns all values, sorted, if the column looks exhausted, else nothing."""
        counts = self._counts
        if not counts or len(counts) > MAX_DOMAIN or min(counts.values()) < MIN_SEEN:
            return ()
        return tuple(sorted(counts))

    def _count(self, values: pa.StringArray, counts: npt.NDArray[np.int64]) -> None:
        seen = values.to_numpy(zero_copy_only=False)[counts > 0]
        self._distinct.add(seen)
        if self._counts is None:
            return
        if len(seen) > MAX_COUNTED:
            self._counts = None
            return
        self._counts.update(dict(zip(seen, counts[counts > 0].tolist(), strict=True)))
        if len(self._counts) > MAX_COUNTED:
            self._counts = None

    def _measure(self, values: pa.StringArray, *, unique: bool) -> None:
        """Keeps the range of numbers, and whether integers only rise or only fall.

        Args:
            values: The different values of a batch, in the order they came.
            unique: Whether the batch has no other cell, so none missing and none twice.
        """
        whole = self.dtype == "int"
        numbers = _trimmed(values).cast(pa.int64() if whole else pa.float64()).to_numpy()
        self.low = min(self.low, float(np.fmin.reduce(numbers)))
        self.high = max(self.high, float(np.fmax.reduce(numbers)))
        if not (whole and unique):
            self.direction = 0
        elif self.direction != 0:
            steps = np.diff(numbers if self._last is None else np.r_[self._last, numbers])
            signs = set(np.sign(steps).tolist())
            if self.direction is not None:
                signs.add(self.direction)
            self.direction = None if not signs else signs.pop() if len(signs) == 1 else 0
            self._last = int(numbers[-1])


def dtype_of(values: pa.StringArray) -> DType | None:
    """Returns the narrowest type that reads every value as it is meant; None without a value."""
    if not len(values):
        return None
    trimmed = _trimmed(values)
    for pattern in (_PADDED, _TOO_LONG):
        if pc.any(pc.match_substring_regex(trimmed, pattern)).as_py():
            return "string"
    types: tuple[tuple[DType, pa.DataType], ...] = (("int", pa.int64()), ("float", pa.float64()))
    for dtype, arrow_type in types:
        try:
            trimmed.cast(arrow_type)
        except pa.ArrowInvalid:
            continue
        return dtype
    return "string"


def _trimmed(values: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim(values, characters=" \t")  # As Arrow's CSV reader does before a number.
