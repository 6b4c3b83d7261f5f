"""Between the passes: every row's split, and the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.metrics import Metrics

from tfx_rebalance.components.example_gen.dealing import Tally, deviation
from tfx_rebalance.components.example_gen.labels import Counts
from tfx_rebalance.components.example_gen.parts import Part
from tfx_rebalance.components.example_gen.report import Ingestion, Moved, SplitCounts
from tfx_rebalance.components.example_gen.splitting.assign import Assignment, Splits
from tfx_rebalance.components.example_gen.transforms.job import Job
from tfx_rebalance.components.example_gen.transforms.key import Keyed, by_number
from tfx_rebalance.files import INGESTION_FILE


@dataclass(frozen=True)
class Dealt:
    """A part whose rows have their splits."""

    part: Part
    splits: str
    """The file with the split of each row, int8."""
    first: tuple[int, ...]
    """By split: the number of the first shard this part writes."""
    shards: tuple[int, ...]
    """By split: how many shards there are in all."""


@beam.typehints.with_output_types(Dealt)
class Deal(beam.PTransform):
    """Looks at all keys at once, in one worker; memory does not grow with the rows' width."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def expand(self, keyed: beam.PCollection) -> beam.PCollection:
        once = keyed.pipeline | "Once" >> beam.Create([None])
        return once | "All" >> beam.FlatMap(self._dealt, beam.pvalue.AsList(keyed))

    def _dealt(self, _: None, every: list[Keyed]) -> list[Dealt]:
        job = self._job
        keyed = [found for found in by_number(every) if not found.part.is_before]
        tallies = [found.tally for found in keyed]
        assignment = job.dealer.deal(tallies)
        moved, note = self._moved(tallies, by_number(every), assignment)
        report = _report(job, tallies, assignment, moved=moved, note=note)
        with tf.io.gfile.GFile(job.scratch_file(INGESTION_FILE), "w") as file:
            file.write(report.model_dump_json(indent=2))
        for split, counts in report.splits.items():
            for name, rows in counts.classes.items():
                Metrics.counter("ExampleGen", f"{split}/{name}").inc(rows)
        shards = np.array([_shards(splits, job) for splits in assignment.splits])
        first = np.cumsum(shards, axis=0) - shards
        return [
            Dealt(
                found.part,
                self._written(found.part, splits),
                first=tuple(first[i].tolist()),
                shards=tuple(shards.sum(axis=0).tolist()),
            )
            for i, (found, splits) in enumerate(zip(keyed, assignment.splits, strict=True))
        ]

    def _written(self, part: Part, splits: Splits) -> str:
        path = self._job.scratch_file("splits", part.number)
        with tf.io.gfile.GFile(path, "wb") as file:
            file.write(splits.tobytes())
        return path

    def _moved(
        self, tallies: Sequence[Tally], every: Sequence[Keyed], assignment: Assignment
    ) -> tuple[Moved | None, str]:
        settings = self._job.settings
        if assignment.cuts is None:
            return None, "no row was dealt by a draw"
        if settings.window == 1:
            return None, "a window of one span shares no row with the one before it"
        before = [found.tally for found in every if found.part.is_before]
        if not before:
            return None, "the span before this window is not there, so the last one is unknown"
        return self._job.dealer.moved(tallies, before, assignment), ""


def _shards(splits: Splits, job: Job) -> list[int]:
    """Returns how many shards a part writes of each split."""
    rows = np.bincount(splits[splits >= 0], minlength=len(job.labels.split_names))
    return [ceil(n / job.rows_per_shard) for n in rows.tolist()]


def _report(
    job: Job,
    tallies: Sequence[Tally],
    assignment: Assignment,
    *,
    moved: Moved | None,
    note: str,
) -> Ingestion:
    settings, classes = job.settings, job.labels.features.classes
    labels = sum((tally.labels for tally in tallies), Counts())
    bad = [example for tally in tallies for example in tally.bad.examples]
    cuts, by_class = assignment.cuts, settings.splits.stratify
    dealt = cuts is not None and settings.splits.files is None
    return Ingestion(
        source=job.source,
        format=settings.source.format,
        files=len(job.window.files),
        span=job.window.span,
        version=job.window.version,
        window=settings.window,
        run_date=settings.run_date,
        rows=sum(tally.part.rows for tally in tallies),
        bad_rows=sum(tally.bad.count for tally in tallies),
        bad_row_examples=tuple(bad[:5]),
        missing_labels=assignment.unlabelled,
        duplicates=assignment.duplicates,
        immature=assignment.immature,
        splits=_counts(job, labels, assignment),
        stratify=by_class,
        group_by=settings.splits.group_by,
        time=settings.time_column if settings.splits.time else None,
        deviation=deviation(assignment, settings.splits.shares) if dealt else None,
        moved=moved,
        moved_note=note,
        seed=settings.seed,
        cut_points=_cut_points(assignment, classes if by_class else ("*",)),
    )


def _cut_points(assignment: Assignment, strata: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if assignment.cuts is None:
        return {}
    points = assignment.cuts.points.tolist()
    return {
        name: tuple(f"{point:016x}" for point in of_stratum)
        for name, of_stratum in zip(strata, points, strict=True)
    }


def _counts(job: Job, labels: Counts, assignment: Assignment) -> dict[str, SplitCounts]:
    names, classes = job.labels.split_names, job.labels.features.classes
    if job.labels.is_serving:
        named = {value: n for value, n in labels.items() if value is not None}
        return {names[0]: SplitCounts(rows=int(assignment.counts.sum()), classes=named)}
    return {
        name: SplitCounts(
            rows=int(rows.sum()), classes=dict(zip(classes, rows.tolist(), strict=True))
        )
        for name, rows in zip(names, assignment.counts, strict=True)
    }
