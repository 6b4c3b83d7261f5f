"""The decision of the least expected cost.

Deciding d costs sum_c p_c * M[c, d] on average (Elkan 2001). What is added to a row of M is paid
whatever is decided, so with the gains G[c, d] = max_j M[c, j] - M[c, d] >= 0 the decision is argmax
over d of (p @ G)_d. Where a miss costs the same whatever it is taken for, G can be made diagonal,
and the rule is p_c / t_c with t_c = 1 / (cost of a miss - cost of a hit); two classes always fit.
Else no thresholds do the same, and the scores are p @ G.
"""

import numpy as np
from pydantic import Field, field_validator

from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.components.trainer.thresholds.rule import (
    FittedDecision,
    Given,
    Rule,
    by_thresholds,
    outcomes,
)
from tfx_rebalance.components.trainer.thresholds.validation import Validation, confusion
from tfx_rebalance.errors import ConfigError


class Cost(Rule):
    """The least expected cost under a cost matrix."""

    cost: tuple[tuple[float, ...], ...] = Field(min_length=2)
    """Row c, column d: what deciding d costs where c is true; classes in the order of the data."""

    @field_validator("cost")
    @classmethod
    def _square(cls, cost: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        if any(len(row) != len(cost) for row in cost):
            raise ValueError(f"cost must be square, got rows of {[len(row) for row in cost]}")
        for c, row in enumerate(cost):
            if any(other <= row[c] for d, other in enumerate(row) if d != c):
                raise ValueError(f"a wrong decision must cost more than the right one, row {c}")
        return cost

    def fit(self, validation: Validation, given: Given) -> FittedDecision:
        """Returns gains, and thresholds where there are some (see `Rule.fit`)."""
        del given
        costs, n = np.array(self.cost), len(validation.classes)
        if len(costs) != n:
            raise ConfigError(
                f"cost must have a row for each of the {n} classes, got {len(costs)}."
            )
        cuts = equivalent_cuts(costs)
        if cuts is not None:
            return by_thresholds("cost", validation, cuts=cuts)
        gains = costs.max(axis=1, keepdims=True) - costs
        gains /= gains.max()
        scores = np.exp(validation.logs) @ gains
        return FittedDecision(
            rule="cost",
            classes=validation.classes,
            thresholds=None,
            gains=tuple(map(tuple, gains.tolist())),
            outcomes=outcomes(validation, confusion(validation, scores)),
        )


def equivalent_cuts(costs: Floats) -> Floats | None:
    """Returns the logarithms of the thresholds that decide alike, (C,), or None if none do.

    Args:
        costs: (C, C), off-diagonal entries above their row's diagonal one.
    """
    n = len(costs)
    misses = costs[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    extra = misses - np.diag(costs)[:, None]
    if not np.allclose(extra, extra[:, :1], rtol=1e-12, atol=0):
        return None
    cuts: Floats = -np.log(extra[:, 0])
    return cuts
