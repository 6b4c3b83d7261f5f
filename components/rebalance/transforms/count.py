"""The first pass: labels, and what distances need to know of all rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.categories import Table, merged_tables, table_of
from tfx_rebalance.components.rebalance.neighbours.space import Moments, merged, moments_of
from tfx_rebalance.components.rebalance.records.labels import labels_in
from tfx_rebalance.components.rebalance.records.parsing import parsed
from tfx_rebalance.components.rebalance.targets.plan import counts_of
from tfx_rebalance.components.rebalance.transforms.job import Job, Shard
from tfx_rebalance.draws import Keys, shard_row_keys
from tfx_rebalance.records import read_records


@dataclass(frozen=True)
class Counted:
    """A shard whose labels are known."""

    shard: Shard
    labels: npt.NDArray[np.int16]
    """(n,): two bytes a row is all that is kept of a row between the passes."""

    @property
    def keys(self) -> Keys:
        """The keys of its rows, (n,)."""
        return shard_row_keys(self.shard.number, len(self.labels))


@dataclass(frozen=True)
class Tally:
    """What a shard adds to the sums over the split."""

    number: int
    counts: npt.NDArray[np.int64]
    """Rows per class and, last, without a label."""
    size: int
    """Bytes of serialized examples."""
    moments: Moments | None = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Total:
    """The sums over the split."""

    counts: npt.NDArray[np.int64]
    size: int
    shards: int
    moments: Moments | None
    tables: tuple[Table, ...]


@beam.typehints.with_input_types(Shard)
@beam.typehints.with_output_types(tuple[Counted, Tally])
class Count(beam.PTransform):
    """Reads every shard once: its labels, and the moments of its features if they are needed."""

    def __init__(self, job: Job, *, moments: bool, tables: bool) -> None:
        super().__init__()
        self._job, self._moments, self._tables = job, moments, tables

    def expand(self, shards: beam.PCollection) -> beam.PCollection:
        # Without Spread all shards would be read by the worker that listed them.
        return shards | "Spread" >> beam.Reshuffle() | "Read" >> beam.Map(self._counted)

    def _counted(self, shard: Shard) -> tuple[Counted, Tally]:
        classes, size = self._job.label.classes, 0
        labels: list[npt.NDArray[np.int16]] = []
        moments: list[Moments] = []
        tables: list[list[Table]] = []
        for batch in read_records(shard.source):
            size += sum(map(len, batch))
            of_batch = labels_in([batch], self._job.label, path=shard.source)
            labels.append(of_batch.astype(np.int16))
            if self._moments or self._tables:
                rows = parsed(batch, self._job.features, path=shard.source)
                moments.append(moments_of(rows.numeric))
                codes = rows.nominal.T if self._tables else ()
                tables.append([table_of(column, of_batch, len(classes)) for column in codes])
        known = np.concatenate([np.empty(0, np.int16), *labels])
        tally = Tally(
            shard.number,
            counts_of(known, classes),
            size,
            merged(moments) if moments else None,
            _column_wise(tables),
        )
        return Counted(shard, known), tally


def total_of(tallies: Sequence[Tally]) -> Total:
    """Returns the sums over all shards, added in their order so that rounding is the same."""
    ordered = sorted(tallies, key=lambda tally: tally.number)
    moments = [tally.moments for tally in ordered if tally.moments is not None]
    return Total(
        counts=np.sum([tally.counts for tally in ordered], axis=0),
        size=sum(tally.size for tally in ordered),
        shards=len(ordered),
        moments=merged(moments) if moments else None,
        tables=_column_wise([tally.tables for tally in ordered if tally.tables]),
    )


def _column_wise(parts: Sequence[Sequence[Table]]) -> tuple[Table, ...]:
    return tuple(merged_tables(column) for column in zip(*parts, strict=True))
