"""Polynom-fit-SMOTE: new rows at even steps along lines through the class.

Gazzah and Ben Amara 2008, "New Oversampling Approaches Based on Polynomial Fitting for Imbalanced
Data Sets". The c new rows of a line from a to b are a + i / (c + 1) * (b - a), i = 1 .. c, as in
smote_variants, which makes as many rows as suits the lines where this makes exactly the number
wanted: lines get c or c + 1, and it is drawn which get more.
"""

from typing import ClassVar, Literal

import numpy as np

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.neighbours.space import moments_of
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.strategy import Around, Chosen, Synthesizer
from tfx_rebalance.components.rebalance.synthesis.in_memory import seeds_among
from tfx_rebalance.components.rebalance.synthesis.pairs import (
    Draws,
    Indices,
    Pairs,
    counter_of,
    even_counts,
    even_seeds,
)
from tfx_rebalance.draws import keyed_draws, mix


class PolynomFitSMOTE(Synthesizer):
    """The paper's polynomial curve is left out: its points are on no line between two rows."""

    keeps_groups: ClassVar[bool] = False
    topology: Literal["star", "bus", "mesh"] = "star"
    """star: from each row to the mean of the class; bus: from each row to the next one, in the
    order of the input; mesh: between any two rows."""

    def pairs(self, around: Around, wanted: int, draws: Draws) -> Chosen:
        """Returns the parents of the new rows; those of a class of one row are copies."""
        if len(around.rows) == 1:
            return Chosen(_copies(wanted))
        if self.topology == "star":
            return Chosen(_star(around.rows.numeric, wanted, draws=draws))
        return Chosen((_bus if self.topology == "bus" else _mesh)(wanted, draws))


def _copies(wanted: int) -> Pairs:
    return Pairs(np.zeros(wanted, dtype=np.int64), np.full(wanted, NOBODY), np.zeros(wanted))


def _star(numeric: Floats, wanted: int, *, draws: Draws) -> Pairs:
    seeds = even_seeds(wanted, draws)
    moments = moments_of(numeric)
    mean = np.where(moments.count > 0, moments.mean, np.nan)
    toward = np.broadcast_to(mean, (wanted, len(mean)))
    return Pairs(seeds, np.full(wanted, NOBODY), _steps(seeds), toward)


def _bus(wanted: int, draws: Draws) -> Pairs:
    seeds = seeds_among(np.arange(len(draws.keys) - 1), wanted, draws=draws)
    return Pairs(seeds, seeds + 1, _steps(seeds))


def _mesh(wanted: int, draws: Draws) -> Pairs:
    rows = len(draws.keys)
    if wanted >= rows * (rows - 1) // 2:
        low, high = np.triu_indices(rows, k=1)
        keys = mix(draws.keys[low]) + draws.keys[high]
        counts = even_counts(wanted, keyed_draws(keys, seed=draws.seed, purpose="lines"))
        low, high = np.repeat(low, counts), np.repeat(high, counts)
        turned = (low + high) % 2 == 0  # Else the first rows would be all the seeds.
    else:
        # There may be too many lines to list: each row draws some, now and then one twice.
        seeds = even_seeds(wanted, draws)
        drawn = draws.uniform(seeds, counter_of(seeds), "neighbour")
        other = (drawn * (rows - 1)).astype(np.int64)
        other += other >= seeds
        low, high, turned = np.minimum(seeds, other), np.maximum(seeds, other), other < seeds
        order = np.lexsort((high, low))
        low, high, turned = low[order], high[order], turned[order]
    gap = _steps(low * rows + high)
    return Pairs(
        np.where(turned, high, low), np.where(turned, low, high), np.where(turned, 1 - gap, gap)
    )


def _steps(lines: Indices) -> Floats:
    """Returns even steps in (0, 1) on each line, (m,); lines are sorted."""
    copies = np.searchsorted(lines, lines, side="right") - np.searchsorted(lines, lines)
    gap: Floats = (counter_of(lines) + 1) / (copies + 1)
    return gap
