"""The nearest rows of a whole split, found part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.exact import (
    BLOCK_CELLS,
    Nearest,
    distances_to,
    nearest,
)
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices
from tfx_rebalance.draws import Keys

SPARE = 8
"""Rows looked at beyond those asked for, to see whether more are as near as the last one."""


@dataclass(frozen=True)
class Near:
    """The m nearest rows of each of n rows of a class, among the parts seen so far."""

    distances: Floats
    """(n, m), rising; inf where there is nobody."""
    keys: Keys
    """(n, m)."""
    other: npt.NDArray[np.bool_]
    """(n, m): whether that row is of another class."""

    @property
    def others(self) -> Indices:
        """How many of the m are of another class, (n,)."""
        others: Indices = (self.other & np.isfinite(self.distances)).sum(axis=1)
        return others


def near_in(
    space: Space, own: Keys, part: Space, keys: Keys, *, other: npt.NDArray[np.bool_], m: int
) -> Near:
    """Returns the m nearest rows of a part of the split, the rows themselves left out.

    Of equally near ones those with the smallest keys, so that it does not matter which rows are
    in a part together.

    Args:
        space: The rows of the class, n.
        own: Their keys.
        part: Rows of the split, p.
        keys: Their keys.
        other: Whether they are of another class, (p,).
        m: How many.

    Raises:
        ValueError: If only one of both spaces has `differences`.
    """
    if bool(space.differences) != bool(part.differences):
        raise ValueError("space and part must both have differences, or neither, got one.")
    part = replace(part, mismatch=space.mismatch)
    every = np.arange(len(part))

    def chosen(rows: Indices, candidates: Indices) -> Near:
        distances, known = distances_to(space.take(rows), part, candidates), keys[candidates]
        distances[known == own[rows, np.newaxis]] = np.inf
        return _smallest(Near(distances, known, other[candidates]), m)

    found = nearest(space, part, m + 1 + SPARE)
    near = chosen(np.arange(len(space)), found.indices)
    for rows in _unsure(space, part, found, m=m):
        again = chosen(rows, np.broadcast_to(every, (len(rows), len(part))))
        for old, new in zip(vars(near).values(), vars(again).values(), strict=True):
            old[rows] = new
    return near


def merged_near(parts: Sequence[Near], m: int) -> Near:
    """Returns the m nearest of all parts; of equally near ones those with the smallest keys."""
    return _smallest(
        Near(
            np.concatenate([part.distances for part in parts], axis=1),
            np.concatenate([part.keys for part in parts], axis=1),
            np.concatenate([part.other for part in parts], axis=1),
        ),
        m,
    )


def _unsure(space: Space, part: Space, found: Nearest, *, m: int) -> Iterator[Indices]:
    """Yields the rows that may have nearer or equally near ones than were found, in blocks.

    A search may err by rounding, and takes any of those that are equally near.
    """
    if found.indices.shape[1] == len(part) or not len(space):
        return
    columns = part.numeric.shape[1] + part.nominal.shape[1]
    largest = (part.numeric**2).sum(axis=1).max() + (space.numeric**2).sum(axis=1)
    largest += columns * max(part.mismatch, *(table.max() ** 2 for table in part.differences), 1.0)
    rounding = 16 * (columns + 8) * np.finfo(np.float64).eps * largest
    squares = found.distances**2
    unsure = np.flatnonzero(squares[:, -1] - squares[:, m] <= 2 * rounding)
    yield from np.split(unsure, np.arange(0, len(unsure), max(1, BLOCK_CELLS // len(part)))[1:])


def _smallest(near: Near, m: int) -> Near:
    order = np.lexsort((near.keys, near.distances), axis=1)[:, :m]
    return Near(
        np.take_along_axis(near.distances, order, axis=1),
        np.take_along_axis(near.keys, order, axis=1),
        np.take_along_axis(near.other, order, axis=1),
    )
