"""What bounds the targets: shares of all rows, a cap on growth, a least class size."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from itertools import count

from tfx_rebalance.errors import ConfigError, DataError

SUM_OF_SHARES = Fraction(1, 10**6)
"""How far from 1 a sum may be that stands for 1: three times 0.333333 are meant as thirds."""
LEAST_REST = Fraction(1, 10**9)
"""What shares must leave to the classes left out; less is the rounding error of a sum of 1."""


@dataclass(frozen=True)
class Limits:
    """What no target may go beyond."""

    max_growth: float | None
    """A class grows to at most so many times its rows, >= 1; None: no cap."""
    min_class_size: int
    """A class with fewer rows than this, >= 0, is left alone."""

    def __post_init__(self) -> None:
        if self.max_growth is not None and not 1 <= self.max_growth < math.inf:
            raise ValueError(f"max_growth must be finite and >= 1, or None, got {self.max_growth}.")
        if self.min_class_size < 0:
            raise ValueError(f"min_class_size must be >= 0, got {self.min_class_size}.")


@dataclass(frozen=True)
class Limited:
    """Targets within the limits."""

    targets: dict[str, int]
    """Class -> rows after resampling, for every class."""
    notes: dict[str, str]
    """Class -> one sentence, for each class that a limit left alone or held back."""


def set_aside(counts: Mapping[str, int], min_class_size: int) -> dict[str, int]:
    """Returns `counts` without the classes that have rows, but fewer than `min_class_size`.

    Raises:
        ConfigError: If every class with rows is that small.
        DataError: If no class has rows.
    """
    largest = max(counts, key=lambda c: counts[c])
    if not counts[largest]:
        raise DataError(
            f"there are no rows to resample: {', '.join(map(repr, counts))} have 0 each. Allowed: "
            "at least one class with rows. Check the split and its label."
        )
    if counts[largest] < min_class_size:
        raise ConfigError(
            f"rebalance.min_class_size {min_class_size} leaves no class to resample: the largest, "
            f"{largest!r}, has {counts[largest]} rows. Allowed: up to {counts[largest]}; or use "
            "strategy: none."
        )
    return {label: n for label, n in counts.items() if not 0 < n < min_class_size}


def limited(targets: Mapping[str, int], *, counts: Mapping[str, int], limits: Limits) -> Limited:
    """Returns the targets with growth capped and small classes left alone, in `counts`' order.

    A class that would grow ends at floor(max_growth * rows) at most; a cap takes no rows away.
    (H2O's `max_after_balance_size` caps all classes together instead.)

    Args:
        targets: Rows wanted; classes that `set_aside` leaves out may be missing.
        counts: Rows per class, of all classes.
        limits: What no target may go beyond.

    Raises:
        ValueError: If the target of another class is missing.
    """
    allowed, notes = {}, {}
    for label, rows in counts.items():
        if 0 < rows < limits.min_class_size:
            allowed[label] = rows
            notes[label] = (
                f"Left alone: it has {rows} rows, and min_class_size is {limits.min_class_size}."
            )
            continue
        if label not in targets:
            raise ValueError(f"targets must have every class that is not set aside, not {label!r}.")
        allowed[label] = _capped(targets[label], rows=rows, max_growth=limits.max_growth)
        if allowed[label] != targets[label]:
            notes[label] = (
                f"Held at {allowed[label]} rows instead of {targets[label]}: it has {rows}, and "
                f"max_growth is {limits.max_growth}."
            )
    return Limited(targets=allowed, notes=notes)


def by_shares(
    counts: Mapping[str, int], shares: Mapping[str, float], *, sampler: str
) -> dict[str, int]:
    """Returns the rows at which each class named has its share of all rows after resampling.

    Classes left out keep their R rows: if the shares sum to S there are R / (1 - S) rows in all.
    If every class with rows is named, there are max(rows / share) in all for oversample, the least
    that shrinks no class, and min(rows / share) for undersample, the most that grows none. This is
    rounded towards the rows there are now if the targets still keep to that, else away from them.

    Guarantee: the targets are the `whole_numbers` of share * rows in all, so each is less than one
    row off. Their sum is at most half a row off (every class named: less than one row).

    Args:
        counts: Rows per class.
        shares: In (0, 1), of classes with rows; each stands for the decimal it is written as.
        sampler: undersample or oversample.

    Raises:
        ConfigError: If the shares have a wrong sum, or the sampler cannot reach one of them.
    """
    parts = {c: Fraction(str(shares[c])) for c in counts if c in shares}
    _check_sum(counts, parts)
    kept = sum(n for c, n in counts.items() if c not in parts)
    if kept:
        rest = 1 - sum(parts.values(), Fraction())
        targets = whole_numbers({c: part * kept / rest for c, part in parts.items()})
    else:
        targets = _of_all_rows(counts, parts, sampler=sampler)
    _check_reached(targets, counts=counts, parts=parts, sampler=sampler)
    return targets


def whole_numbers(exact: Mapping[str, Fraction]) -> dict[str, int]:
    """Returns `exact` rounded by largest remainder; of equal remainders the first one goes up.

    Each is less than 1 off, and the sum is the whole number nearest to the exact sum (half way: the
    even one). No whole numbers with that sum are nearer to `exact`.
    """
    whole = {label: math.floor(n) for label, n in exact.items()}
    missing = round(sum(exact.values(), Fraction())) - sum(whole.values())
    for label in sorted(exact, key=lambda c: whole[c] - exact[c])[:missing]:
        whole[label] += 1
    return whole


def _capped(target: int, *, rows: int, max_growth: float | None) -> int:
    if max_growth is None:
        return target
    # As the decimal number it is written as: 1.1 times 10 rows are 11, whatever floats make of it.
    return min(target, math.floor(Fraction(str(max_growth)) * rows))


def _of_all_rows(
    counts: Mapping[str, int], parts: Mapping[str, Fraction], *, sampler: str
) -> dict[str, int]:
    whole = sum(parts.values(), Fraction())  # 1, to SUM_OF_SHARES.
    grows = sampler == "oversample"
    total = (max if grows else min)(counts[c] * whole / part for c, part in parts.items())
    down, up = math.floor(total), math.ceil(total)
    nearer, other = (down, up) if grows else (up, down)
    targets = whole_numbers({c: part / whole * nearer for c, part in parts.items()})
    if all(counts[c] <= n if grows else 1 <= n <= counts[c] for c, n in targets.items()):
        return targets
    return whole_numbers({c: part / whole * other for c, part in parts.items()})


def _check_sum(counts: Mapping[str, int], parts: Mapping[str, Fraction]) -> None:
    left_out = [c for c, n in counts.items() if n and c not in parts]
    total, rows = sum(parts.values(), Fraction()), sum(counts.values())
    if left_out and total > 1 - LEAST_REST:
        kept = sum(counts[c] for c in left_out)
        raise ConfigError(
            f"rebalance.sampling_strategy has shares with a sum of {float(total):.7g}, but leaves "
            f"out {', '.join(map(repr, left_out))}, to keep {kept} rows (a share of "
            f"{kept / rows:.4g} now). Allowed: a sum below 1; or name every class with rows."
        )
    if not left_out and abs(total - 1) > SUM_OF_SHARES:
        now = ", ".join(f"{c!r} {counts[c] / rows:.4g}" for c in parts)
        raise ConfigError(
            f"rebalance.sampling_strategy has shares with a sum of {float(total):.7g} and leaves "
            f"no class with rows out (shares now: {now}). Allowed: a sum of 1; or leave out a "
            "class that is to keep its rows."
        )


def _check_reached(
    targets: Mapping[str, int],
    *,
    counts: Mapping[str, int],
    parts: Mapping[str, Fraction],
    sampler: str,
) -> None:
    for label, target in targets.items():
        rows = counts[label]
        bound, rounding = rows, ROUND_CEILING
        if sampler == "oversample" and target < rows:
            remedy = "use undersample"
        elif sampler == "undersample" and target > rows:
            rounding, remedy = ROUND_FLOOR, "use oversample"
        elif not target:
            bound, remedy = 1, "give rows per class"
        else:
            continue
        raise ConfigError(
            f"rebalance.sampling_strategy asks {sampler} for a share of {float(parts[label])} of "
            f"{label!r}, {target} rows; it has {rows}, a share of "
            f"{rows / sum(counts.values()):.4g} now. Allowed: "
            f"{_share_at(bound, label, counts=counts, parts=parts, rounding=rounding)}; or "
            f"{remedy}."
        )


def _share_at(
    rows: int,
    label: str,
    *,
    counts: Mapping[str, int],
    parts: Mapping[str, Fraction],
    rounding: str,
) -> str:
    """Returns what share a class needs at least (at most: ROUND_FLOOR) to come out at `rows`."""
    others = {c: part for c, part in parts.items() if c != label}
    asked = sum(others.values(), Fraction())
    beside, room = sum(n for c, n in counts.items() if c not in parts), 1 - asked
    kept_at = "as they are"
    if not beside:  # Then the others shrink together, and are whole rows again.
        beside, room = (
            math.floor(min(counts[c] * asked / n for c, n in others.items())),
            Fraction(1),
        )
        kept_at = "in proportion"
    share = room * rows / (beside + rows)
    for digits in count(4):  # As few as do not round it up to all there is.
        context = Context(prec=digits, rounding=rounding)
        shown = context.divide(Decimal(share.numerator), Decimal(share.denominator))
        if shown < room:
            break
    at = "most" if rounding == ROUND_FLOOR else "least"
    return f"at {at} {shown:f}, the other shares {kept_at}"
