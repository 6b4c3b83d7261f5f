"""The second pass: every row that stays, as it should, on its way to an output shard."""

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.images.augment import Augmenter
from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.components.rebalance.records.encoding import weight_suffix
from tfx_rebalance.components.rebalance.records.seeds import SeedFile, SeedWriter
from tfx_rebalance.components.rebalance.records.spill import Deal, SpillWriter
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices
from tfx_rebalance.components.rebalance.targets.plan import SplitPlan, copies_per_row, row_draws
from tfx_rebalance.components.rebalance.transforms.count import Counted
from tfx_rebalance.components.rebalance.transforms.decide import Decision
from tfx_rebalance.components.rebalance.transforms.job import Job
from tfx_rebalance.draws import Keys, mix
from tfx_rebalance.errors import DataError
from tfx_rebalance.records import read_records

SPILLS, SEEDS = "spills", "seeds"

BLOCK_ROWS = 16_384
"""Rows that are emitted at once."""


class Emit(beam.PTransform):
    """Gives `SPILLS`, a `Spill` per shard, and `SEEDS`, (class, SeedFile) of growing classes."""

    def __init__(self, job: Job, decision: beam.PCollection) -> None:
        super().__init__()
        self._job, self._decision = job, decision

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        decision = beam.pvalue.AsSingleton(self._decision)
        emit = beam.FlatMap(self._emit, decision).with_outputs(SEEDS, main=SPILLS)
        return counted | "Spread" >> beam.Reshuffle() | "Emit" >> emit

    def _emit(self, counted: Counted, decision: Decision) -> Iterator[Any]:
        job, plan, number = self._job, decision.plan, counted.shard.number
        copies, keys = self._copies(counted, decision), counted.keys
        seeds = {
            i: SeedFile(number, job.scratch_file("seeds", i, number))
            for i, of_class in enumerate(plan.classes)
            if of_class.born and (counted.labels == i).any()
        }
        deal = Deal(number, plan.shards, seed=job.settings.seed)
        first, rows_file = 0, job.scratch_file("rows", number)
        with SpillWriter(rows_file, shards=plan.shards) as spill, SeedWriter(seeds) as writer:
            writer.write_keys(keys, counted.labels)
            for batch in read_records(counted.shard.source):
                part = slice(first, first + len(batch))
                labels, first = counted.labels[part], part.stop
                writer.write(batch, labels)
                for rows, copy in repeated(copies[part]):
                    records = self._records(batch[rows], plan, labels=labels[rows])
                    self._change(records, copy, keys=keys[part][rows])
                    spill.write(records, deal.places(len(rows)))
        job.count_rows("before", counted.labels)
        job.count_rows("after", np.repeat(counted.labels, copies))
        if isinstance(job.settings.chosen, AugmentSettings):
            job.count_rows("synthetic", np.repeat(counted.labels, np.maximum(copies - 1, 0)))
        yield spill.spill
        for index, file in seeds.items():
            yield beam.pvalue.TaggedOutput(SEEDS, (index, file))

    def _copies(self, counted: Counted, decision: Decision) -> Indices:
        if decision.masks is not None:
            return decision.masks[counted.shard.number].astype(np.int64)
        draws = row_draws(counted.keys, seed=self._job.settings.seed)
        return copies_per_row(counted.labels.astype(np.int64), draws, decision.plan)

    def _records(
        self, batch: Any, plan: SplitPlan, *, labels: npt.NDArray[np.int16]
    ) -> list[bytes]:
        """Returns the records, with their weights if the settings say so."""
        records: list[bytes] = batch.tolist()
        if self._job.settings.upweight:
            # A row without a label finds the weight behind the last class.
            suffixes = [*(weight_suffix(c.weight) for c in plan.classes), weight_suffix(1.0)]
            return [r + suffixes[i] for r, i in zip(records, labels, strict=True)]
        return records

    def _change(self, records: list[bytes], copy: Indices, *, keys: Keys) -> None:
        """Changes the images of all but each row's first copy, if the settings say so."""
        how = self._job.settings.chosen
        if isinstance(how, AugmentSettings):
            again = np.flatnonzero(copy)
            keys_of_copies = mix(keys[again]) + copy[again].astype(np.uint64)
            changed = self._augmented([records[i] for i in again], keys_of_copies, how=how)
            for i, record in zip(again, changed, strict=True):
                records[i] = record

    def _augmented(
        self, records: Sequence[bytes], keys: Keys, *, how: AugmentSettings
    ) -> Sequence[bytes]:
        try:
            return Augmenter(how, seed=self._job.settings.seed).augmented(records, keys)
        except DataError as error:
            raise DataError(f"split {self._job.split!r}: {error}") from None


def repeated(copies: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Yields rows as they are emitted, and the how manieth copy each is, in blocks.

    A class that grows a thousandfold would fill the memory from a single batch.

    Args:
        copies: How often each row is emitted, (n,).
    """
    ends = np.cumsum(copies)
    total = int(ends[-1]) if len(ends) else 0
    for start in range(0, total, BLOCK_ROWS):
        places = np.arange(start, min(start + BLOCK_ROWS, total))
        rows = np.searchsorted(ends, places, side="right")
        yield rows, places - (ends[rows] - copies[rows])
