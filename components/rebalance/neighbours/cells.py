"""Nearest neighbours within a large class: cells of near rows, each searched for by itself.

Exact search compares every row with every other. Beyond EXACT_ROWS the class is cut into k-means
cells, and the rows of a cell are compared with the rows nearest to its centre, a fixed number. A
candidate is chosen by itself, not with its cell: in 200,000 rows of even noise in 30 dimensions
that finds 0.87 of the neighbours, where as many rows in whole cells find 0.45.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.exact import (
    NOBODY,
    distances_to,
    nearest_others,
    one_thread,
)
from tfx_rebalance.components.rebalance.neighbours.points import Points, copies_before, points_of
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.draws import Keys, keyed_draws

Indices = npt.NDArray[np.int64]

EXACT_ROWS = 20_000
"""Up to so many rows every row is compared with every other."""
EXACT_TASKS = 8

CANDIDATES_HELD = 25_000_000
"""Candidates of all tasks together, 200 MB: larger classes get larger cells."""
UNEVEN = 4
"""A cell of so many times the average is cut."""
COPIES = 64
"""Of equal rows so many, more than any k, are candidates outside their cell: room for others."""
SAMPLED_ROWS, SAMPLED_PER_CELL, ROUNDS = 20_000, 15, 5
"""How long k-means is trained: the rows, or more when there are many cells, and how often."""
BLOCK, TOGETHER = 1 << 20, 16
"""Distances, and centres, that are looked at together."""


@dataclass(frozen=True)
class Sizes:
    """How a class is cut."""

    cell: int
    """Rows of a cell on average. Smaller cells find more, but each has its cost."""
    candidates: int
    """Rows that a cell is compared with, beside its own, which may be among them."""


PAIRWISE = Sizes(cell=200, candidates=15_000)
TREE = Sizes(cell=2_000, candidates=15_000)
TREE_COLUMNS = 15
"""Up to so many, scikit-learn asks a k-d tree: slow to build, and then hardly slower for more."""


@dataclass(frozen=True)
class Task:
    """Rows whose neighbours are looked for together."""

    queries: Indices
    """(q,), sorted: rows of the class that ask."""
    candidates: Indices | None
    """(c,), sorted: rows of the class that are searched, the queries among them; None: all."""


def tasks_of(
    space: Space, *, draws: Keys, exact_rows: int = EXACT_ROWS, sizes: Sizes | None = None
) -> list[Task]:
    """Returns tasks in which every row of the class asks once, the same for any thread count.

    Time grows with n up to some 3 million rows, and every query has about as many candidates.

    Args:
        space: The class, (n,).
        draws: A draw per row, (n,): which rows k-means starts from.
        exact_rows: Up to so many rows the search is exact.
        sizes: How the rest is cut; None: PAIRWISE or, where a k-d tree will do, TREE.

    Raises:
        ValueError: If there is not one draw per row, or a size is below 1.
    """
    if len(draws) != len(space):
        raise ValueError(f"draws must be one per row, got {len(draws)} for {len(space)} rows.")
    sizes = sizes or _sizes_for(space)
    if min(sizes.cell, sizes.candidates) < 1:
        raise ValueError(f"sizes must be at least 1, got {sizes!r}.")
    if len(space) <= exact_rows:
        blocks = np.array_split(np.arange(len(space)), EXACT_TASKS)
        return [Task(block, None) for block in blocks if len(block)]
    with one_thread():  # Sums depend on how many threads share them.
        return _tasks_of_cells(space, draws, sizes)


def neighbours_of(space: Space, task: Task, k: int) -> Indices:
    """Returns the k nearest candidates of each query but itself, (q, k), into the class.

    Nearest first, NOBODY where there are fewer.

    Raises:
        ValueError: If k is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k!r}.")
    queries = space.take(task.queries)
    if task.candidates is None:
        found = nearest_others(queries, space, k, own=task.queries).indices
    else:
        own = np.searchsorted(task.candidates, task.queries)
        among = space.take(task.candidates)
        found = task.candidates[nearest_others(queries, among, k, own=own).indices]
    padded = np.full((len(queries), k), NOBODY)
    padded[:, : found.shape[1]] = found
    return padded


def measured_recall(
    space: Space,
    tasks: Sequence[Task],
    neighbours: Sequence[Indices],
    k: int,
    *,
    draws: Keys,
    sample: int = 500,
) -> float:
    """Returns which share of the k nearest rows was found, over some queries, in [0, 1].

    A row as near as the k-th nearest counts as found, whichever of several it is. 1 when no row
    has a neighbour.

    Args:
        space: The class, (n,).
        tasks: Of `tasks_of`.
        neighbours: Of `neighbours_of`, per task.
        k: As for `neighbours_of`.
        draws: A draw per row, (n,): which rows are looked at.
        sample: How many rows are looked at; each is compared with the whole class.
    """
    # Not the draws themselves: the rows that k-means started from are in the middle of cells.
    drawn = keyed_draws(draws, seed=0, purpose="recall")
    chosen = np.sort(np.argsort(drawn, kind="stable")[:sample])
    asking = space.take(chosen)
    exact = nearest_others(asking, space, k, own=chosen).indices
    if not exact.size:
        return 1.0
    found = np.full((len(space), k), NOBODY)
    for task, rows in zip(tasks, neighbours, strict=True):
        found[task.queries] = rows
    farthest = distances_to(asking, space, exact).max(axis=1, keepdims=True)
    near = distances_to(asking, space, found[chosen]) <= farthest * (1 + 1e-6)
    return float((near & (found[chosen] != NOBODY)).sum() / exact.size)


def _tasks_of_cells(space: Space, draws: Keys, sizes: Sizes) -> list[Task]:
    points = points_of(space)
    copy = copies_before(space)
    distinct, shown = np.flatnonzero(copy == 0), np.flatnonzero(copy < COPIES)
    starts = distinct[np.argsort(draws[distinct], kind="stable")]
    cells, centres = _cells(points, starts, _rows_per_cell(len(space), sizes))
    among = points[shown]
    norms = (among**2).sum(axis=1) / 2
    tasks = []
    for first in range(0, len(cells), TOGETHER):
        farness = centres[first : first + TOGETHER] @ among.T
        np.subtract(norms, farness, out=farness)
        for cell, far in zip(cells[first : first + TOGETHER], farness, strict=True):
            candidates = shown[_smallest(far, sizes.candidates)]
            tasks.append(Task(cell, np.union1d(cell, candidates)))
    return tasks


def _sizes_for(space: Space) -> Sizes:
    has_categories = bool((space.nominal != space.nominal[:1]).any())
    return PAIRWISE if has_categories or space.numeric.shape[1] > TREE_COLUMNS else TREE


def _rows_per_cell(rows: int, sizes: Sizes) -> int:
    # Cells of more rows than an eighth of what is searched would find little outside themselves.
    fitting = min(rows * sizes.candidates // CANDIDATES_HELD, sizes.candidates // 8)
    return max(sizes.cell, fitting)


def _cells(points: Points, starts: Indices, rows: int) -> tuple[list[Indices], Points]:
    """Returns the rows of each cell, sorted, and the centres of the cells."""
    count = min(-(-len(points) // rows), len(starts))
    centres = _trained(points[starts[: max(SAMPLED_ROWS, count * SAMPLED_PER_CELL)]], count)
    labels = _nearest_centre(points, centres)
    order = np.argsort(labels, kind="stable")
    found, first = np.unique(labels[order], return_index=True)
    cells, middles = [], []
    for label, members in zip(found, np.split(order, first[1:]), strict=True):
        parts = _cut(points, members, UNEVEN * rows)
        cells += [np.sort(part) for part in parts]
        whole = len(parts) == 1
        middles += [centres[label] if whole else points[part].mean(axis=0) for part in parts]
    return cells, np.stack(middles)


def _trained(sample: Points, count: int) -> Points:
    """Returns the centres of k-means (Lloyd 1982) over a sample, starting from its first rows."""
    centres = sample[:count].copy()
    for _ in range(ROUNDS):
        labels = _nearest_centre(sample, centres)
        order = np.argsort(labels, kind="stable")
        found, first, sizes = np.unique(labels[order], return_index=True, return_counts=True)
        sums = np.add.reduceat(sample[order], first)
        centres[found] = sums / sizes[:, np.newaxis].astype(np.float32)
    return centres


def _nearest_centre(points: Points, centres: Points) -> Indices:
    norms = (centres**2).sum(axis=1) / 2
    labels = np.empty(len(points), dtype=np.int64)
    step = max(1, BLOCK // len(centres))
    for first in range(0, len(points), step):
        nearness = points[first : first + step] @ centres.T
        nearness -= norms
        labels[first : first + step] = nearness.argmax(axis=1)
    return labels


def _cut(points: Points, members: Indices, most: int) -> list[Indices]:
    """Returns the members in parts of at most `most`, halved along the widest column."""
    if len(members) <= most:
        return [members]
    inside = points[members]
    values = inside[:, inside.var(axis=0).argmax()]
    halves = np.array_split(members[np.argsort(values, kind="stable")], 2)
    return [part for half in halves for part in _cut(points, half, most)]


def _smallest(values: Points, count: int) -> Indices:
    """Returns where the `count` smallest values are; all places when there are fewer."""
    if count >= len(values):
        return np.arange(len(values))
    # Most are ruled out by a bound from every 16th value, which is faster than to partition all.
    some, place = values[::16], count * 5 // 64 + 16
    bound = np.partition(some, place)[place] if place < len(some) else np.inf
    near = np.flatnonzero(values <= bound)
    if len(near) < count:
        near = np.arange(len(values))
    chosen: Indices = near[np.argpartition(values[near], count - 1)[:count]]
    return chosen
