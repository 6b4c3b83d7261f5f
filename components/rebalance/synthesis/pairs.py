"""Which rows the new ones come from: a seed, a partner and how far towards it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.draws import Keys, keyed_draws, mix

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """The parents of new rows: new = seed + gap * (partner - seed)."""

    seed: Indices
    """(m,), into the class's rows."""
    partner: Indices
    """(m,), into the class's rows; NOBODY: the new row is a copy of its seed, unless `toward`."""
    gap: Floats
    """(m,), in [0, 1]."""
    toward: Floats | None = None
    """(m, width), unscaled: what to go to instead of a row of the class, NaN where not."""
    foreign: Keys | None = None
    """(m,): the row key of the partner where that is a row of another class."""

    def __len__(self) -> int:
        return len(self.seed)

    def take(self, chosen: npt.NDArray[Any]) -> "Pairs":
        """Returns some of the pairs, by index or mask."""
        return Pairs(
            self.seed[chosen],
            self.partner[chosen],
            self.gap[chosen],
            None if self.toward is None else self.toward[chosen],
            None if self.foreign is None else self.foreign[chosen],
        )


@dataclass(frozen=True)
class Draws:
    """Random numbers for a class: each is keyed by a row of the class and a counter."""

    keys: Keys
    """(n,): the row keys of the class."""
    seed: int

    def of_rows(self, purpose: str) -> Keys:
        """Returns a draw per row, (n,), uint64."""
        return keyed_draws(self.keys, seed=self.seed, purpose=purpose)

    def uniform(self, rows: Indices, counter: Indices, purpose: str) -> Floats:
        """Returns a number in [0, 1) for each (row, counter), (m,)."""
        keys = mix(self.keys[rows]) + counter.astype(np.uint64)
        drawn = keyed_draws(keys, seed=self.seed, purpose=purpose)
        numbers: Floats = (drawn >> np.uint64(11)) * 2.0**-53
        return numbers


def even_seeds(wanted: int, draws: Draws) -> Indices:
    """Returns the seed of each new row, (wanted,), sorted.

    Each row floor(wanted / n) times and those with the smallest draws once more: the stratified
    form of imbalanced-learn's drawing with replacement, the same expectation with less luck.
    """
    return np.repeat(np.arange(len(draws.keys)), even_counts(wanted, draws.of_rows("seeds")))


def even_counts(wanted: int, drawn: Keys) -> Indices:
    """Returns how often each row is taken, (n,), summing to `wanted`.

    Raises:
        ValueError: If rows are wanted and there are none.
    """
    if not len(drawn):
        if wanted:
            raise ValueError(f"wanted must be 0 without rows, got {wanted!r}.")
        return np.empty(0, dtype=np.int64)
    whole, extra = divmod(wanted, len(drawn))
    counts = np.full(len(drawn), whole)
    counts[np.argsort(drawn, kind="stable")[:extra]] += 1
    return counts


def weighted_counts(wanted: int, weights: Floats) -> Indices:
    """Returns how often each row is taken, (n,): in proportion to its weight, exactly `wanted`.

    Largest remainders; of equal ones the earlier row's.

    Args:
        wanted: Rows in all.
        weights: (n,), >= 0, with a positive sum.

    Raises:
        ValueError: If there is no weight.
    """
    if not weights.sum() > 0:
        raise ValueError("weights must have a positive sum.")
    exact = wanted * weights / weights.sum()
    counts: Indices = np.floor(exact).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: wanted - counts.sum()]] += 1
    return counts


def counter_of(seeds: Indices) -> Indices:
    """Returns for each new row the how manieth of its seed it is, (m,); seeds are sorted."""
    return np.arange(len(seeds)) - np.searchsorted(seeds, seeds, side="left")


def towards_neighbours(
    seeds: Indices, neighbours: Indices, draws: Draws, *, longest: float = 1.0
) -> Pairs:
    """Returns pairs of each seed with one of its neighbours, drawn evenly, and an even gap.

    Args:
        seeds: (m,), sorted.
        neighbours: (n, k), each row's neighbours in the class, NOBODY after the last.
        draws: Of the class.
        longest: The gap is in [0, longest).
    """
    counter = counter_of(seeds)
    known = (neighbours != NOBODY).sum(axis=1)[seeds]
    place = (draws.uniform(seeds, counter, "neighbour") * known).astype(np.int64)
    gap = draws.uniform(seeds, counter, "gap") * longest
    if not neighbours.shape[1]:
        return Pairs(seeds, np.full(len(seeds), NOBODY), gap)
    partner = np.where(known > 0, neighbours[seeds, place], NOBODY)
    return Pairs(seeds, partner, gap)
