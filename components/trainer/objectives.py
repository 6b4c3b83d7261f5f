"""What is measured on `val` to compare epochs and trials, on arrays alone."""

from collections.abc import Sequence

import numpy as np

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest
from tfx_rebalance.scores import (
    Floats,
    Ints,
    average_precisions,
    balanced_accuracy,
    confusion,
    log_loss,
    macro_f1,
    recalls,
)

PATTERN = r"^(log_loss|macro_f1|balanced_accuracy|min_class_recall|pr_auc(:.+)?)$"
"""`pr_auc` is of the rarest class, `pr_auc:<class>` of that one."""


def resolved(objective: str, *, natural: Floats, classes: Sequence[str]) -> str:
    """Returns the objective with its class: `pr_auc` becomes `pr_auc:<rarest>`.

    Raises:
        ConfigError: If there is no such class.
    """
    if objective == "pr_auc":
        seen = np.where(natural > 0, natural, np.inf)
        return f"pr_auc:{classes[int(np.argmin(seen))]}"
    _, _, name = objective.partition(":")
    if name and name not in classes:
        raise ConfigError(
            f"{objective!r} names the class {name!r}, which the schema's label domain does not have"
            f"{nearest(classes, name)}. Allowed: {', '.join(classes)}."
        )
    return objective


def measured(
    objective: str,
    probabilities: Floats,
    labels: Ints,
    *,
    natural: Floats,
    classes: Sequence[str],
    decisions: Ints | None = None,
) -> float:
    """Returns the objective's value; less is better for `log_loss`, more for the others.

    Args:
        objective: As `resolved` returns it.
        probabilities: At the natural prior, (n, C).
        labels: (n,).
        natural: The natural prior, (C,).
        classes: The C classes' names.
        decisions: Class indices, (n,), for what needs decisions; None: the classes whose
            probability exceeds its natural share the most for `balanced_accuracy` and
            `min_class_recall`, the most probable ones for `macro_f1`.
    """
    kind, _, name = objective.partition(":")
    if kind == "log_loss":
        return log_loss(probabilities, labels)
    if kind == "pr_auc":
        return float(average_precisions(probabilities, labels)[classes.index(name)])
    if decisions is None:
        least = np.where(natural > 0, natural, 1.0)
        scores = probabilities if kind == "macro_f1" else probabilities / least
        decisions = np.argmax(scores, axis=1)
    counts = confusion(labels, decisions, classes=len(classes))
    if kind == "macro_f1":
        return macro_f1(counts)
    if kind == "balanced_accuracy":
        return balanced_accuracy(counts)
    if kind == "min_class_recall":
        return float(np.nanmin(recalls(counts)))
    raise ValueError(f"objective must match {PATTERN}, got {objective!r}.")


def is_better(objective: str, value: float, than: float) -> bool:
    """Returns whether a value is strictly better; nothing is better than it was for NaN."""
    return value < than if objective == "log_loss" else value > than


def worst(objective: str) -> float:
    """Returns the value that any other is better than."""
    return np.inf if objective == "log_loss" else -np.inf
