"""NearMiss: the rows of the large classes that are nearest to the smallest one.

Mani and Zhang 2003, "kNN Approach to Unbalanced Data Distributions: A Case Study Involving
Information Extraction".
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.spatial.distance import cdist

from tfx_rebalance.components.rebalance.neighbours.exact import nearest, squared_distances
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import smallest_class
from tfx_rebalance.components.rebalance.strategy import Informed, Split, Verdict, Wanted
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    undersampled,
)

Indices = npt.NDArray[np.int64]

BLOCK_CELLS = 1 << 24
"""Distances held at once: 128 MiB."""


class NearMiss(Informed):
    """Cuts the classes to exactly their targets, by distances to the smallest class."""

    version: Literal[1, 2, 3] = 1
    """1 and 2: the rows nearest on average to their `n_neighbors` nearest (1) or farthest (2) rows
    of the smallest class. 3: of the rows that are among the `n_neighbors_ver3` nearest of a row of
    the smallest class, those farthest on average from their `n_neighbors` nearest ones; when these
    are too few, all of them and then rows by version 1."""
    n_neighbors: int = Field(default=3, ge=1)
    """Rows of the smallest class to average over; fewer where it is smaller."""
    n_neighbors_ver3: int = Field(default=3, ge=1)

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows to keep of each class (see `undersampled`)."""
        return undersampled(counts, sampling_strategy)

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns exactly the wanted rows of each class."""
        kept = np.ones(len(split.labels), dtype=np.bool_)
        notes = {}
        for label, target in wanted.targets.items():
            rows = np.flatnonzero(split.labels == label)
            if target < len(rows):
                smallest = split.space.take(split.labels == smallest_class(split.labels))
                stay, said = self._nearest(split.space.take(rows), smallest, target)
                kept[rows] = False
                kept[rows[stay]] = True
                notes[label] = (*said, *self._fewer(len(smallest)))
        return Verdict(kept=kept, notes={label: said for label, said in notes.items() if said})

    def _nearest(
        self, rows: Space, smallest: Space, target: int
    ) -> tuple[Indices, tuple[str, ...]]:
        """Returns which of a class's rows stay, (target,), and what is to be said about it."""
        if self.version == 1:
            return _first(self._to_nearest(rows, smallest), target), ()
        if self.version == 2:
            return _first(to_farthest(rows, smallest, self.n_neighbors), target), ()
        proposed = np.unique(nearest(smallest, rows, self.n_neighbors_ver3).indices)
        if len(proposed) >= target:
            scores = -self._to_nearest(rows.take(proposed), smallest)
            return proposed[_first(scores, target)], ()
        rest = np.setdiff1d(np.arange(len(rows)), proposed)
        lacking = target - len(proposed)
        more = rest[_first(self._to_nearest(rows.take(rest), smallest), lacking)]
        said = f"Version 3 proposes {len(proposed)} of {target} rows; {lacking} are by version 1."
        return np.concatenate([proposed, more]), (said,)

    def _to_nearest(self, rows: Space, smallest: Space) -> Floats:
        """Returns each row's summed distance to its nearest rows of the smallest class."""
        sums: Floats = nearest(rows, smallest, self.n_neighbors).distances.sum(axis=1)
        return sums

    def _fewer(self, smallest: int) -> tuple[str, ...]:
        if smallest >= self.n_neighbors:
            return ()
        said = f"n_neighbors is {smallest} instead of {self.n_neighbors}"
        return (f"{said}: the smallest class has no more rows.",)


def to_farthest(rows: Space, smallest: Space, k: int) -> Floats:
    """Returns each row's summed distance to the k farthest points of `smallest`, (n,).

    To all of them where they are fewer. A block of rows at a time.
    """
    k = min(k, len(smallest))
    size = max(1, BLOCK_CELLS // len(smallest))
    sums = np.empty(len(rows))
    for start in range(0, len(rows), size):
        block = np.arange(start, min(start + size, len(rows)))
        distances = _distances(rows.take(block), smallest)
        distances.partition(len(smallest) - k, axis=1)
        # Sorted: in which order numbers are summed shows in the last digit, and so in ties.
        sums[block] = np.sort(distances[:, -k:], axis=1).sum(axis=1)
    return sums


def _distances(rows: Space, smallest: Space) -> Floats:
    """Returns all distances, (n, m), over numbers alone to the bit as scikit-learn's trees."""
    distances: Floats = (
        np.sqrt(squared_distances(rows, smallest))
        if rows.nominal.shape[1]
        else cdist(rows.numeric, smallest.numeric)
    )
    return distances


def _first(scores: Floats, wanted: int) -> Indices:
    """Returns the places of the smallest scores, (wanted,), the first ones of equal scores."""
    return np.argsort(scores, kind="stable")[:wanted]
