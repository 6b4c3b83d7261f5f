"""The n smallest of many draws without holding them: first the bin of the n-th, then the bin.

A shard tells how many of its draws fall into each of BINS equal bins. The sums tell in which bin
the n-th smallest lies, and only the draws in that bin are gathered: 1 / BINS of all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.draws import Keys

BIN_BITS = 12
BINS = 1 << BIN_BITS
_SHIFT = np.uint64(64 - BIN_BITS)

Histogram = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bin:
    """Where the n-th smallest draw lies."""

    place: int
    """In [0, BINS)."""
    left: int
    """How many draws of the bin are among the n smallest, >= 1."""


def histogram(draws: Keys) -> Histogram:
    """Returns how many draws fall into each bin, (BINS,)."""
    return np.bincount((draws >> _SHIFT).astype(np.int64), minlength=BINS)


def bin_of(counts: Histogram, n: int) -> Bin:
    """Returns the bin of the n-th smallest draw.

    Args:
        counts: Draws per bin, (BINS,), of all shards.
        n: At least 1 and at most all draws.

    Raises:
        ValueError: If n is out of range.
    """
    if not 1 <= n <= counts.sum():
        raise ValueError(f"n must be in [1, {counts.sum()}], got {n!r}.")
    up_to = np.cumsum(counts)
    place = int(np.searchsorted(up_to, n))
    return Bin(place, int(n - (up_to[place] - counts[place])))


def draws_in(draws: Keys, place: int) -> Keys:
    """Returns the draws that fall into a bin."""
    inside: Keys = draws[(draws >> _SHIFT) == np.uint64(place)]
    return inside


def cut_of(draws: Keys, left: int) -> np.uint64:
    """Returns the bin's draw that exactly `left` are not above: draws never tie."""
    return np.uint64(np.partition(draws, left - 1)[left - 1])
