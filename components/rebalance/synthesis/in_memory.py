"""What the SMOTE family shares beyond SMOTE: seeds by weight, a class of a split in memory."""

from collections.abc import Callable

import numpy as np
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY, nearest_others
from tfx_rebalance.components.rebalance.neighbours.space import Space, mismatch_of
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.strategy import (
    Around,
    Chosen,
    Informed,
    Split,
    Verdict,
    Wanted,
)
from tfx_rebalance.components.rebalance.synthesis.pairs import (
    Draws,
    Indices,
    Pairs,
    even_counts,
    even_seeds,
    towards_neighbours,
    weighted_counts,
)
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    oversampled,
)


def seeds_among(rows: Indices, wanted: int, *, draws: Draws) -> Indices:
    """Returns the seed of each new row, (wanted,), sorted: evenly the given rows (`even_seeds`).

    Args:
        rows: Into the class's rows, sorted.
        wanted: New rows in all.
        draws: Of the class.

    Raises:
        ValueError: If rows are wanted of none.
    """
    return np.repeat(rows, even_counts(wanted, draws.of_rows("seeds")[rows]))


def seeds_by_group(groups: Indices, weights: Floats, *, wanted: int, draws: Draws) -> Indices:
    """Returns the seed of each new row, (wanted,), sorted: groups by weight, evenly within each.

    Each group has its share to less than one row, and so has each of its rows: which of them have
    one more is drawn. Largest remainders row by row would go to the same rows for every seed and,
    where fewer rows are wanted than there are, to none but the heaviest.

    Args:
        groups: The group of each row of the class, (n,); below 0: it is no seed.
        weights: Of each group as a whole, (g,), >= 0, with a positive sum; 0 of an empty group.
        wanted: New rows in all.
        draws: Of the class.
    """
    parts = [
        seeds_among(np.flatnonzero(groups == group), count, draws=draws)
        for group, count in enumerate(weighted_counts(wanted, weights).tolist())
    ]
    return np.sort(np.concatenate(parts))


class InformedOverSampler(Informed):
    """Makes new rows of a class from pairs, having seen all rows of the split."""

    k_neighbors: int = Field(default=5, ge=1)
    """Neighbours a seed may go towards; fewer where the class is smaller."""

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows to end with of each class (see `oversampled`)."""
        return oversampled(counts, sampling_strategy)


def new_rows(split: Split, wanted: Wanted) -> dict[int, int]:
    """Returns how many new rows each class gets, by class index; only classes that get some."""
    growth = {
        label: target - int(np.count_nonzero(split.labels == label))
        for label, target in sorted(wanted.targets.items())
    }
    return {label: new for label, new in growth.items() if new > 0}


def grown(split: Split, wanted: Wanted, choose: Callable[[int, int], Chosen]) -> Verdict:
    """Returns the verdict that keeps every row and adds what `choose` says of each growing class.

    Args:
        split: All rows.
        wanted: The targets.
        choose: From a class index and its number of new rows to exactly so many pairs.
    """
    chosen = {label: choose(label, new) for label, new in new_rows(split, wanted).items()}
    return Verdict(
        kept=np.ones(len(split.labels), dtype=np.bool_),
        pairs={label: one.pairs for label, one in chosen.items()},
        notes={label: one.notes for label, one in chosen.items() if one.notes},
    )


def rows_of_class(split: Split, label: int) -> Indices:
    """Returns where the rows of a class are, (n,), into the split's rows, sorted."""
    return np.flatnonzero(split.labels == label)


def class_draws(split: Split, label: int, *, seed: int) -> Draws:
    """Returns the random numbers of a class: those it has outside memory too."""
    return Draws(split.keys[rows_of_class(split, label)], seed)


def class_space(split: Split, label: int) -> Space:
    """Returns the rows of a class as points among themselves.

    The `mismatch` is that of the class, as SMOTE-NC has it.
    """
    part = split.space.take(rows_of_class(split, label))
    return Space(part.numeric, part.nominal, mismatch_of(part.numeric), part.differences)


def around_class(split: Split, label: int, *, k: int, m: int = 0) -> Around:
    """Returns a class and what is near each of its rows.

    Args:
        split: All rows.
        label: The class.
        k: Neighbours within the class, at most.
        m: Rows of the split around each row whose class is looked at, at most; 0: none are.
    """
    members = rows_of_class(split, label)
    space = class_space(split, label)
    inside = nearest_others(space, space, k, own=np.arange(len(members)))
    rows, neighbours = split.rows.take(members), inside.indices
    if not m:
        return Around(rows, neighbours, None)
    near = nearest_others(split.space.take(members), split.space, m, own=members).indices
    others = (split.labels[near] != label).sum(axis=1)
    return Around(rows, neighbours, others, m=near.shape[1])


def others_around(around: Around) -> Indices:
    """Returns how many of the rows around each row are of other classes, (n,).

    Raises:
        ValueError: If nobody has counted them.
    """
    if around.others is None:
        raise ValueError("around.others must be counted for this strategy, got None.")
    return around.others


def smote_pairs(
    around: Around, wanted: int, *, draws: Draws, notes: tuple[str, ...] = ()
) -> Chosen:
    """Returns what SMOTE chooses: even seeds, each with a neighbour drawn evenly."""
    return Chosen(towards_neighbours(even_seeds(wanted, draws), around.neighbours, draws), notes)


def towards_rows(
    split: Split, label: int, *, seeds: Indices, partners: Indices, gap: Floats
) -> Pairs:
    """Returns pairs of a class's rows with rows of the split, whatever their class.

    `foreign` has the key of every partner, whether it is of another class or of the same.

    Args:
        split: All rows.
        label: The class of the seeds.
        seeds: (m,), into the class's rows.
        partners: (m,), into the split's rows.
        gap: (m,), in [0, 1].
    """
    members = rows_of_class(split, label)
    place = np.full(len(split.labels), NOBODY)
    place[members] = np.arange(len(members))
    partner = place[partners]
    elsewhere = (partner == NOBODY)[:, np.newaxis]
    toward = np.where(elsewhere, split.rows.numeric[partners], np.nan)
    return Pairs(seeds, partner, gap, toward, split.keys[partners])
