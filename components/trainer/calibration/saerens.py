"""The priors of rows without labels, offline."""

from dataclasses import dataclass

import numpy as np

from tfx_rebalance.components.trainer.priors import Floats


@dataclass(frozen=True)
class Shifted:
    """What EM found."""

    priors: Floats
    """(C,), summing to 1: an estimate of the shares of the classes among the rows."""
    probabilities: Floats
    """(n, C), at these priors."""
    iterations: int
    converged: bool
    statistic: float
    """Twice the gain in log likelihood, about chi-squared with C - 1 degrees of freedom where the
    priors have not moved (the paper, section 2.4)."""


def saerens_em(
    probabilities: Floats, priors: Floats, *, tolerance: float = 1e-8, most: int = 1000
) -> Shifted:
    """Returns the priors under which the rows' probabilities agree with themselves.

    Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities", eq. 2.9: in turn the rows' probabilities are taken to the present priors, and
    the priors to the mean of those. Right only if p(x | c) has not changed and the probabilities
    are calibrated at `priors`.

    Args:
        probabilities: (n, C), n > 0, at `priors`, rows summing to 1.
        priors: (C,), > 0 where a row has probability.
        tolerance: Priors that move less have converged.
        most: Iterations.

    Raises:
        ValueError: If there is no row, or a class of prior 0 has probability.
    """
    if not len(probabilities):
        raise ValueError("EM needs at least one row, got none.")
    if (probabilities[:, priors <= 0] > 0).any():
        raise ValueError(f"a class with probability must have a prior > 0, got {priors.tolist()}.")
    ratio = np.divide(
        probabilities, priors, out=np.zeros_like(probabilities), where=priors > 0
    )  # p(x | c) / p(x)
    now, moved, iteration = priors.astype(float), np.inf, 0
    while moved > tolerance and iteration < most:
        joint = ratio * now
        new = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
        moved, now, iteration = float(np.abs(new - now).max()), new, iteration + 1
    joint = ratio * now
    evidence = joint.sum(axis=1)
    return Shifted(
        priors=now,
        probabilities=joint / evidence[:, None],
        iterations=iteration,
        converged=moved <= tolerance,
        statistic=float(2 * np.log(evidence).sum()),
    )
