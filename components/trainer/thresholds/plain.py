"""The rules that follow from the priors alone."""

import numpy as np

from tfx_rebalance.components.trainer.priors import decision_thresholds
from tfx_rebalance.components.trainer.thresholds.rule import (
    FittedDecision,
    Given,
    Rule,
    by_thresholds,
)
from tfx_rebalance.components.trainer.thresholds.validation import Validation


class Argmax(Rule):
    """The most probable class: the fewest errors."""

    def fit(self, validation: Validation, given: Given) -> FittedDecision:
        """Returns equal thresholds."""
        return by_thresholds("argmax", validation, cuts=np.zeros(len(given.natural)))


class Balanced(Rule):
    """The class whose probability exceeds its natural share the most: balanced accuracy."""

    def fit(self, validation: Validation, given: Given) -> FittedDecision:
        """Returns thresholds proportional to the natural priors (`decision_thresholds`)."""
        cuts = np.log(decision_thresholds(given.natural, "balanced"))
        return by_thresholds("balanced", validation, cuts=cuts)
