"""Cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfx_rebalance.components.trainer.losses.loss import Loss
from tfx_rebalance.components.trainer.priors import Floats

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss


class CrossEntropy(Loss):
    """-log softmax(f)_y: the logits are at the prior of the mass."""

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns keras' own loss (see `Loss.build`)."""
        from tfx_rebalance.components.trainer.losses.terms import LogitsLoss

        del mass
        return LogitsLoss("cross_entropy")
