"""New rows from pairs of rows: numbers interpolated, categories by vote, the rest from the seed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.rows import Codes, Floats, Rows
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices, Pairs


@dataclass(frozen=True)
class Born:
    """New rows, and where their parts come from."""

    rows: Rows
    """Numbers and categories of the m new rows."""
    donors: Indices
    """(m, nominal columns): the row of the class that gives each category."""
    seed: Indices
    """(m,): the row of the class that gives everything else."""


def born(
    rows: Rows, pairs: Pairs, neighbours: Indices, *, whole: npt.NDArray[np.bool_] | None = None
) -> Born:
    """Returns the new rows of a class.

    A number lies between its parents'; one that is missing in the seed stays missing, and one
    that is missing only in the partner is the seed's. A category is the most frequent one among
    the seed's neighbours (SMOTE-NC: Chawla et al. 2002, section 6.1), and where there are no
    numbers among the seed and its neighbours (SMOTE-N, section 6.2); of equally frequent ones the
    nearest's. Without neighbours it is the seed's.

    Args:
        rows: Of the class, n.
        pairs: The parents.
        neighbours: (n, k), each row's neighbours in the class, NOBODY after the last.
        whole: Which numeric columns are whole numbers, (width,): they are rounded.
    """
    voters = neighbours if rows.numeric.shape[1] else _with_seeds(neighbours)
    donors = voted(rows.nominal, voters)[pairs.seed]
    # A copy of a row is a copy in everything.
    alone = (pairs.partner == NOBODY) & _nowhere(pairs)
    donors[alone] = pairs.seed[alone, np.newaxis]
    numeric = _between(rows.numeric, pairs)
    if whole is not None:
        numeric[:, whole] = np.rint(numeric[:, whole])
    columns = np.arange(rows.nominal.shape[1])
    return Born(Rows(numeric, rows.nominal[donors, columns]), donors, pairs.seed)


def voted(nominal: Codes, neighbours: Indices) -> Indices:
    """Returns for each row and category column a neighbour that has the winning value, (n, c).

    Args:
        nominal: (n, c).
        neighbours: (n, k), nearest first, NOBODY after the last; a row without any is its own.
    """
    rows, columns = nominal.shape
    donors = np.repeat(np.arange(rows)[:, np.newaxis], columns, axis=1)
    if not neighbours.shape[1]:
        return donors
    there = neighbours != NOBODY
    asked = np.flatnonzero(there.any(axis=1))
    for column in range(columns):
        values = nominal[:, column][neighbours[asked]]
        equal = values[:, :, np.newaxis] == values[:, np.newaxis, :]
        votes = (equal & there[asked][:, np.newaxis, :]).sum(axis=2)
        winner = votes.argmax(axis=1)
        donors[asked, column] = neighbours[asked, winner]
    return donors


def _with_seeds(neighbours: Indices) -> Indices:
    """Returns the neighbours with each row before its own, (n, k + 1), if it has any."""
    own = np.where((neighbours != NOBODY).any(axis=1), np.arange(len(neighbours)), NOBODY)
    return np.concatenate([own[:, np.newaxis], neighbours], axis=1)


def _nowhere(pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Returns which pairs have no point to go towards other than a partner, (m,)."""
    if pairs.toward is None:
        return np.ones(len(pairs), dtype=np.bool_)
    nowhere: npt.NDArray[np.bool_] = np.isnan(pairs.toward).all(axis=1)
    return nowhere


def _between(numeric: Floats, pairs: Pairs) -> Floats:
    start = numeric[pairs.seed]
    known = np.where(pairs.partner == NOBODY, pairs.seed, pairs.partner)
    end = numeric[known]
    if pairs.toward is not None:
        end = np.where(np.isnan(pairs.toward), end, pairs.toward)
    end = np.where(np.isnan(end), start, end)
    between: Floats = start + pairs.gap[:, np.newaxis] * (end - start)
    # Rounding may lead past the end, and a number may have to be positive.
    return np.clip(between, np.minimum(start, end), np.maximum(start, end), out=between)
