"""Class-balanced cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from tfx_rebalance.components.trainer.losses.loss import Loss, shares
from tfx_rebalance.components.trainer.priors import Floats, effective_number_weights

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class ClassBalanced(Loss):
    """Cross-entropy times `effective_number_weights` (Cui et al. 2019, eq. 5).

    The same as the class weights `effective_number`: take one of them, both count twice.
    """

    beta: float = Field(default=0.9999, ge=0, lt=1)
    """0 is cross-entropy; towards 1 all classes have the same mass."""
    weighs_classes: ClassVar[bool] = True

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns the loss (see `Loss.build`)."""
        from tfx_rebalance.components.trainer.losses.terms import ShiftedLoss

        weights = effective_number_weights(mass, beta=self.beta)
        nothing = np.zeros((len(mass), len(mass)))
        return ShiftedLoss("class_balanced", shift=nothing, weights=weights)

    def prior(self, mass: Floats) -> Floats:
        """Returns the shares of mass times weight: the correction is exact, as for weights."""
        return shares(mass * effective_number_weights(mass, beta=self.beta))
