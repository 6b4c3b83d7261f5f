"""Focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tfx_rebalance.components.trainer.losses.loss import Loss
from tfx_rebalance.components.trainer.priors import Floats

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class Focal(Loss):
    """-(1 - p_y) ** gamma * log p_y (Lin et al. 2017, eq. 4; their alpha is a class weight).

    Not a proper score: a perfect model's softmax is not the posterior at any prior but less
    confident (Charoenphakdee et al. 2021, "On focal loss for class-posterior probability
    estimation"), so there is no prior to correct from.
    """

    gamma: float = Field(default=2.0, ge=0, le=10)
    """0 is cross-entropy."""
    correction: ClassVar[Literal["exact", "none"]] = "none"

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns the loss (see `Loss.build`)."""
        from tfx_rebalance.components.trainer.losses.terms import FocalLoss

        del mass
        return FocalLoss(self.gamma)
