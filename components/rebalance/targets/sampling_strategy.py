"""`sampling_strategy` as imbalanced-learn's users know it: from class counts to wanted counts."""

from collections.abc import Callable, Mapping, Sequence

from tfx_rebalance.components.rebalance.targets.limits import (
    Limited,
    Limits,
    by_shares,
    limited,
    set_aside,
)
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest

Counts = Mapping[str, int]
ROUNDING = 1e-9
"""0.29 * 100 is 28.999999999999996 in floating point, and stands for 29 rows."""

SamplingStrategy = str | float | Mapping[str, int | float] | Sequence[str]
"""A name, a ratio, rows or shares per class, or (for cleaning) a list of classes."""


def named_classes(counts: Counts, name: str, *, auto: str) -> list[str]:
    """Returns the classes that a name such as `not majority` stands for.

    Of classes of the same size the first one is the minority or the majority.

    Args:
        counts: Rows per class.
        name: auto, minority, majority, not minority, not majority or all.
        auto: What `auto` stands for: it differs between under- and oversampling.

    Raises:
        ConfigError: If the name is none of these.
    """
    present = [label for label, n in counts.items() if n]
    minority, majority = (
        min(present, key=lambda c: counts[c]),
        max(present, key=lambda c: counts[c]),
    )
    chosen: Mapping[str, Callable[[str], bool]] = {
        "minority": lambda c: c == minority,
        "majority": lambda c: c == majority,
        "not minority": lambda c: c != minority,
        "not majority": lambda c: c != majority,
        "all": lambda _: True,
    }
    names = ["auto", *chosen]
    if name not in names:
        raise ConfigError(
            f"rebalance.sampling_strategy must be one of {', '.join(names)}, or no name, got "
            f"{name!r}{nearest(names, name)}."
        )
    return [label for label in present if chosen[auto if name == "auto" else name](label)]


def undersampled(counts: Counts, strategy: SamplingStrategy) -> dict[str, int]:
    """Returns the rows to keep of each class; no class grows.

    A name cuts its classes to the smallest class; a ratio r keeps floor(minority / r) rows of the
    majority; a mapping gives rows per class, or shares (see `by_shares`).

    Raises:
        ConfigError: If a target is above what a class has, or the ratio asks the majority to grow.
    """
    if isinstance(strategy, str):
        _refuse(strategy, "minority", "undersample", "cannot shrink")
        chosen = named_classes(counts, strategy, auto="not minority")
        smallest = min(n for n in counts.values() if n)
        return {c: smallest if c in chosen else n for c, n in counts.items()}
    if isinstance(strategy, int | float):
        minority, majority = _two_classes(counts)
        kept = int(counts[minority] / strategy + ROUNDING)
        if kept > counts[majority]:
            raise ConfigError(
                f"rebalance.sampling_strategy {strategy} would need {kept} rows of {majority!r}, "
                f"which has {counts[majority]}: the ratio is already "
                f"{counts[minority] / counts[majority]:.4g}. Allowed: above that and up to 1."
            )
        return {**counts, majority: kept}
    targets = _rows_per_class(counts, strategy, sampler="undersample")
    for label, target in targets.items():
        if target > counts[label]:
            raise ConfigError(
                f"rebalance.sampling_strategy asks undersample for {target} rows of {label!r}, "
                f"which has {counts[label]}. Allowed: 1 to {counts[label]}; or use oversample."
            )
    return {**counts, **targets}


def oversampled(counts: Counts, strategy: SamplingStrategy) -> dict[str, int]:
    """Returns the rows to emit of each class; no class shrinks.

    A name raises its classes to the largest class; a ratio r raises the minority to
    floor(r * majority); a mapping gives rows per class, or shares (see `by_shares`).

    Raises:
        ConfigError: If a target is below what a class has, or asks for rows of an empty class.
    """
    if isinstance(strategy, str):
        _refuse(strategy, "majority", "oversample", "cannot grow")
        chosen = named_classes(counts, strategy, auto="not majority")
        largest = max(counts.values())
        return {c: largest if c in chosen else n for c, n in counts.items()}
    if isinstance(strategy, int | float):
        minority, majority = _two_classes(counts)
        wanted = int(strategy * counts[majority] + ROUNDING)
        if wanted < counts[minority]:
            raise ConfigError(
                f"rebalance.sampling_strategy {strategy} would leave {wanted} of {minority!r}, "
                f"which has {counts[minority]}: the ratio is already "
                f"{counts[minority] / counts[majority]:.4g}. Allowed: above that and up to 1."
            )
        return {**counts, minority: wanted}
    targets = _rows_per_class(counts, strategy, sampler="oversample")
    for label, target in targets.items():
        if target < counts[label]:
            raise ConfigError(
                f"rebalance.sampling_strategy asks oversample for {target} rows of {label!r}, "
                f"which has {counts[label]}. Allowed: {counts[label]} or more; or use undersample."
            )
    return {**counts, **targets}


def cleaned(counts: Counts, strategy: SamplingStrategy) -> list[str]:
    """Returns the classes that a cleaning strategy may take rows from, in the order of `counts`.

    A name (`auto`: not minority) or a list of classes, as imbalanced-learn's clean-sampling.

    Raises:
        ConfigError: If it says how many rows are to stay, which a cleaner decides by itself, or
            names the minority or a class that is unknown or has no rows.
    """
    allowed = "Allowed: auto, majority, not minority, not majority, all, or a list of classes"
    if strategy == "minority":
        raise ConfigError(
            "rebalance.sampling_strategy 'minority' would have a cleaning strategy take rows of "
            f"the minority alone. {allowed}: to clean just that class, list it."
        )
    if isinstance(strategy, str):
        return named_classes(counts, strategy, auto="not minority")
    if isinstance(strategy, int | float | Mapping):
        raise ConfigError(
            f"rebalance.sampling_strategy {strategy} says how many rows are to stay, but a "
            f"cleaning strategy decides by itself how many go. {allowed}."
        )
    _check_classes(counts, {label: f"names {label!r}" for label in strategy})
    return [label for label in counts if label in strategy]


def wanted(
    counts: Counts,
    *,
    strategy: SamplingStrategy,
    how: Callable[[Counts, SamplingStrategy], dict[str, int]],
    limits: Limits,
) -> Limited:
    """Returns the targets within the limits, and a note on each class that a limit changed.

    Classes below `min_class_size` keep their rows and do not count: neither as the smallest nor the
    largest class, nor for a ratio, nor as rows that a share is a share of.

    Args:
        counts: Rows per class.
        strategy: The sampling strategy.
        how: `undersampled`, `oversampled` or another way from counts and strategy to targets.
        limits: What no target may go beyond.

    Raises:
        ConfigError: If `how` cannot reach what is asked, or a mapping names a class set aside.
        DataError: If no class has rows.
    """
    left = set_aside(counts, limits.min_class_size)
    for label in strategy if isinstance(strategy, Mapping) else ():
        if label in counts and label not in left:
            raise ConfigError(
                f"rebalance.sampling_strategy names {label!r}, which has {counts[label]} rows and "
                f"is left alone: rebalance.min_class_size is {limits.min_class_size}. Allowed: "
                f"classes of that size. Leave it out, or set min_class_size to {counts[label]}."
            )
    return limited(how(left, strategy), counts=counts, limits=limits)


def _rows_per_class(
    counts: Counts, strategy: Mapping[str, int | float] | Sequence[str], *, sampler: str
) -> dict[str, int]:
    if not isinstance(strategy, Mapping):
        raise ConfigError(
            f"rebalance.sampling_strategy {list(strategy)} says which classes a cleaning strategy "
            f"may take rows from; {sampler} has to know how many rows are to come out. Allowed: a "
            "name, a ratio, or rows or shares per class."
        )
    shares = {label: n for label, n in strategy.items() if isinstance(n, float)}
    rows = {label: n for label, n in strategy.items() if isinstance(n, int)}
    if shares and rows:
        raise ConfigError(
            f"rebalance.sampling_strategy mixes rows {rows} and shares {shares}. Allowed: rows for "
            "all classes named, or shares of all rows after resampling for all of them."
        )
    asked = {
        label: f"asks {sampler} for {f'a share of {n}' if shares else f'{n} rows'} of {label!r}"
        for label, n in strategy.items()
    }
    _check_classes(counts, asked)
    for label, n in strategy.items():
        if not (0 < n < 1 if shares else n >= 1):
            raise ConfigError(
                f"rebalance.sampling_strategy {asked[label]}. Allowed: whole rows, at least 1, or "
                "shares above 0 and below 1. To keep a class as it is, leave it out."
            )
    return by_shares(counts, shares, sampler=sampler) if shares else rows


def _check_classes(counts: Counts, asked: Mapping[str, str]) -> None:
    """Raises ConfigError unless every class of `asked` (-> what is asked of it) has rows."""
    present = ", ".join(repr(label) for label, n in counts.items() if n)
    for label, what in asked.items():
        if label not in counts:
            raise ConfigError(
                f"rebalance.sampling_strategy {what}, which is no class"
                f"{nearest(list(counts), label)}. Allowed: {present}."
            )
        if not counts[label]:
            raise ConfigError(
                f"rebalance.sampling_strategy {what}, which has 0 rows. Allowed: {present}. Leave "
                "it out."
            )


def _refuse(strategy: str, name: str, sampler: str, why: str) -> None:
    if strategy == name:
        raise ConfigError(
            f"rebalance.sampling_strategy {name!r} with strategy: {sampler} would do nothing: the "
            f"{name} {why}. Allowed: auto, all, not {name} or the other one."
        )


def _two_classes(counts: Counts) -> tuple[str, str]:
    present = sorted((n, label) for label, n in counts.items() if n)
    if len(present) != 2:
        raise ConfigError(
            "rebalance.sampling_strategy as a ratio needs 2 classes with rows, got "
            f"{len(present)}. Give rows per class instead."
        )
    return present[0][1], present[1][1]
