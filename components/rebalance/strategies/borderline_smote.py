"""Borderline-SMOTE: new rows only around the rows that another class presses upon.

Han, Wang and Mao 2005, "Borderline-SMOTE: A New Over-Sampling Method in Imbalanced Data Sets
Learning": of the m nearest rows of the split, m' are of another class. A row is safe for
m' < m / 2, in danger for m / 2 <= m' < m, noise for m' = m. The seeds are the rows in danger.
"""

import numpy as np
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.exact import nearest_others
from tfx_rebalance.components.rebalance.strategy import (
    Around,
    Chosen,
    Mask,
    Split,
    Synthesizer,
    Verdict,
    Wanted,
)
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    grown,
    others_around,
    rows_of_class,
    seeds_among,
    smote_pairs,
    towards_rows,
)
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws, counter_of, towards_neighbours


class BorderlineSMOTE(Synthesizer):
    """Borderline-SMOTE1: partners are neighbours of the seed's class, gaps in [0, 1)."""

    m_neighbors: int = Field(default=10, ge=1)
    """Rows of the split around a row that say whether it is in danger."""
    looks_around = True

    @property
    def m(self) -> int:
        """As many as `m_neighbors`."""
        return self.m_neighbors

    def pairs(self, around: Around, wanted: int, draws: Draws) -> Chosen:
        """Returns even seeds among the rows in danger, each with a neighbour drawn evenly.

        With no row in danger all rows are seeds, and a note says so.
        """
        danger = np.flatnonzero(in_danger(around))
        if not len(danger):
            return smote_pairs(around, wanted, draws=draws, notes=(_nobody_in_danger(around),))
        seeds = seeds_among(danger, wanted, draws=draws)
        return Chosen(towards_neighbours(seeds, around.neighbours, draws))


class BorderlineSMOTE2(InformedOverSampler):
    """Borderline-SMOTE2: partners are of any class, gaps in [0, 0.5) towards another class.

    As in imbalanced-learn a partner is drawn evenly from the seed's k nearest rows of the split,
    so the share of new rows towards other classes is that of the other classes around the seeds.
    The gap is the paper's; imbalanced-learn multiplies two draws, in [0, 1) and in [0, 0.5).
    """

    m_neighbors: int = Field(default=10, ge=1)
    """Rows of the split around a row that say whether it is in danger."""

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns all rows and the new ones; a class without rows in danger as in kind 1."""
        return grown(
            split, wanted, lambda label, new: self._chosen(split, label, new=new, seed=wanted.seed)
        )

    def _chosen(self, split: Split, label: int, *, new: int, seed: int) -> Chosen:
        draws = class_draws(split, label, seed=seed)
        around = around_class(split, label, k=self.k_neighbors, m=self.m_neighbors)
        danger = np.flatnonzero(in_danger(around))
        if not len(danger):
            return smote_pairs(around, new, draws=draws, notes=(_nobody_in_danger(around),))
        members = rows_of_class(split, label)[danger]
        points = split.space.take(members)
        near = nearest_others(points, split.space, self.k_neighbors, own=members).indices
        seeds = seeds_among(danger, new, draws=draws)
        counter = counter_of(seeds)
        place = (draws.uniform(seeds, counter, "neighbour") * near.shape[1]).astype(np.int64)
        partners = near[np.searchsorted(danger, seeds), place]
        longest = np.where(split.labels[partners] == label, 1.0, 0.5)
        gap = draws.uniform(seeds, counter, "gap") * longest
        return Chosen(towards_rows(split, label, seeds=seeds, partners=partners, gap=gap))


def in_danger(around: Around) -> Mask:
    """Returns which rows of the class are in danger: m / 2 <= m' < m, (n,)."""
    others = others_around(around)
    danger: Mask = (2 * others >= around.m) & (others < around.m)
    return danger


def _nobody_in_danger(around: Around) -> str:
    return (
        f"No row has from half to all but one of its {around.m} nearest rows in other classes: "
        "every row is a seed, as in smote."
    )
