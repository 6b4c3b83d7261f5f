"""Class weights, the correction to the natural prior and the decision rule, on arrays alone."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tfx_rebalance.settings import Settings

Floats = npt.NDArray[np.float64]


class EffectiveNumber(Settings):
    """Class weights by the effective number of rows; see `effective_number_weights`."""

    scheme: Literal["effective_number"] = "effective_number"
    beta: float = Field(default=0.9999, ge=0, lt=1)
    """0 weighs all classes the same; towards 1 the weights become `balanced`."""


def class_weights(
    mass: Floats,
    scheme: str | EffectiveNumber | Mapping[str, float],
    *,
    classes: tuple[str, ...],
) -> Floats:
    """Returns the weight of each class in the loss, (classes,).

    `balanced` is total / (C * mass_c), scikit-learn's `compute_class_weight`, over the C classes
    that have mass; a class without any gets 0. `sqrt` is proportional to the square root of
    `balanced`. With `balanced`, `sqrt` and `EffectiveNumber` the mean weight over the mass is 1, so
    the loss keeps its scale and the learning rate its meaning.

    Args:
        mass: Sum of `example_weight` per class over the training split, (classes,).
        scheme: `none`, `balanced`, `sqrt`, an `EffectiveNumber`, or class -> weight with 1 for the
            classes left out.
        classes: The classes' names.

    Raises:
        ValueError: If the scheme is not one of these.
    """
    if isinstance(scheme, EffectiveNumber):
        return effective_number_weights(mass, beta=scheme.beta)
    if not isinstance(scheme, str):
        return np.array([scheme.get(name, 1.0) for name in classes])
    if scheme == "none":
        return np.ones(len(mass))
    if scheme == "balanced":
        present = mass > 0
        per_class = mass.sum() / (present.sum() * np.where(present, mass, 1.0))
        return np.where(present, per_class, 0.0)
    if scheme == "sqrt":
        return _of_mean_one(np.sqrt(1 / np.where(mass > 0, mass, 1.0)), mass)
    raise ValueError(
        "class_weights must be none, balanced, sqrt, effective_number or a mapping, "
        f"got {scheme!r}."
    )


def effective_number_weights(mass: Floats, *, beta: float) -> Floats:
    """Returns weights proportional to (1 - beta) / (1 - beta ** mass_c), (classes,).

    Cui et al. 2019, "Class-balanced loss based on effective number of samples", eq. 4, with the
    mass for the number of samples. They scale the weights to sum to C; here the mean over the mass
    is 1, as with `balanced`, their limit for beta towards 1. Ratios are the same. A class without
    mass gets 0.

    Args:
        mass: (classes,), >= 0.
        beta: In [0, 1).
    """
    decay = np.log(beta) if beta > 0 else -np.inf
    return _of_mean_one(-1 / np.expm1(decay * np.where(mass > 0, mass, 1.0)), mass)


def _of_mean_one(weights: Floats, mass: Floats) -> Floats:
    """Returns the weights scaled so that their mean over the mass is 1; 0 where there is none."""
    total = (weights * mass).sum()
    scaled: Floats = np.where(mass > 0, weights * (mass.sum() / total if total else 0.0), 0.0)
    return scaled


def weights_for_mix(mass: Floats, shares: Floats) -> Floats:
    """Returns class weights under which rows of another mix weigh like `shares`, (classes,).

    With them a loss on `val`, which has the natural mix, is an estimate of the loss that training
    minimises on its own mix. The weighted mass stays what it was.

    Args:
        mass: Mass per class of the rows to be weighted, (classes,), all > 0.
        shares: The wanted share of each class, (classes,), summing to 1.
    """
    weights: Floats = shares * mass.sum() / mass
    return weights


def prior_correction(natural: Floats, trained: Floats) -> Floats:
    """Returns the factors from probabilities at the trained prior to the natural one, (classes,).

    p_c(natural) is proportional to p_c(trained) * natural_c / trained_c (King and Zeng 2001,
    eq. 27, for several classes). Exact where training changed only how often a class is seen:
    random sampling and weights.

    Args:
        natural: Shares of the classes where the model will serve, (classes,), summing to 1.
        trained: Shares of the mass the loss saw, (classes,), summing to 1.
    """
    return np.divide(natural, trained, out=np.zeros_like(natural), where=trained > 0)


def decision_thresholds(natural: Floats, rule: str) -> Floats:
    """Returns the thresholds t of the decision argmax_c p_c / t_c, (classes,), > 0, largest 1.

    `argmax`: all equal, the fewest errors. `balanced`: t_c proportional to the natural share of
    c, the Bayes rule for balanced accuracy (Menon et al. 2021, section 3).

    Raises:
        ValueError: If the rule is not one of these.
    """
    if rule == "argmax":
        return np.ones(len(natural))
    if rule == "balanced":
        # A class never seen must not win by dividing by nothing.
        return np.where(natural > 0, natural / natural.max(), 1.0)
    raise ValueError(f"decision must be argmax or balanced, got {rule!r}.")
