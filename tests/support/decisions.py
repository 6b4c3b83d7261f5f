"""Rows of classes on a line, with their exact probabilities."""

import numpy as np
from scipy.special import softmax

from tfx_rebalance.components.trainer.thresholds.rule import Given
from tfx_rebalance.components.trainer.thresholds.validation import Validation


def simulated(world, *, seed=0, x=None):
    """Returns drawn rows of a world of normal classes, or rows at `x` (all of class 0).

    Args:
        world: `means` of a feature with deviation 1, and `rows`, per class.
        seed: Of the draw.
        x: The feature's values instead of drawn ones.
    """
    means, rows = np.array(world["means"]), np.array(world["rows"])
    labels = np.repeat(np.arange(len(rows)), rows) if x is None else np.zeros(len(x), int)
    if x is None:
        x = np.random.default_rng(seed).normal(means[labels])
    logits = np.log(rows / rows.sum()) - (x[:, None] - means) ** 2 / 2
    names = tuple(f"c{i}" for i in range(len(rows)))
    return Validation.of(softmax(logits, axis=1), labels, classes=names)


def given_priors(validation, gate=None):
    """Returns the priors of a validation split, and a gate."""
    return Given(natural=validation.rows / validation.rows.sum(), gate=gate)
