"""Focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from tfx_rebalance.components.trainer.losses.loss import Loss
from tfx_rebalance.components.trainer.priors import Floats

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class Focal(Loss):
    """-(1 - p_y) ** gamma * log p_y (Lin et al. 2017, eq. 4; their alpha is a class weight).

    Not a proper score: a perfect model's softmax is less confident than the posterior. What takes
    it there has a closed form (Charoenphakdee et al. 2021, "On focal loss for class-posterior
    probability estimation"): `terms.FocalLoss.posterior_logits`.
    """

    gamma: float = Field(default=2.0, ge=0, le=10)
    """0 is cross-entropy."""

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns the loss (see `Loss.build`)."""
        from tfx_rebalance.components.trainer.losses.terms import FocalLoss

        del mass
        return FocalLoss(self.gamma)
