"""The neighbourhood cleaning rule: edits the large classes, then clears around the smallest one.

Laurikkala 2001, "Improving Identification of Difficult Small Classes by Balancing Class
Distribution".
"""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import (
    Cleaner,
    EditedNearestNeighbours,
    is_chosen,
    others_near,
    predicted,
    smallest_class,
)
from tfx_rebalance.components.rebalance.strategy import Mask, Split, Wanted


class NeighbourhoodCleaningRule(Cleaner):
    """Takes what an edit takes, and the neighbours of misread rows of the smallest class."""

    edited_nearest_neighbours: EditedNearestNeighbours | None = None
    """The edit; unless given, by the most common class among `n_neighbors`."""
    n_neighbors: int = Field(default=3, ge=1)
    """Rows that vote on a class, and neighbours that go; fewer where the split has fewer."""
    threshold_cleaning: float = Field(default=0.5, gt=0)
    """Neighbours go if their class has more rows than this times those of the smallest one."""

    def removed(self, split: Split, wanted: Wanted) -> Mask:
        """Returns the rows that the edit takes and those around misread rows, (n,)."""
        edit = self.edited_nearest_neighbours or EditedNearestNeighbours(
            n_neighbors=self.n_neighbors, kind_sel="mode"
        )
        return edit.removed(split, wanted) | self._around_the_misread(split, wanted)

    def _around_the_misread(self, split: Split, wanted: Wanted) -> Mask:
        labels, space = split.labels, split.space
        found = np.zeros(len(labels), dtype=np.bool_)
        if not len(labels):
            return found
        smallest = smallest_class(labels)
        rows = np.flatnonzero(labels == smallest)
        # A row has a vote on itself here, as in imbalanced-learn.
        told = predicted(space.take(rows), space, labels, k=self.n_neighbors)
        near = others_near(space, rows, k=self.n_neighbors)[told != smallest]
        counts: npt.NDArray[np.int64] = np.bincount(labels)
        large = counts[labels] > self.threshold_cleaning * len(rows)
        found[near.ravel()] = True
        return found & large & is_chosen(labels, wanted.chosen)
