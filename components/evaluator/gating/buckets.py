"""Buckets of a numeric feature: what they are called, and which one a value is in."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

MISSING = "missing"


def bucket_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Returns the names of the buckets that meet at the edges, one more than there are edges.

    >>> bucket_names([18, 65.5])
    ('below 18', '18 to below 65.5', '65.5 and above')
    """
    texts = [f"{edge:.10g}" for edge in edges]
    between = (f"{low} to below {high}" for low, high in pairwise(texts))
    return (f"below {texts[0]}", *between, f"{texts[-1]} and above")


def buckets_of(values: Any, edges: Sequence[float]) -> npt.NDArray[np.str_]:
    """Returns the name of the bucket of each value, (n,); `missing` where it is NaN.

    Args:
        values: Numbers, (n,).
        edges: Ascending; an edge belongs to the bucket above it, also where values are float32:
            0.01 is less there.
    """
    kind = np.float32 if np.asarray(values).dtype == np.float32 else np.float64
    numbers = np.asarray(values, kind)
    names = np.array([*bucket_names(edges), MISSING])
    places = np.searchsorted(np.asarray(edges, kind), numbers, side="right")
    found: npt.NDArray[np.str_] = names[np.where(np.isnan(numbers), len(edges) + 1, places)]
    return found
