"""How different two categories are: by how differently the classes occur with them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Codes, Floats


@dataclass(frozen=True)
class Table:
    """How often each class occurs with each value of a column."""

    values: Codes
    """(v,), sorted, distinct."""
    counts: npt.NDArray[np.int64]
    """(v, classes)."""

    @property
    def differences(self) -> Floats:
        """The value difference metric, (v, v): sum over classes of |P(c | a) - P(c | b)|.

        Stanfill and Waltz 1986 as modified by Cost and Salzberg 1993, exponent 1 and no weights,
        as in SMOTE-N.
        """
        shares = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        total = np.zeros((len(shares), len(shares)))
        for column in shares.T:
            total += np.abs(column[:, np.newaxis] - column)
        return total


def table_of(codes: Codes, labels: npt.NDArray[np.int64], classes: int) -> Table:
    """Returns the table of a column, (n,), over rows with a label, (n,), below 0 without."""
    known = labels >= 0
    values, places = np.unique(codes[known], return_inverse=True)
    cells = np.bincount(places * classes + labels[known], minlength=len(values) * classes)
    return Table(values, cells.reshape(len(values), classes))


def merged_tables(parts: Sequence[Table]) -> Table:
    """Returns the table of all rows together."""
    values = np.unique(np.concatenate([part.values for part in parts]))
    counts = np.zeros((len(values), parts[0].counts.shape[1]), dtype=np.int64)
    for part in parts:
        counts[np.searchsorted(values, part.values)] += part.counts
    return Table(values, counts)


def by_difference(space: Space, tables: Sequence[Table]) -> Space:
    """Returns the space with the value difference metric in place of the mismatch.

    Args:
        space: Its nominal values all occur in the tables.
        tables: One per nominal column.
    """
    codes = [
        np.searchsorted(table.values, space.nominal[:, column])
        for column, table in enumerate(tables)
    ]
    nominal = np.stack(codes, axis=1) if codes else space.nominal
    return Space(space.numeric, nominal, space.mismatch, tuple(t.differences for t in tables))
