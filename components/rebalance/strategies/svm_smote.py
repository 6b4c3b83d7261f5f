"""SVM-SMOTE: new rows along the border that a support vector machine finds.

Nguyen, Cooper and Kamei 2011, "Borderline Over-sampling for Imbalanced Data Classification": seeds
are the class's support vectors that are no noise. Where less than half of the m nearest rows are of
other classes the class is pushed outwards, new = x + gap * (x - x_neighbour); elsewhere new rows
lie between the seed and a neighbour of its class.
"""

import numpy as np
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.strategies.borderline_smote import in_danger
from tfx_rebalance.components.rebalance.strategy import Around, Chosen, Mask, Split, Verdict, Wanted
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    grown,
    others_around,
    rows_of_class,
    seeds_by_group,
    smote_pairs,
)
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices, Pairs, towards_neighbours
from tfx_rebalance.errors import ConfigError

INWARDS, OUTWARDS = 0, 1
MOST_ROWS = 20_000
"""Fitting takes time in proportion to the square of the rows at least."""


class SVMSMOTE(InformedOverSampler):
    """Half of the new rows outwards and half inwards, or all one way if no seed goes the other.

    imbalanced-learn draws the halves from Beta(10, 10) and, without seeds for one of them, makes
    fewer rows. The machine is its default, scikit-learn's SVC, and sees the numbers alone.
    """

    m_neighbors: int = Field(default=10, ge=1)
    """Rows of the split around a support vector that say whether it is noise, in danger or safe."""
    out_step: float = Field(default=0.5, ge=0, le=1)
    """Outwards the gap is below this."""

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns all rows and the new ones; a class without seeds as in SMOTE.

        Raises:
            ConfigError: If the split has more than `MOST_ROWS`.
        """
        if len(split.labels) > MOST_ROWS:
            raise ConfigError(
                f"rebalance.strategy svm_smote fits a support vector machine to all "
                f"{len(split.labels)} rows of the split. Allowed: up to {MOST_ROWS}; use "
                "borderline_smote, which finds the border by neighbours."
            )
        support = support_vectors(split)

        def chosen(label: int, new: int) -> Chosen:
            draws = class_draws(split, label, seed=wanted.seed)
            around = around_class(split, label, k=self.k_neighbors, m=self.m_neighbors)
            groups = _inwards_or_outwards(around, support[rows_of_class(split, label)])
            halves = np.array([(groups == group).any() for group in (INWARDS, OUTWARDS)])
            if not halves.any():
                note = "No support vector has its class near it: new rows are made as by smote."
                return smote_pairs(around, new, draws=draws, notes=(note,))
            seeds = seeds_by_group(groups, halves.astype(np.float64), wanted=new, draws=draws)
            pairs = towards_neighbours(seeds, around.neighbours, draws)
            outwards = groups[seeds] == OUTWARDS
            return Chosen(self._turned(pairs, around.rows.numeric, outwards=outwards))

        return grown(split, wanted, chosen)

    def _turned(self, pairs: Pairs, numeric: Floats, *, outwards: Mask) -> Pairs:
        """Returns the pairs with those marked turned away from their partners."""
        outwards = outwards & (pairs.partner != NOBODY)
        away = 2 * numeric[pairs.seed] - numeric[pairs.partner]
        return Pairs(
            seed=pairs.seed,
            partner=pairs.partner,
            gap=np.where(outwards, self.out_step * pairs.gap, pairs.gap),
            toward=np.where(outwards[:, np.newaxis], away, np.nan),
        )


def _inwards_or_outwards(around: Around, support: Mask) -> Indices:
    """Returns INWARDS for a support vector in danger, OUTWARDS for a safe one, else -1, (n,)."""
    safe = 2 * others_around(around) < around.m
    groups: Indices = np.select(
        [support & in_danger(around), support & safe], [INWARDS, OUTWARDS], -1
    )
    return groups


def support_vectors(split: Split) -> Mask:
    """Returns which rows are support vectors, (n,); none with one class only or without numbers."""
    from sklearn.svm import SVC
    from threadpoolctl import threadpool_limits

    found = np.zeros(len(split.labels), dtype=np.bool_)
    if not split.space.numeric.size or (split.labels == split.labels[0]).all():
        return found
    # The solution depends on the order of the rows, if only by its tolerance.
    order = np.argsort(split.keys, kind="stable")
    with threadpool_limits(limits=1):
        machine = SVC(gamma="scale").fit(split.space.numeric[order], split.labels[order])
    found[order[machine.support_]] = True
    return found
