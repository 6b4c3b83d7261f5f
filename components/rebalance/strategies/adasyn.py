"""ADASYN: more new rows where the class is harder to learn.

He, Bai, Garcia and Li 2008, "ADASYN: Adaptive Synthetic Sampling Approach for Imbalanced
Learning": r_i is the share of other classes among the K nearest rows of the split; row i gets
g_i = G * r_i / sum(r) of the G new rows.
"""

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from tfx_rebalance.components.rebalance.strategy import Around, Chosen, Synthesizer
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    others_around,
    seeds_by_group,
    smote_pairs,
)
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws, towards_neighbours


class ADASYN(Synthesizer):
    """The rounding of g_i sums to exactly G; partners are of the class, as in imbalanced-learn."""

    n_neighbors: int = Field(default=5, ge=1)
    """K: rows of the split around a row; also `k_neighbors`, unless that is given."""
    looks_around = True

    @property
    def m(self) -> int:
        """As many as `n_neighbors`."""
        return self.n_neighbors

    @model_validator(mode="before")
    @classmethod
    def _one_number_for_both(cls, given: Any) -> Any:
        if isinstance(given, dict) and "n_neighbors" in given:
            return {"k_neighbors": given["n_neighbors"], **given}
        return given

    def pairs(self, around: Around, wanted: int, draws: Draws) -> Chosen:
        """Returns seeds in proportion to r_i, each with a neighbour drawn evenly.

        With other classes around no row all rows are seeds, and a note says so.
        """
        others = others_around(around)
        if not others.any():
            note = f"No row has other classes among its {around.m} nearest rows: every row is a "
            return smote_pairs(around, wanted, draws=draws, notes=(f"{note}seed, as in smote.",))
        weights = np.bincount(others, weights=others).astype(np.float64)
        seeds = seeds_by_group(others, weights, wanted=wanted, draws=draws)
        return Chosen(towards_neighbours(seeds, around.neighbours, draws))
