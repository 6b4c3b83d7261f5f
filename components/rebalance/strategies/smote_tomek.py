"""SMOTE, then Tomek links taken out of old and new rows together.

Batista, Prati and Monard 2004, "A Study of the Behavior of Several Methods for Balancing Machine
Learning Training Data": both ends of a link go, whatever their class. So classes end below their
targets.
"""

from collections.abc import Sequence

import numpy as np

from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Rows
from tfx_rebalance.components.rebalance.strategies.tomek_links import TomekLinks
from tfx_rebalance.components.rebalance.strategy import (
    Informed,
    Labels,
    Mask,
    Split,
    Verdict,
    Wanted,
)
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    new_rows,
    smote_pairs,
)
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.draws import shard_row_keys

NEW_ROWS_SHARD = 2**24 - 1
"""Where new rows seem to be from: no split has so many shards."""


class SMOTEThenCleaner(InformedOverSampler):
    """SMOTE, then a cleaner that may take rows of every class, old or new."""

    def cleaner(self) -> Informed:
        """Returns what cleans."""
        raise NotImplementedError

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns what the cleaner leaves of old and new rows, and notes on what it took."""
        parts, pairs = [split.rows], {}
        for label, new in new_rows(split, wanted).items():
            around = around_class(split, label, k=self.k_neighbors)
            draws = class_draws(split, label, seed=wanted.seed)
            pairs[label] = smote_pairs(around, new, draws=draws).pairs
            found = around.neighbours
            parts.append(born(around.rows, pairs[label], found, whole=split.whole).rows)
        added = [np.full(len(chosen), label) for label, chosen in pairs.items()]
        union = union_of(split, parts, labels=np.concatenate([split.labels, *added]))
        every = np.unique(split.labels).tolist()
        verdict = self.cleaner().judged(union, Wanted(wanted.targets, every, wanted.seed))
        old, new_ones = np.split(verdict.kept, [len(split.labels)])
        stay = {c: new_ones[union.labels[len(old) :] == c] for c in every}
        said = {
            c: (*_taken(old[split.labels == c], stay[c]), *verdict.notes.get(c, ())) for c in every
        }
        return Verdict(
            kept=old,
            pairs={label: chosen.take(stay[label]) for label, chosen in pairs.items()},
            notes={label: notes for label, notes in said.items() if notes},
        )


class SMOTETomek(SMOTEThenCleaner):
    """Takes Tomek links out after SMOTE."""

    def cleaner(self) -> Informed:
        """Returns what takes both ends of a link."""
        return TomekLinks()


def union_of(split: Split, parts: Sequence[Rows], *, labels: Labels) -> Split:
    """Returns the rows of the split and new ones behind them.

    Args:
        split: The rows there are.
        parts: These and the new ones.
        labels: Of all.
    """
    numeric = np.concatenate([part.numeric for part in parts])
    nominal = np.concatenate([part.nominal for part in parts])
    missing = np.isnan(numeric)
    scaled = (numeric - split.scale.shift) / split.scale.spread
    flags = missing[:, missing.any(axis=0)].astype(np.int64)
    return Split(
        rows=Rows(numeric, nominal),
        labels=labels,
        keys=np.concatenate(
            [split.keys, shard_row_keys(NEW_ROWS_SHARD, len(labels) - len(split.labels))]
        ),
        scale=split.scale,
        space=Space(
            np.where(missing, split.scale.fill, scaled),
            np.concatenate([nominal, flags], axis=1),
            split.space.mismatch,
        ),
    )


def _taken(old: Mask, new: Mask) -> tuple[str, ...]:
    """Returns what to say of the rows that went, if any did."""
    went = [int(np.count_nonzero(~stays)) for stays in (old, new)]
    if not any(went):
        return ()
    return (
        f"Cleaning took {went[0]} of its {len(old)} rows and {went[1]} of {len(new)} new ones.",
    )
