"""Tomek links: two rows of different classes that are each other's nearest neighbour.

Tomek 1976, "Two Modifications of CNN".
"""

from collections.abc import Sequence

import numpy as np

from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import (
    Cleaner,
    is_chosen,
    others_near,
)
from tfx_rebalance.components.rebalance.strategy import Labels, Mask, Split, Wanted


class TomekLinks(Cleaner):
    """Takes the ends of Tomek links that are of a chosen class."""

    def removed(self, split: Split, wanted: Wanted) -> Mask:
        """Returns the rows of the chosen classes that are in a link, (n,)."""
        return linked(split.space, split.labels, chosen=wanted.chosen)


def linked(space: Space, labels: Labels, *, chosen: Sequence[int]) -> Mask:
    """Returns the rows of the chosen classes that are in a Tomek link, (n,)."""
    rows = np.arange(len(labels))
    found = others_near(space, rows, k=1)
    if not found.shape[1]:
        return np.zeros(len(labels), dtype=np.bool_)
    other = found[:, 0]
    link: Mask = (other[other] == rows) & (labels[other] != labels)
    return link & is_chosen(labels, chosen)
