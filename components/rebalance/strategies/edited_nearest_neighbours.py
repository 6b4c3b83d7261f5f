"""Edited nearest neighbours: a row goes when its neighbours are of other classes.

Wilson 1972, "Asymptotic Properties of Nearest Neighbor Rules Using Edited Data".
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.exact import nearest, nearest_others
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.strategy import (
    Informed,
    Labels,
    Mask,
    Split,
    Verdict,
    Wanted,
)
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    cleaned,
)
from tfx_rebalance.draws import keyed_draws

Indices = npt.NDArray[np.int64]


class Cleaner(Informed):
    """Takes rows from the chosen classes by a rule; how many is not asked."""

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the counts as they are: a cleaner has no target."""
        del sampling_strategy
        return dict(counts)

    def chosen(self, counts: Counts, sampling_strategy: SamplingStrategy) -> list[str]:
        """Returns the classes that rows may be taken from (see `cleaned`)."""
        return cleaned(counts, sampling_strategy)

    def removed(self, split: Split, wanted: Wanted) -> Mask:
        """Returns which rows the rule takes, (n,), all of them of a chosen class."""
        raise NotImplementedError

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns what the rule leaves, and of a class that it would end the smallest draw."""
        kept = ~self.removed(split, wanted)
        notes = {}
        for label in np.setdiff1d(split.labels, split.labels[kept]).tolist():
            rows = np.flatnonzero(split.labels == label)
            draws = keyed_draws(split.keys[rows], seed=wanted.seed, purpose="last row")
            kept[rows[np.argmin(draws)]] = True
            notes[label] = (
                f"The rule takes all {len(rows)} rows; the one with the smallest draw stays.",
            )
        return Verdict(kept=kept, notes=notes)


class EditedNearestNeighbours(Cleaner):
    """Takes the rows whose neighbours, itself left out, are of other classes."""

    n_neighbors: int = Field(default=3, ge=1)
    """Fewer where the split has fewer other rows."""
    kind_sel: Literal["all", "mode"] = "all"
    """Which rows stay: those with all neighbours of their class, or with their class the most
    common one (of equally common ones the first class counts)."""

    def removed(self, split: Split, wanted: Wanted) -> Mask:
        """Returns the rows of the chosen classes that are outvoted, (n,)."""
        found = np.zeros(len(split.labels), dtype=np.bool_)
        for label in wanted.chosen:
            rows = np.flatnonzero(split.labels == label)
            near = split.labels[others_near(split.space, rows, k=self.n_neighbors)]
            if near.shape[1]:
                if self.kind_sel == "mode":
                    found[rows] = most_common(near) != label
                else:
                    found[rows] = (near != label).any(axis=1)
        return found


def others_near(space: Space, rows: Indices, *, k: int) -> Indices:
    """Returns the k nearest other rows of some rows, (rows, k), or as there are.

    With categories a row is never its own neighbour. Over numbers alone the first one found is
    left out, as imbalanced-learn does it: of rows that are equal one may be its own neighbour.

    Args:
        space: All rows, (n,).
        rows: Those that ask, indices into `space`.
        k: How many.
    """
    asking = space.take(rows)
    if space.nominal.shape[1]:
        return nearest_others(asking, space, k, own=rows).indices
    return nearest(asking, space, k + 1).indices[:, 1:]


def predicted(queries: Space, among: Space, labels: Labels, *, k: int) -> Labels:
    """Returns the class that k nearest neighbours vote for, (q,).

    Args:
        queries: The rows to classify.
        among: The rows that vote, at least one.
        labels: Their classes.
        k: How many vote; all where there are fewer.
    """
    return most_common(labels[nearest(queries, among, k).indices])


def most_common(labels: Labels) -> Labels:
    """Returns the most common class of each row of an (n, k) array, the first of equal ones."""
    ordered = np.sort(labels, axis=1)
    votes = np.zeros(ordered.shape, dtype=np.int64)
    for place in range(ordered.shape[1]):
        votes += ordered == ordered[:, [place]]
    most: Labels = ordered[np.arange(len(ordered)), votes.argmax(axis=1)]
    return most


def smallest_class(labels: Labels) -> int:
    """Returns the class with the fewest rows but some, the first of equal ones."""
    classes, counts = np.unique(labels, return_counts=True)
    return int(classes[counts.argmin()])


def is_chosen(labels: Labels, chosen: Sequence[int]) -> Mask:
    """Returns which rows are of a chosen class, (n,)."""
    return np.isin(labels, np.asarray(chosen, dtype=np.int64))
