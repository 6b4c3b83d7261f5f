"""One-sided selection: the rows that a few seeds cannot stand for, less their Tomek links.

Kubat and Matwin 1997, "Addressing the Curse of Imbalanced Training Sets: One-Sided Selection".
"""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import (
    Cleaner,
    predicted,
    smallest_class,
)
from tfx_rebalance.components.rebalance.strategies.tomek_links import linked
from tfx_rebalance.components.rebalance.strategy import Mask, Split, Wanted
from tfx_rebalance.draws import Keys, keyed_draws

Indices = npt.NDArray[np.int64]


class OneSidedSelection(Cleaner):
    """Takes rows that are told from the smallest class by a few of their own, then Tomek links.

    The smallest class loses rows by Tomek links alone, and only where it is chosen.
    (imbalanced-learn would cut it to its seeds.)
    """

    n_neighbors: int = Field(default=1, ge=1)
    """Rows that vote on a class; fewer where there are fewer."""
    n_seeds_S: int = Field(default=1, ge=1)  # noqa: N815  # imbalanced-learn's name.
    """Rows of a class that stand for it, those with the smallest draws; all where it has fewer."""

    def removed(self, split: Split, wanted: Wanted) -> Mask:
        """Returns the rows that are told rightly, or in a Tomek link of the others, (n,)."""
        removed = np.ones(len(split.labels), dtype=np.bool_)
        classes = np.unique(split.labels).tolist()
        # Class by class, seeds first: the order in which imbalanced-learn breaks ties.
        parts = [self._selected(split, label, wanted) for label in classes]
        rows = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        links = linked(split.space.take(rows), split.labels[rows], chosen=wanted.chosen)
        removed[rows[~links]] = False
        return removed

    def _selected(self, split: Split, label: int, wanted: Wanted) -> Indices:
        """Returns the rows of a class that stay before Tomek links are looked for."""
        rows = np.flatnonzero(split.labels == label)
        smallest = smallest_class(split.labels)
        if label not in wanted.chosen or label == smallest:
            return rows
        draws = keyed_draws(split.keys[rows], seed=wanted.seed, purpose="one-sided selection")
        seeds = seeds_of(rows, draws, self.n_seeds_S)
        rest = np.setdiff1d(rows, seeds)
        known = np.concatenate([np.flatnonzero(split.labels == smallest), seeds])
        told = predicted(
            split.space.take(rest),
            split.space.take(known),
            split.labels[known],
            k=self.n_neighbors,
        )
        return np.concatenate([seeds, rest[told != label]])


def seeds_of(rows: Indices, draws: Keys, wanted: int) -> Indices:
    """Returns the rows with the smallest draws, (wanted,) or all, smallest first."""
    seeds: Indices = rows[np.argsort(draws, kind="stable")[:wanted]]
    return seeds
