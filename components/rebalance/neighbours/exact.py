"""Exact nearest neighbours over numbers and categories."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Codes, Floats

BLOCK_CELLS = 1 << 23
"""Distances held at once: 64 MiB, and as much again while they are made."""
SMALL_GROUP = 300
"""Rows up to which it takes longer to prepare a search than to compare all with all."""
NOBODY = -1
"""Stands in a list of neighbours for a place that nobody fills."""


@dataclass(frozen=True)
class Nearest:
    """The nearest points of each query, nearest first."""

    indices: npt.NDArray[np.int64]
    """(q, k), into the points that were searched; NOBODY where there are fewer."""
    distances: Floats
    """(q, k), inf where nobody is."""


def nearest(queries: Space, among: Space, k: int) -> Nearest:
    """Returns the k nearest points of `among`, exactly; all of them when it has fewer than k.

    Numbers alone go to scikit-learn as imbalanced-learn hands them over, so that both break ties
    alike if both have one thread: which of equally near points is found depends on threads. With
    categories the distances are made block by block.

    Raises:
        ValueError: If k is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k!r}.")
    k = min(k, len(among))
    if not k or not len(queries):
        empty = np.empty((len(queries), k))
        return Nearest(empty.astype(np.int64), empty)
    # It takes half a second to import, which a config that needs no neighbours does not pay.
    from sklearn.neighbors import NearestNeighbors

    with one_thread():
        if not among.numeric.shape[1] or not _all_alike(queries, among):
            return _in_blocks(queries, among, k)
        found = NearestNeighbors(n_neighbors=k).fit(among.numeric)
        distances, indices = found.kneighbors(queries.numeric)
    return Nearest(indices.astype(np.int64), distances)


def nearest_others(queries: Space, among: Space, k: int, *, own: npt.NDArray[np.int64]) -> Nearest:
    """Returns the k nearest points of `among` that are not the query itself.

    Args:
        queries: The points that ask.
        among: The points that are searched.
        k: How many.
        own: Where each query is in `among`, (q,). Equal points elsewhere are neighbours.
    """
    return _without(own, nearest(queries, among, k + 1))


def _without(own: Codes, found: Nearest) -> Nearest:
    """Returns what was found without the queries themselves: one place less."""
    if not found.indices.shape[1]:
        return found
    is_own = found.indices == own[:, np.newaxis]
    # Among more than k equal points the query itself may be crowded out: drop the last instead.
    is_own[~is_own.any(axis=1), -1] = True
    shape = (len(found.indices), found.indices.shape[1] - 1)
    return Nearest(found.indices[~is_own].reshape(shape), found.distances[~is_own].reshape(shape))


def nearest_in_groups(space: Space, groups: Codes, k: int) -> Nearest:
    """Returns the k nearest points of the same group, the point itself left out.

    Args:
        space: The points, (n,).
        groups: The group of each, (n,).
        k: How many; a point of a smaller group has fewer and NOBODY in the places left.
    """
    indices = np.full((len(space), k), NOBODY)
    distances = np.full((len(space), k), np.inf)
    order = np.argsort(groups, kind="stable")
    _, first = np.unique(groups[order], return_index=True)
    with one_thread():
        for members in np.split(order, first[1:]):
            if len(members) > 1:
                found = _within(space.take(members), k)
                width = found.indices.shape[1]
                indices[members, :width] = members[found.indices]
                distances[members, :width] = found.distances
    return Nearest(indices, distances)


def _within(group: Space, k: int) -> Nearest:
    """Returns the k nearest others of each of two points or more."""
    own = np.arange(len(group))
    if len(group) > SMALL_GROUP:
        return nearest_others(group, group, k, own=own)
    return _without(own, _in_blocks(group, group, min(k + 1, len(group))))


def one_thread() -> Any:
    """Returns a context in which OpenMP and BLAS have one thread."""
    return _threads().limit(limits=1)


@lru_cache(maxsize=1)
def _threads() -> Any:
    import sklearn.neighbors  # noqa: F401  # What is loaded after the next line is not held.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _all_alike(queries: Space, among: Space) -> bool:
    """Returns whether no category differs anywhere."""
    first = among.nominal[:1]
    return bool((among.nominal == first).all() and (queries.nominal == first).all())


def _in_blocks(queries: Space, among: Space, k: int) -> Nearest:
    rows = max(1, BLOCK_CELLS // len(among))
    parts = [
        _nearest_of_block(queries.take(np.arange(start, min(start + rows, len(queries)))), among, k)
        for start in range(0, len(queries), rows)
    ]
    return Nearest(
        np.concatenate([part.indices for part in parts]),
        np.concatenate([part.distances for part in parts]),
    )


def _nearest_of_block(queries: Space, among: Space, k: int) -> Nearest:
    squares = squared_distances(queries, among)
    if k < len(among):
        chosen = np.argpartition(squares, k - 1, axis=1)[:, :k]
    else:
        chosen = np.broadcast_to(np.arange(k), squares.shape)
    values = np.take_along_axis(squares, chosen, axis=1)
    order = np.lexsort((chosen, values), axis=1)
    return Nearest(
        np.take_along_axis(chosen, order, axis=1),
        np.sqrt(np.take_along_axis(values, order, axis=1)),
    )


def squared_distances(queries: Space, among: Space) -> Floats:
    """Returns the squared distance of every query to every point, (q, n), but for rounding."""
    # Near the origin the difference of squares loses few digits. Whole numbers stay whole.
    shift = np.rint(among.numeric.mean(axis=0))
    asking, asked = queries.numeric - shift, among.numeric - shift
    squares: Any = -2 * (asking @ asked.T)
    squares += (asking**2).sum(axis=1)[:, np.newaxis]
    squares += (asked**2).sum(axis=1)
    np.maximum(squares, 0, out=squares)
    for column in range(among.nominal.shape[1]):
        ours, theirs = queries.nominal[:, column], among.nominal[:, column]
        if among.differences:
            squares += among.differences[column][ours][:, theirs] ** 2
        elif not (theirs == theirs[0]).all() or not (ours == theirs[0]).all():
            squares += among.mismatch * (ours[:, np.newaxis] != theirs)
    result: Floats = squares
    return result


def distances_to(queries: Space, among: Space, chosen: npt.NDArray[np.int64]) -> Floats:
    """Returns the distance of every query to some points, (q, k).

    It depends on the two points alone, to the last bit: not on what else is looked at.

    Args:
        queries: q points.
        among: The points that were searched.
        chosen: (q, k), into them.
    """
    squares = np.zeros(chosen.shape)
    for ours, theirs in zip(queries.numeric.T, among.numeric.T, strict=True):
        squares += (ours[:, np.newaxis] - theirs[chosen]) ** 2
    for column in range(among.nominal.shape[1]):
        one, other = queries.nominal[:, column, np.newaxis], among.nominal[chosen, column]
        if among.differences:
            squares += among.differences[column][one, other] ** 2
        else:
            squares += among.mismatch * (one != other)
    return np.sqrt(squares)
