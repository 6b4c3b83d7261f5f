"""From what the first pass found to the split of every row, and what is said about it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.example_gen.labels import Counts, Labels
from tfx_rebalance.components.example_gen.report import Moved
from tfx_rebalance.components.example_gen.run_date import run_moment
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.sources.source import BadRows
from tfx_rebalance.components.example_gen.splitting.assign import Assignment, KeyedPart, assign
from tfx_rebalance.components.example_gen.splitting.rules import Rules
from tfx_rebalance.components.example_gen.splitting.shares import Shares
from tfx_rebalance.components.example_gen.times import time_rules
from tfx_rebalance.errors import DataError


@dataclass(frozen=True)
class Tally:
    """What the first pass found in a part."""

    part: KeyedPart
    span: int
    labels: Counts
    bad: BadRows
    newest: int | None
    """The newest row, in microseconds since 1970; None without rows or a time column."""


@dataclass(frozen=True)
class Dealer:
    """Deals the rows of all parts."""

    settings: DataSettings
    labels: Labels
    source: str
    """For messages."""

    @cached_property
    def run_date(self) -> datetime.datetime | None:
        """As of when the data is taken."""
        return None if self.settings.run_date is None else run_moment(self.settings.run_date)

    def deal(self, tallies: Sequence[Tally]) -> Assignment:
        """Returns the split of every row.

        Raises:
            DataError: If there are no rows, too many bad ones, labels that nobody knows, or too
                few rows of a class for a split.
        """
        self._check_rows(tallies)
        labels = sum((tally.labels for tally in tallies), Counts())
        del labels[None]
        missing_label = self.settings.missing_label
        self.labels.check(labels, source=self.source, missing_label=missing_label)
        assignment = assign([tally.part for tally in tallies], self._rules(tallies))
        labels[None] = assignment.unlabelled  # Who is too young for a final label may have none.
        self.labels.check(labels, source=self.source, missing_label=missing_label)
        self._check_splits(assignment)
        return assignment

    def moved(
        self, tallies: Sequence[Tally], before: Sequence[Tally], assignment: Assignment
    ) -> Moved | None:
        """Returns how many rows are in another split than in the window one span ago.

        Args:
            tallies: The parts of this window.
            before: Those of the span that has left it.
            assignment: What was made of `tallies`.
        """
        newest = max(tally.span for tally in tallies)
        shared = [i for i, tally in enumerate(tallies) if tally.span < newest]
        # Oldest first, as they were then: of equal rows the first are numbered first.
        parts = [tally.part for tally in before] + [tallies[i].part for i in shared]
        then = assign(parts, self._rules(tallies)).splits[len(before) :]
        now = [assignment.splits[i] for i in shared]
        rows = moved = 0
        for old, new in zip(then, now, strict=True):
            both = (old >= 0) & (new >= 0)
            rows += int(both.sum())
            moved += int((old != new)[both].sum())
        return Moved(rows=rows, moved=moved)

    def _rules(self, tallies: Sequence[Tally]) -> Rules:
        settings, splits = self.settings, self.settings.splits
        shares, cut_from = Shares(self.labels.split_names, splits.shares), None
        if self.labels.is_serving:
            shares = Shares(self.labels.split_names, (1.0,))
        elif splits.files is not None and splits.files.val is None:
            total = splits.train + splits.val
            shares = Shares(
                self.labels.split_names, (splits.train / total, splits.val / total, 0.0)
            )
            cut_from = "train"
        rules = Rules(
            shares=shares,
            classes=self.labels.features.classes,
            seed=settings.seed,
            stratify=splits.stratify,
            grouped=splits.group_by is not None,
            drop_duplicates=settings.drop_duplicates,
            min_rows=splits.min_rows,
            given=self.labels.is_serving or splits.files is not None,
            cut_from=cut_from,
        )
        if settings.time_column is None:
            return rules
        time = time_rules(
            splits.time,
            maturity_days=settings.label_maturity_days,
            run_date=self.run_date,
            newest=max((t.newest for t in tallies if t.newest is not None), default=0),
        )
        return replace(rules, time=time)

    def _check_rows(self, tallies: Sequence[Tally]) -> None:
        bad = BadRows(allowed=self.settings.max_bad_rows)
        for tally in tallies:
            if tally.bad.count:
                bad.add(tally.bad.examples[0], rows=tally.bad.count)
        if not sum(tally.part.rows for tally in tallies):
            raise DataError(f"{self.source!r} has no row. Give data with rows.")

    def _check_splits(self, assignment: Assignment) -> None:
        names, rules = self.labels.split_names, self.settings.splits
        for name, rows in zip(names, assignment.counts.sum(axis=1), strict=True):
            if not rows:
                raise DataError(f"{self.source!r} leaves no row for the split {name!r}. {_REMEDY}")
        if self.labels.is_serving:
            return
        if assignment.torn_groups:
            torn = assignment.torn_groups
            raise DataError(
                f"{torn} {'group' if torn == 1 else 'groups'} of {rules.group_by!r} "
                f"{'is' if torn == 1 else 'are'} in more than one split of data.splits.files. Move "
                "their rows to files of one split, or take group_by out."
            )
        short = rules.min_rows - assignment.counts
        if (short > 0).any():
            raise self._too_few(assignment, short)

    def _too_few(self, assignment: Assignment, short: npt.NDArray[np.int64]) -> DataError:
        names, rules = self.labels.split_names, self.settings.splits
        at = int(np.flatnonzero((short > 0).any(axis=0))[0])
        have = ", ".join(
            f"{name} has {rows}" for name, rows in zip(names, assignment.counts[:, at], strict=True)
        )
        name, rows = self.labels.features.classes[at], int(assignment.counts[:, at].sum())
        missing = int(short[:, at].clip(min=0).sum())
        within = f" within whole groups of {rules.group_by!r}" if rules.group_by else ""
        return DataError(
            f"class {name!r} has {rows} rows and needs {rules.min_rows} in each of the splits"
            f"{within}: {have}; {missing} missing. {_REMEDY}"
        )


_REMEDY = (
    "Bring more rows, change data.splits (shares, cuts, min_rows), or take the class out of the "
    "label's domain and the data."
)


def deviation(assignment: Assignment, shares: Sequence[float]) -> float:
    """Returns the largest difference of a class's share in a split from what it should be.

    Args:
        assignment: Where rows went.
        shares: What each split should have of each class.
    """
    rows = assignment.counts.sum(axis=0)
    there = rows > 0
    found = assignment.counts[:, there] / rows[there]
    return float(np.abs(found - np.array(shares)[:, np.newaxis]).max(initial=0.0))
