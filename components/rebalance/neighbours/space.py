"""Where neighbours are looked for: scaled numbers beside categories, with one distance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.records.layout import Layout
from tfx_rebalance.components.rebalance.records.rows import Codes, Floats, Rows


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations of each numeric column, missing ones left out."""

    count: Floats
    mean: Floats
    squares: Floats

    @property
    def deviation(self) -> Floats:
        """The standard deviation, (d,); 0 for a constant column."""
        deviation: Floats = np.sqrt(self.squares / np.maximum(self.count, 1))
        return deviation


def moments_of(numeric: Floats) -> Moments:
    """Returns the moments of the columns, each (d,), of an (n, d) array."""
    present = ~np.isnan(numeric)
    count = present.sum(axis=0).astype(np.float64)
    mean = np.where(present, numeric, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(present, numeric - mean, 0.0) ** 2).sum(axis=0)
    return Moments(count, mean, squares)


def merged(parts: Sequence[Moments]) -> Moments:
    """Returns the moments of all rows together (Chan, Golub and LeVeque 1979).

    Raises:
        ValueError: If there are no parts.
    """
    if not parts:
        raise ValueError("parts must not be empty.")
    total = parts[0]
    for part in parts[1:]:
        count = total.count + part.count
        share = part.count / np.maximum(count, 1)
        shift = part.mean - total.mean
        total = Moments(
            count,
            total.mean + shift * share,
            total.squares + part.squares + shift**2 * share * total.count,
        )
    return total


@dataclass(frozen=True)
class Scale:
    """How numbers are made comparable: x -> (x - shift) / spread, each (d,)."""

    shift: Floats
    spread: Floats
    """inf for a constant column, which then has no part in any distance."""
    fill: Floats
    """Where a missing number lies, in scaled units: at its column's mean."""


def standard_scale(moments: Moments) -> Scale:
    """Returns the scale to mean 0 and deviation 1."""
    # A deviation below that is rounding.
    constant = moments.deviation <= 1e-12 * np.abs(moments.mean)
    spread = np.where(constant, np.inf, moments.deviation)
    return Scale(moments.mean, spread, np.zeros_like(spread))


def no_scale(width: int, *, fill: Floats | None = None) -> Scale:
    """Returns the scale that leaves numbers as they are; a missing one lies at `fill`, or 0."""
    zeros = np.zeros(width)
    return Scale(zeros, np.ones(width), zeros if fill is None else fill)


@dataclass(frozen=True)
class Space:
    """Rows as points.

    The squared distance of two rows is that of `numeric` plus `mismatch` for every column of
    `nominal` in which they differ (SMOTE-NC: Chawla et al. 2002, section 6.1), or plus what
    `differences` says of their values (SMOTE-N, section 6.2).
    """

    numeric: Floats
    """(n, d), finite."""
    nominal: Codes
    """(n, c)."""
    mismatch: float = 1.0
    differences: tuple[Floats, ...] = ()
    """Per nominal column (values, values), by value codes 0 .. v-1; empty: `mismatch` counts."""

    def __len__(self) -> int:
        return len(self.numeric)

    def take(self, chosen: npt.NDArray[Any]) -> "Space":
        """Returns some of the points, by index or mask."""
        return Space(self.numeric[chosen], self.nominal[chosen], self.mismatch, self.differences)


def space_of(rows: Rows, layout: Layout, *, scale: Scale) -> Space:
    """Returns the rows as points.

    A missing number lies at its column's mean, and being missing is a category of its own. The
    `mismatch` is the square of the median deviation of the numeric columns over these rows, as in
    SMOTE-NC; 1 where there are none.
    """
    missing = np.isnan(rows.numeric)
    numeric = np.where(missing, scale.fill, (rows.numeric - scale.shift) / scale.spread)
    flags = missing[:, _may_be_missing(layout)].astype(np.int64)
    return Space(
        numeric=numeric,
        nominal=np.concatenate([rows.nominal, flags], axis=1),
        mismatch=mismatch_of(numeric),
    )


def mismatch_of(numeric: Floats) -> float:
    """Returns the squared distance of two categories: the median deviation's square, or 1.

    Args:
        numeric: (n, d), scaled.
    """
    if not numeric.shape[1] or not len(numeric):
        return 1.0
    return float(np.median(numeric.std(axis=0)) ** 2)


def _may_be_missing(layout: Layout) -> npt.NDArray[np.int64]:
    """Returns the first place of each column that rows may lack: they lack all of it or nothing."""
    columns = layout.of("numeric")
    ends = np.cumsum([column.size or 0 for column in columns], dtype=np.int64)
    optional = [column.optional or column.flag is not None for column in columns]
    first: npt.NDArray[np.int64] = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    places: npt.NDArray[np.int64] = first[: len(columns)][np.array(optional, dtype=bool)]
    return places
