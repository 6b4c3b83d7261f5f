"""What keys a row, and a group of rows: their content, never their place."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.draws import Keys, mix

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Occurrences:
    """Equal rows, told apart."""

    keys: Keys
    """(n,): a key per row from (content hash, occurrence number)."""
    number: Integers
    """(n,): 0 for the first of equal rows, 1 for the next, ..."""


def occurrences(content: Keys) -> Occurrences:
    """Returns a key and an occurrence number per row.

    Exact duplicates get different keys, and the set of keys depends on the rows only, not on
    their order.

    Args:
        content: A hash of each row's cells, (n,), uint64.
    """
    order = np.argsort(content, kind="stable")
    number = np.empty(len(content), dtype=np.int64)
    number[order] = _ranks_in_runs(content[order])
    with np.errstate(over="ignore"):
        return Occurrences(mix(mix(content) + number.astype(np.uint64)), number)


def _ranks_in_runs(ranked: Keys) -> Integers:
    """Returns 0, 1, ... within each run of equal values, (n,)."""
    if not len(ranked):
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    runs = np.diff(np.r_[starts, len(ranked)])
    ranks: Integers = np.arange(len(ranked)) - np.repeat(starts, runs)
    return ranks
