"""Cut points: the draws at which one split ends and the next begins, exact and found in a stream.

A unit (a row, or a group of rows) belongs to a stratum and has a draw. Within a stratum the units
with the smallest draws go to the first split and so on; a split is full when the weights (rows)
before its cut come nearest to what it should have. With units of weight 1 that is exact. Units are
seen in chunks, twice: once to count them by the leading bits of their draws, once to look at those
that lie about a cut. So memory does not grow with the rows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfx_rebalance.draws import Keys

LEADING_BITS = 12
BINS = 1 << LEADING_BITS
FEW = 1 << 16
"""Units of a stratum that are all looked at together where each split must have one."""
_SHIFT = np.uint64(64 - LEADING_BITS)
_LAST = np.iinfo(np.uint64).max

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """Rows or groups."""

    draws: Keys
    """(n,)."""
    strata: Integers
    """(n,)."""
    weights: Integers
    """(n,): what each adds to its stratum."""

    def only(self, which: npt.NDArray[Any]) -> "Units":
        """Returns some of them: a mask, or indices."""
        return Units(self.draws[which], self.strata[which], self.weights[which])


@dataclass(frozen=True)
class Cuts:
    """Where splits end, by stratum."""

    points: Keys
    """(strata, splits - 1): the first draw of the second split, of the third, ..."""

    def splits(self, units: Units) -> npt.NDArray[np.int8]:
        """Returns the split of each unit as an index, (n,)."""
        points = self.points[units.strata]
        splits: npt.NDArray[np.int8] = (units.draws[:, np.newaxis] >= points).sum(1, dtype=np.int8)
        return splits


def cut_points(
    chunks: Callable[[], Iterable[Units]],
    *,
    strata: int,
    sizes: Callable[[int], Sequence[int]],
    fill: bool = False,
) -> Cuts:
    """Returns the cuts for the units of all chunks.

    Args:
        chunks: Gives all units, the same at each call.
        strata: How many strata there are.
        sizes: From a stratum's weight to the weight each split should have of it.
        fill: Whether each split gets at least one unit of each stratum that has enough of them.
    """
    histogram, units = _histograms(chunks(), strata)
    before = np.cumsum(histogram, axis=1)
    wanted = np.array([np.cumsum(sizes(int(total)))[:-1] for total in before[:, -1]])
    # The bin in which the weights before it and with it have the wanted weight between them.
    bins = np.array(
        [np.searchsorted(row, want, side="left") for row, want in zip(before, wanted, strict=True)]
    ).clip(max=BINS - 1)
    few = fill & (units <= FEW)
    looked_at = np.zeros((strata, BINS), dtype=bool)
    looked_at[np.arange(strata)[:, np.newaxis], bins] = True
    looked_at[few] = True
    near = _only(chunks(), looked_at)
    points = np.empty(wanted.shape, dtype=np.uint64)
    for stratum in range(strata):
        of_stratum = near.only(near.strata == stratum)
        if few[stratum]:
            points[stratum] = _filled(of_stratum, wanted[stratum])
            continue
        for cut, (bin_, want) in enumerate(zip(bins[stratum], wanted[stratum], strict=True)):
            start = before[stratum, bin_] - histogram[stratum, bin_]
            points[stratum, cut] = _point(of_stratum, int(bin_), int(want - start))
    return Cuts(points)


def _histograms(chunks: Iterable[Units], strata: int) -> tuple[Integers, Integers]:
    """Returns the weights by stratum and leading bits, (strata, BINS), and units by stratum."""
    weights = np.zeros(strata * BINS, dtype=np.int64)
    units = np.zeros(strata, dtype=np.int64)
    for chunk in chunks:
        places = chunk.strata * BINS + _bins(chunk.draws)
        weights += np.bincount(places, chunk.weights, strata * BINS).astype(np.int64)
        units += np.bincount(chunk.strata, minlength=strata)
    return weights.reshape(strata, BINS), units


def _bins(draws: Keys) -> Integers:
    return (draws >> _SHIFT).astype(np.int64)


def _only(chunks: Iterable[Units], looked_at: npt.NDArray[np.bool_]) -> Units:
    """Returns the units in the bins that are looked at, by their draws."""
    nothing = Units(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))
    found = [nothing, *(c.only(looked_at[c.strata, _bins(c.draws)]) for c in chunks)]
    draws = np.concatenate([units.draws for units in found])
    together = Units(
        draws,
        np.concatenate([units.strata for units in found]),
        np.concatenate([units.weights for units in found]),
    )
    return together.only(np.argsort(draws, kind="stable"))


def _filled(units: Units, wanted: Integers) -> Keys:
    """Returns a stratum's cuts, moved so that no split is without a unit."""
    before = np.r_[0, np.cumsum(units.weights)]
    last, splits = len(units.draws), len(wanted) + 1
    points, place = [], 0
    for cut, want in enumerate(wanted, start=1):
        nearest = int(np.argmin(np.abs(before - want)))
        if last >= splits:
            nearest = min(max(nearest, place + 1), last - (splits - cut))
        place = max(nearest, place)
        points.append(units.draws[place] if place < last else _LAST)
    return np.array(points, dtype=np.uint64)


def _point(units: Units, bin_: int, wanted: int) -> np.uint64:
    """Returns the draw at which the next split begins: `wanted` is counted from the bin's start."""
    inside = units.only(_bins(units.draws) == bin_)
    before = np.r_[0, np.cumsum(inside.weights)]
    place = int(np.argmin(np.abs(before - wanted)))
    if place < len(inside.draws):
        return np.uint64(inside.draws[place])
    return np.uint64((bin_ + 1) << int(_SHIFT)) if bin_ + 1 < BINS else np.uint64(_LAST)
