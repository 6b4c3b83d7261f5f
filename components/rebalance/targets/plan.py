"""From class counts and targets to what happens to each class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tfx_rebalance.draws import Keys, keyed_draws

Labels = npt.NDArray[np.int64]

SHARD_BYTES = 64 << 20
"""Serialized examples in an output shard, before compression: a worker holds one shard."""


@dataclass(frozen=True)
class ClassPlan:
    """What happens to a class: every row `whole` times, `extra` of them once more, new ones."""

    before: int
    after: int
    whole: int = 1
    extra: int = 0
    """Rows that are emitted once more: those with the smallest draws."""
    cut: int = 0
    """The largest of those draws."""
    removed: int = 0
    """Rows of the input that are not in the output."""
    born: int = 0
    """New rows besides."""
    weight: float = 1.0
    """The `example_weight` of each emitted row."""
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> int:
        """Rows of the input that are in the output at least once."""
        return self.before - self.removed


@dataclass(frozen=True)
class SplitPlan:
    """What happens to a split."""

    classes: tuple[ClassPlan, ...]
    unlabelled: int
    """Rows without a label."""
    pass_on: bool
    """Whether those are passed on."""
    shards: int
    """Output shards."""

    @property
    def rows(self) -> int:
        """Rows of the output."""
        return sum(c.after for c in self.classes) + (self.unlabelled if self.pass_on else 0)


def resampled_class(rows: int, target: int, *, upweight: bool) -> ClassPlan:
    """Returns the plan that emits exactly `target` rows of a class; its cut is still to be found.

    Args:
        rows: Rows of the class.
        target: Rows wanted, >= 0.
        upweight: Whether emitted rows weigh n / target, so that the class keeps its mass.

    Raises:
        ValueError: If rows are wanted of a class that has none.
    """
    if not rows and target:
        raise ValueError(f"target must be 0 for a class without rows, got {target!r}.")
    whole, extra = divmod(target, rows) if rows else (0, 0)
    weight = rows / target if upweight and target else 1.0
    return ClassPlan(
        before=rows,
        after=target,
        whole=whole,
        extra=extra,
        removed=max(0, rows - target),
        weight=weight,
    )


def grown_class(rows: int, target: int) -> ClassPlan:
    """Returns the plan that keeps every row of a class and adds new ones up to `target`.

    Raises:
        ValueError: If the target is below the rows, or above 0 for a class without rows.
    """
    if target < rows or (target and not rows):
        raise ValueError(f"target must be at least {rows} and 0 for 0 rows, got {target!r}.")
    return ClassPlan(before=rows, after=target, born=target - rows)


def with_cuts(plan: SplitPlan, cuts: Mapping[int, np.uint64]) -> SplitPlan:
    """Returns the plan with the cut of every class that has rows left over."""
    classes = [replace(c, cut=int(cuts.get(i, 0))) for i, c in enumerate(plan.classes)]
    return replace(plan, classes=tuple(classes))


def output_shards(*, rows: int, shards: int, bytes_per_row: float) -> int:
    """Returns how many shards to write: as were read, more where they would get large.

    Args:
        rows: Rows of the output.
        shards: Shards of the input.
        bytes_per_row: Their mean size, uncompressed.
    """
    needed = int(np.ceil(rows * bytes_per_row / SHARD_BYTES))
    return max(1, min(rows, max(shards, needed)))


def copies_per_row(labels: Labels, draws: Keys, plan: SplitPlan) -> npt.NDArray[np.int64]:
    """Returns how often each row is emitted, (n,), int64.

    Args:
        labels: Class index of each row, (n,); below 0 where there is no label.
        draws: The rows' draws, (n,): the same ones the cuts were made from.
        plan: Of the split.
    """
    # A row without a label finds the entry behind the last class.
    whole = np.array([*(c.whole for c in plan.classes), int(plan.pass_on)], dtype=np.int64)
    extra = np.array([*(c.extra > 0 for c in plan.classes), False])
    cuts = np.array([*(c.cut for c in plan.classes), 0], dtype=np.uint64)
    return whole[labels] + (extra[labels] & (draws <= cuts[labels]))


def row_draws(keys: Keys, *, seed: int) -> Keys:
    """Returns the draws that decide which rows are kept or copied, (n,), uint64."""
    return keyed_draws(keys, seed=seed, purpose="rebalance")


def priors(counts: Mapping[str, float]) -> dict[str, float]:
    """Returns each class's share of the total mass; they sum to 1.

    Raises:
        ValueError: If there is no mass.
    """
    total = sum(counts.values())
    if not total > 0:
        raise ValueError(f"counts must have a positive sum, got {dict(counts)!r}.")
    return {label: n / total for label, n in counts.items()}


def counts_of(labels: Labels, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Returns rows per class and, last, those without a label, (classes + 1,)."""
    known = np.where(labels < 0, len(classes), labels)
    return np.bincount(known, minlength=len(classes) + 1)
