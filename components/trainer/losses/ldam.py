"""Label-distribution-aware margins with deferred re-weighting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from tfx_rebalance.components.trainer.losses.loss import Loss, shares
from tfx_rebalance.components.trainer.priors import Floats, effective_number_weights

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class LDAM(Loss):
    """Cross-entropy of scale * (f - m_y at the label), Cao et al. 2019, eq. 13, then weighted.

    The margin m_c is proportional to mass_c ** (-1/4), the largest is `max_margin`. From the share
    `start` of the epochs on, rows get `effective_number_weights`. The paper's logits are cosines,
    hence its scale of 30; for the logits of a plain last layer 1 is the natural one.

    The margin moves the label's logit alone, differently for each label, so a perfect model's
    softmax is no posterior at any prior; `terms.DeferredLoss.posterior_logits` makes one of it.
    """

    max_margin: float = Field(default=0.5, ge=0, le=10)
    scale: float = Field(default=1.0, gt=0, le=100)
    start: float = Field(default=0.8, ge=0, le=1)
    """1: never; with `max_margin` 0 and `scale` 1 that is cross-entropy."""
    beta: float = Field(default=0.9999, ge=0, lt=1)
    weighs_classes: ClassVar[bool] = True

    def settled_from(self, epochs: int) -> int:
        """Returns the epoch in which the weights begin (see `Loss.settled_from`)."""
        begin = math.ceil(self.start * epochs)
        return begin if begin < epochs else 0  # They never begin.

    def settled_prior(self, mass: Floats, *, epochs: int) -> Floats:
        """Returns the shares of mass times weight; of mass alone if the weights never begin."""
        if math.ceil(self.start * epochs) >= epochs:
            return shares(mass)
        return shares(mass * effective_number_weights(mass, beta=self.beta))

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns the loss (see `Loss.build`); `terms.Schedule` starts the weights."""
        from tfx_rebalance.components.trainer.losses.terms import DeferredLoss

        return DeferredLoss(
            "ldam",
            margins=margins(mass, largest=self.max_margin),
            later=effective_number_weights(mass, beta=self.beta),
            scale=self.scale,
            start=self.start,
        )


def margins(mass: Floats, *, largest: float) -> Floats:
    """Returns the margin of each class, (C,), in [0, largest]; 0 for a class without mass."""
    raw = np.where(mass > 0, np.where(mass > 0, mass, 1.0) ** -0.25, 0.0)
    scaled: Floats = largest * raw / raw.max()
    return scaled
