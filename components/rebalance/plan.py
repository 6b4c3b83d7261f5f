"""From class counts and targets to a decision per row, on arrays alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.draws import Keys, keyed_draws, mix

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassPlan:
    """What happens to a class: every row `whole` times, once more if its draw is below `cut`."""

    before: int
    after: int
    whole: int
    cut: int
    """In [0, 2**64); 0 when nothing is left over."""
    weight: float
    """The `example_weight` of each emitted row."""


def plan_class(draws: Keys, *, target: int, upweight: bool) -> ClassPlan:
    """Returns the plan that emits exactly `target` rows of a class.

    The rows are emitted floor(target / n) times each and the remainder goes to the rows with the
    smallest draws. Draws never tie, so the cut is exact.

    Args:
        draws: One per row of the class, (n,).
        target: Rows wanted, >= 0.
        upweight: Whether emitted rows weigh n / target, so that the class keeps its mass.

    Raises:
        ValueError: If rows are wanted of a class that has none.
    """
    rows = len(draws)
    if not rows and target:
        raise ValueError(f"target must be 0 for a class without rows, got {target!r}.")
    whole, extra = divmod(target, rows) if rows else (0, 0)
    cut = int(np.partition(draws, extra)[extra]) if extra else 0
    weight = rows / target if upweight and target else 1.0
    return ClassPlan(before=rows, after=target, whole=whole, cut=cut, weight=weight)


def copies_per_row(
    labels: Labels, draws: Keys, plans: Sequence[ClassPlan]
) -> npt.NDArray[np.int64]:
    """Returns how often each row of a shard is emitted, (n,), int64.

    Args:
        labels: Class index of each row, (n,).
        draws: The rows' draws, (n,): the same ones the plans were made from.
        plans: One per class index.
    """
    whole = np.array([plan.whole for plan in plans], dtype=np.int64)
    cuts = np.array([plan.cut for plan in plans], dtype=np.uint64)
    return whole[labels] + (draws < cuts[labels])


def row_draws(keys: Keys, *, seed: int) -> Keys:
    """Returns the draws that decide which rows are kept or copied, (n,), uint64."""
    return keyed_draws(keys, seed=seed, purpose="rebalance")


def emission_order(
    copies: npt.NDArray[np.int64], keys: Keys, *, seed: int
) -> npt.NDArray[np.int64]:
    """Returns the row to emit at each place of the output shard, (sum of copies,), int64.

    Every copy of a row has a place drawn for itself, so classes and copies come out mixed.

    Args:
        copies: How often each row is emitted, (n,).
        keys: The rows' keys, (n,).
        seed: Another seed gives another order.
    """
    rows = np.repeat(np.arange(len(copies)), copies)
    first = np.cumsum(copies) - copies
    copy = (np.arange(len(rows)) - first[rows]).astype(np.uint64)
    places = keyed_draws(mix(keys[rows]) + copy, seed=seed, purpose="order")
    return rows[np.argsort(places, kind="stable")]


def priors(counts: Mapping[str, float]) -> dict[str, float]:
    """Returns each class's share of the total mass; they sum to 1.

    Raises:
        ValueError: If there is no mass.
    """
    total = sum(counts.values())
    if not total > 0:
        raise ValueError(f"counts must have a positive sum, got {dict(counts)!r}.")
    return {label: n / total for label, n in counts.items()}
