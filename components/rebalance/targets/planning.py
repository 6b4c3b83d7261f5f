"""From what was counted to the plan of a split."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.records.layout import Layout
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategy import Informed, Sampler
from tfx_rebalance.components.rebalance.targets.limits import Limited, Limits, set_aside
from tfx_rebalance.components.rebalance.targets.plan import (
    ClassPlan,
    SplitPlan,
    grown_class,
    output_shards,
    resampled_class,
)
from tfx_rebalance.components.rebalance.targets.sampling_strategy import wanted
from tfx_rebalance.errors import ConfigError, DataError

Counts = npt.NDArray[np.int64]

COPIES_HELD = 4
"""How many times the rows' size an informed strategy may need at its peak."""


@dataclass(frozen=True)
class SplitCounts:
    """A split as it came."""

    classes: tuple[str, ...]
    counts: Counts
    """Rows per class and, last, without a label."""
    split: str
    size: int
    """Bytes of serialized examples."""
    shards: int

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.counts.sum())

    @property
    def by_class(self) -> dict[str, int]:
        """Class -> rows."""
        return dict(zip(self.classes, self.counts[:-1].tolist(), strict=True))


def check_counts(counts: SplitCounts, settings: RebalanceSettings) -> None:
    """Refuses a split that cannot be resampled.

    Raises:
        DataError: If it has no rows, or too many without a label.
    """
    unlabelled = int(counts.counts[-1])
    if not counts.rows - unlabelled:
        raise DataError(
            f"split {counts.split!r} has no row with a label ({unlabelled} without one), so there "
            "is nothing to resample. Check what wrote the examples."
        )
    share = unlabelled / counts.rows
    if share > settings.max_missing_labels:
        raise DataError(
            f"split {counts.split!r}: {unlabelled} of {counts.rows} rows ({share:.3g}) have no "
            f"label; allowed is a share of {settings.max_missing_labels} "
            "(rebalance.max_missing_labels). Correct the data, or raise that bound: such rows are "
            "dropped or passed on as rebalance.missing_labels says."
        )


def check_memory(counts: SplitCounts, layout: Layout, settings: RebalanceSettings) -> None:
    """Refuses a split that one worker could not hold.

    Raises:
        ConfigError: If its rows would take more than `memory_gib`.
    """
    width = layout.width + len(layout.of("nominal")) + len(layout.optional)
    needed = COPIES_HELD * 8 * counts.rows * max(1, width) / 2**30
    if needed > settings.memory_gib:
        raise ConfigError(
            f"rebalance.strategy {settings.strategy} looks at all rows at once: {counts.rows} rows "
            f"of {width} numbers in split {counts.split!r} may take {needed:.2g} GiB in one "
            f"worker; rebalance.memory_gib allows {settings.memory_gib:g}. Raise it, undersample "
            "first, or use a strategy that streams (docs/resampling.md)."
        )


def limited_targets(counts: SplitCounts, settings: RebalanceSettings) -> Limited:
    """Returns the rows wanted of each class, within the limits.

    Raises:
        ConfigError: If the strategy cannot do what is asked.
    """
    return wanted(
        counts.by_class,
        strategy=settings.sampling_strategy,
        how=settings.chosen.targets,
        limits=Limits(settings.max_growth, settings.min_class_size),
    )


@contextmanager
def naming_split(split: str) -> Iterator[None]:
    """Adds to an error about the settings which split they do not fit."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{error} This is about split {split!r}.") from None


def plan_of(counts: SplitCounts, settings: RebalanceSettings, aims: Limited) -> SplitPlan:
    """Returns the plan of a split.

    An informed strategy decides later which rows stay: until then its classes keep all of theirs.
    """
    make: Callable[[int, int], ClassPlan] = _grown
    if isinstance(settings.chosen, Sampler):
        make = _resampler(settings.upweight)
    classes = [
        _noted(make(n, aims.targets[name]), aims.notes.get(name))
        for name, n in counts.by_class.items()
    ]
    return sized(
        SplitPlan(
            classes=tuple(classes),
            unlabelled=int(counts.counts[-1]),
            pass_on=settings.missing_labels == "keep",
            shards=1,
        ),
        counts,
    )


def sized(plan: SplitPlan, counts: SplitCounts) -> SplitPlan:
    """Returns the plan with the number of shards that its rows ask for."""
    per_row = counts.size / max(1, counts.rows)
    shards = output_shards(rows=plan.rows, shards=counts.shards, bytes_per_row=per_row)
    return SplitPlan(plan.classes, plan.unlabelled, plan.pass_on, shards)


def indices_of(names: Sequence[str], classes: Sequence[str]) -> tuple[int, ...]:
    """Returns the class indices of names."""
    places: Mapping[str, int] = {name: i for i, name in enumerate(classes)}
    return tuple(places[name] for name in names)


def cleaned_classes(counts: SplitCounts, settings: RebalanceSettings) -> tuple[int, ...]:
    """Returns the classes that an informed strategy may take rows from, as indices.

    As for targets, classes below `min_class_size` do not count: neither as smallest nor as largest.

    Raises:
        ConfigError: If the strategy cannot do what is asked, or a list names such a class.
    """
    if not isinstance(settings.chosen, Informed):
        return ()
    left = set_aside(counts.by_class, settings.min_class_size)
    listed = settings.sampling_strategy
    for name in listed if isinstance(listed, tuple) else ():
        if name in counts.by_class and name not in left:
            raise ConfigError(
                f"rebalance.sampling_strategy lists {name!r}, which has {counts.by_class[name]} "
                f"rows and is left alone: rebalance.min_class_size is {settings.min_class_size}. "
                "Allowed: classes of that size. Leave it out, or set min_class_size to "
                f"{counts.by_class[name]}."
            )
    return indices_of(settings.chosen.chosen(left, listed), counts.classes)


def _grown(rows: int, target: int) -> ClassPlan:
    return grown_class(rows, max(rows, target))


def _resampler(upweight: bool) -> Callable[[int, int], ClassPlan]:
    return lambda rows, target: resampled_class(rows, target, upweight=upweight)


def _noted(plan: ClassPlan, note: str | None) -> ClassPlan:
    return ClassPlan(**{**vars(plan), "notes": (note,)}) if note else plan
