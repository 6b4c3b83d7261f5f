"""Rows as resampling sees them: numbers to interpolate and categories to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.records.layout import Layout

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

ABSENT = int(np.iinfo(np.int64).min)
"""Stands for a missing integer or category."""


@dataclass(frozen=True)
class Rows:
    """Rows of a split as resampling sees them."""

    numeric: Floats
    """(n, width): the layout's numeric columns side by side, NaN where missing."""
    nominal: Codes
    """(n, nominal columns): equal numbers are equal categories, ABSENT where missing."""

    def __len__(self) -> int:
        return len(self.numeric)

    def take(self, chosen: npt.NDArray[Any]) -> "Rows":
        """Returns some of the rows, by index or mask."""
        return Rows(self.numeric[chosen], self.nominal[chosen])


def concatenated(parts: Sequence[Rows], layout: Layout) -> Rows:
    """Returns the rows of all parts in order."""
    width, nominal = layout.width, len(layout.of("nominal"))
    return Rows(
        np.concatenate([np.empty((0, width)), *(p.numeric for p in parts)]),
        np.concatenate([np.empty((0, nominal), dtype=np.int64), *(p.nominal for p in parts)]),
    )
