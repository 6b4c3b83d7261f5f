"""ProWSyn: more new rows near the other classes, by proximity levels.

Barua, Islam and Murase 2013, "ProWSyn: Proximity Weighted Synthetic Oversampling Technique for
Imbalanced Data Set Learning". Level 1 are the rows that are among the k nearest of the class to
any row of another class; level 2 are those of what is left, and so on. Level l weighs
exp(-theta * (l - 1)).

As in smote_variants the weight is that of a level as a whole, new rows are anywhere between two
rows of a level, and the rows left after the last level are a group of their own with its weight.
The row of a level of one is no seed.
"""

import numpy as np
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.exact import nearest
from tfx_rebalance.components.rebalance.strategy import Chosen, Split, Verdict, Wanted
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    grown,
    seeds_by_group,
    smote_pairs,
)
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws, Indices, Pairs, counter_of


class ProWSyn(InformedOverSampler):
    """Partners are no neighbours: `k_neighbors` is for a class without two rows on one level."""

    n_neighbors: int = Field(default=5, ge=1)
    """k: rows of the class that a row of another class puts on a level."""
    levels: int = Field(default=5, ge=1)
    theta: float = Field(default=1.0, ge=0)
    """How fast the weight falls with the level."""

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns all rows and the new ones; a class without two rows on one level as in SMOTE."""
        return grown(
            split, wanted, lambda label, new: self._chosen(split, label, new=new, seed=wanted.seed)
        )

    def _chosen(self, split: Split, label: int, *, new: int, seed: int) -> Chosen:
        draws = class_draws(split, label, seed=seed)
        levels = proximity_levels(split, label, n_neighbors=self.n_neighbors, levels=self.levels)
        rows = np.bincount(levels, minlength=self.levels + 1)
        suitable = np.flatnonzero(rows > 1)
        if not len(suitable):
            around = around_class(split, label, k=self.k_neighbors)
            note = "No proximity level has two rows: new rows are made as by smote."
            return smote_pairs(around, new, draws=draws, notes=(note,))
        level = np.minimum(suitable, self.levels - 1)
        weights = np.zeros(len(rows))
        weights[suitable] = np.exp(-self.theta * (level - level[0]))
        seeds = seeds_by_group(levels, weights, wanted=new, draws=draws)
        partners = partners_in_group(seeds, levels, draws=draws)
        gap = draws.uniform(seeds, counter_of(seeds), "gap")
        return Chosen(Pairs(seeds, partners, gap))


def proximity_levels(split: Split, label: int, *, n_neighbors: int, levels: int) -> Indices:
    """Returns the proximity level of each row of a class, (n,), in 0 .. levels.

    0 is nearest to the other classes; `levels` are the rows that are on none.
    """
    own = split.space.take(split.labels == label)
    foreign = split.space.take(split.labels != label)
    level = np.full(len(own), levels)
    left = np.arange(len(own))
    for number in range(levels):
        reached = np.unique(nearest(foreign, own.take(left), n_neighbors).indices)
        level[left[reached]] = number
        left = np.delete(left, reached)
    return level


def partners_in_group(seeds: Indices, groups: Indices, *, draws: Draws) -> Indices:
    """Returns for each seed another row of its group, drawn evenly, (m,).

    Args:
        seeds: (m,), sorted, of groups of two rows or more.
        groups: The group of each row of the class, (n,).
        draws: Of the class.
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    place = np.empty(len(groups), dtype=np.int64)
    place[order] = np.arange(len(groups))
    first = np.searchsorted(ordered, groups[seeds])
    others = np.searchsorted(ordered, groups[seeds], side="right") - first - 1
    drawn = draws.uniform(seeds, counter_of(seeds), "neighbour")
    chosen = first + (drawn * others).astype(np.int64)
    partners: Indices = order[chosen + (chosen >= place[seeds])]
    return partners
