"""Logit-adjusted cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from tfx_rebalance.components.trainer.losses.loss import Loss, log_shares, shares
from tfx_rebalance.components.trainer.priors import Floats

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class LogitAdjusted(Loss):
    """-log softmax(f + tau * log pi)_y with pi the shares of the mass (Menon et al. 2021, eq. 10).

    Cross-entropy makes softmax(f + tau log pi) the posterior at pi, which is proportional to
    p(x | c) * pi_c. So softmax(f) is proportional to p(x | c) * pi_c ** (1 - tau): the posterior
    at the prior pi ** (1 - tau), renormalised. That is the even prior for tau = 1, and the
    correction from it is exact. The balanced decision of the corrected probabilities is argmax f
    for tau = 1.
    """

    tau: float = Field(default=1.0, ge=0, le=5)
    """0 is cross-entropy."""
    weighs_classes: ClassVar[bool] = True

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns the loss (see `Loss.build`)."""
        from tfx_rebalance.components.trainer.losses.terms import ShiftedLoss

        shift = np.tile(self.tau * log_shares(mass), (len(mass), 1))
        return ShiftedLoss("logit_adjusted", shift=shift, weights=np.ones(len(mass)))

    def prior(self, mass: Floats) -> Floats:
        """Returns pi ** (1 - tau), renormalised, (C,); 0 for a class without mass.

        A class without mass has no row that could teach its logit anything.
        """
        logs = (1 - self.tau) * log_shares(mass)
        return shares(np.where(mass > 0, np.exp(logs - logs.max()), 0.0))
