"""What a loss is: parameters, the keras loss they make, and the prior its logits are at.

Reading a config loads these classes, so they import keras only when they build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from tfx_rebalance.components.trainer.priors import Floats
from tfx_rebalance.settings import Settings

if TYPE_CHECKING:
    from tfx_rebalance.components.trainer.losses.terms import LogitsLoss

LEAST_SHARE = 1e-7
"""The share that a class without mass is given where a logarithm is taken."""


class Loss(Settings):
    """A loss by its parameters.

    `mass` is the mass the loss sees: per class the rows times `example_weight` times class weight,
    (C,). A class without mass has no row in training.

    Of a perfect model, softmax of `LogitsLoss.posterior_logits` is the posterior at
    `settled_prior`, which `prior_correction` takes to the natural one.
    """

    weighs_classes: ClassVar[bool] = False
    """Whether it makes up for the classes' shares itself: class weights would do so twice."""

    def build(self, mass: Floats) -> LogitsLoss:
        """Returns a keras loss over int labels, (n,) or (n, 1), and logits, (n, C)."""
        raise NotImplementedError

    def settled_from(self, epochs: int) -> int:
        """Returns the epoch from which on the loss stays as it is: only those can be compared."""
        del epochs
        return 0

    def prior(self, mass: Floats) -> Floats:
        """Returns the prior at which training begins, (C,), summing to 1."""
        return shares(mass)

    def settled_prior(self, mass: Floats, *, epochs: int) -> Floats:
        """Returns the prior of the logits once the loss is settled, (C,), summing to 1."""
        del epochs
        return self.prior(mass)


def shares(mass: Floats) -> Floats:
    """Returns the classes' shares of the mass, (C,).

    Raises:
        ValueError: If a mass is negative or none is positive.
    """
    if not (mass.min() >= 0 and mass.sum() > 0):
        raise ValueError(f"mass must be >= 0 and not all 0, got {mass.tolist()}.")
    part: Floats = mass / mass.sum()
    return part


def log_shares(mass: Floats) -> Floats:
    """Returns the logarithms of the shares, (C,), none below that of `LEAST_SHARE`."""
    logs: Floats = np.log(np.maximum(shares(mass), LEAST_SHARE))
    return logs


def initial_bias(prior: Floats) -> Floats:
    """Returns the bias of the last layer that starts training at the prior, (C,).

    The log priors, with mean 0. With small weights the first loss is then the entropy of the
    priors, not log C, and the first steps are not spent on learning the bias (Lin et al. 2017,
    section 3.3, for two classes).

    Args:
        prior: `Loss.prior` of the loss, or any mass, (C,).
    """
    logs = log_shares(prior)
    bias: Floats = logs - logs.mean()
    return bias
