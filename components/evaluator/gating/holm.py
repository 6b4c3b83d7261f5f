"""Holm's correction for testing many slices."""

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Returns p-values that hold for a whole family, each in [0, 1] and at least its own.

    Rejecting those at most alpha errs anywhere with a chance of at most alpha, however the tests
    depend on each other: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.

    Args:
        p_values: One per test, in [0, 1].

    Raises:
        ValueError: If one is outside [0, 1].
    """
    values = np.asarray(p_values, float)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values must be in [0, 1], got {[*p_values]}.")
    order = np.argsort(values, kind="stable")
    raised = values[order] * np.arange(len(values), 0, -1)
    found = np.empty_like(values)
    found[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(value) for value in found]
