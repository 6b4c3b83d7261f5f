"""`sampling_strategy` as imbalanced-learn's users know it: from class counts to wanted counts."""

from collections.abc import Callable, Mapping

from tfx_rebalance.errors import ConfigError

Counts = Mapping[str, int]
ROUNDING = 1e-9
"""0.29 * 100 is 28.999999999999996 in floating point, and stands for 29 rows."""

SamplingStrategy = str | float | Mapping[str, int]


def named_classes(counts: Counts, name: str, *, auto: str) -> list[str]:
    """Returns the classes that a name such as `not majority` stands for.

    Args:
        counts: Rows per class.
        name: auto, minority, majority, not minority, not majority or all.
        auto: What `auto` stands for: it differs between under- and oversampling.
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
    return [label for label in present if chosen[auto if name == "auto" else name](label)]


def undersampled(counts: Counts, strategy: SamplingStrategy) -> dict[str, int]:
    """Returns the rows to keep of each class; no class grows.

    A name cuts its classes to the smallest class; a ratio r keeps floor(minority / r) rows of the
    majority; a mapping gives rows per class.

    Raises:
        ConfigError: If a target is above what a class has, or the ratio asks the majority to grow.
    """
    smallest = min(n for n in counts.values() if n)
    if isinstance(strategy, str):
        _refuse(strategy, "minority", "undersample", "cannot shrink")
        chosen = named_classes(counts, strategy, auto="not minority")
        return {c: min(n, smallest) if c in chosen else n for c, n in counts.items()}
    if isinstance(strategy, float):
        minority, majority = _two_classes(counts)
        kept = int(counts[minority] / strategy + ROUNDING)
        if kept > counts[majority]:
            raise ConfigError(
                f"rebalance.sampling_strategy {strategy} would need {kept} rows of {majority!r}, "
                f"which has {counts[majority]}: the ratio is already "
                f"{counts[minority] / counts[majority]:.4g}. Allowed: above that and up to 1."
            )
        return {**counts, majority: kept}
    for label, target in strategy.items():
        if target > counts[label]:
            raise ConfigError(
                f"rebalance.sampling_strategy asks undersample for {target} rows of {label!r}, "
                f"which has {counts[label]}. Allowed: 1 to {counts[label]}; or use oversample."
            )
    return {**counts, **strategy}


def oversampled(counts: Counts, strategy: SamplingStrategy) -> dict[str, int]:
    """Returns the rows to emit of each class; no class shrinks.

    A name raises its classes to the largest class; a ratio r raises the minority to
    floor(r * majority); a mapping gives rows per class.

    Raises:
        ConfigError: If a target is below what a class has, or asks for rows of an empty class.
    """
    largest = max(counts.values())
    if isinstance(strategy, str):
        _refuse(strategy, "majority", "oversample", "cannot grow")
        chosen = named_classes(counts, strategy, auto="not majority")
        return {c: largest if c in chosen else n for c, n in counts.items()}
    if isinstance(strategy, float):
        minority, majority = _two_classes(counts)
        wanted = int(strategy * counts[majority] + ROUNDING)
        if wanted < counts[minority]:
            raise ConfigError(
                f"rebalance.sampling_strategy {strategy} would leave {wanted} of {minority!r}, "
                f"which has {counts[minority]}: the ratio is already "
                f"{counts[minority] / counts[majority]:.4g}. Allowed: above that and up to 1."
            )
        return {**counts, minority: wanted}
    for label, target in strategy.items():
        if target < counts[label] or not counts[label]:
            raise ConfigError(
                f"rebalance.sampling_strategy asks oversample for {target} rows of {label!r}, "
                f"which has {counts[label]}. Allowed: {counts[label]} or more of a class with "
                "rows; or use undersample."
            )
    return {**counts, **strategy}


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
