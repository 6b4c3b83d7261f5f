"""Class weights, the correction to the natural prior and the decision rule, on arrays alone."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def class_weights(
    mass: Floats, scheme: str | Mapping[str, float], *, classes: tuple[str, ...]
) -> Floats:
    """Returns the weight of each class in the loss, (classes,).

    `balanced` is total / (C * mass_c), scikit-learn's `compute_class_weight`, over the C classes
    that have mass; a class without any gets 0.

    Args:
        mass: Sum of `example_weight` per class over the training split, (classes,).
        scheme: `none`, `balanced`, or class -> weight with 1 for the classes left out.
        classes: The classes' names.

    Raises:
        ValueError: If the scheme is not one of these.
    """
    if not isinstance(scheme, str):
        return np.array([scheme.get(name, 1.0) for name in classes])
    if scheme == "none":
        return np.ones(len(mass))
    if scheme == "balanced":
        present = mass > 0
        per_class = mass.sum() / (present.sum() * np.where(present, mass, 1.0))
        return np.where(present, per_class, 0.0)
    raise ValueError(f"class_weights must be none, balanced or a mapping, got {scheme!r}.")


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
