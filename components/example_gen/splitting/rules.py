"""What decides about a row's split, as numbers."""

from dataclasses import dataclass

from tfx_rebalance.components.example_gen.splitting.shares import Shares

DROPPED = -1
"""In place of a split: the row is in none."""


@dataclass(frozen=True)
class TimeRules:
    """Moments in microseconds since 1970."""

    mature_before: int | None = None
    """Rows from then on are left out: their labels may still change."""
    begins: tuple[int, ...] = ()
    """When the second split begins, the third, ...; empty where time does not split."""


@dataclass(frozen=True)
class Rules:
    """How rows are dealt."""

    shares: Shares
    classes: tuple[str, ...]
    seed: int
    stratify: bool = True
    grouped: bool = False
    drop_duplicates: bool = False
    min_rows: int = 1
    time: TimeRules = TimeRules()
    given: bool = False
    """Whether parts say which split they are for."""
    cut_from: str | None = None
    """With `given`: the split whose rows are dealt by the shares; None: all stay where they are."""
