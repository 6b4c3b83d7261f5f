"""The last step: output shards, each a mix of rows from every source."""

import os
from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics

from tfx_rebalance.components.rebalance.records.spill import Spill
from tfx_rebalance.components.rebalance.transforms.decide import Decision
from tfx_rebalance.components.rebalance.transforms.job import Job
from tfx_rebalance.draws import keyed_draws, shard_row_keys
from tfx_rebalance.records import shard_name, write_shard


class Mix(beam.PTransform):
    """Writes the output shards and gives the rows written into each."""

    def __init__(self, job: Job, decision: beam.PCollection) -> None:
        super().__init__()
        self._job, self._decision = job, decision

    def expand(self, spills: beam.PCollection) -> beam.PCollection:
        decision = beam.pvalue.AsSingleton(self._decision)
        return (
            self._decision
            | "Shards" >> beam.FlatMap(lambda decided: range(decided.plan.shards))
            | "Spread" >> beam.Reshuffle()
            | "Write" >> beam.Map(self._write, decision, beam.pvalue.AsList(spills))
        )

    def _write(self, number: int, decision: Decision, spills: Iterable[Spill]) -> int:
        job, shards = self._job, decision.plan.shards
        ordered = sorted(spills, key=lambda spill: spill.path)
        records = [r for spill in ordered for part in spill.records(number) for r in part]
        keys = shard_row_keys(number, len(records))
        order = np.argsort(keyed_draws(keys, seed=job.settings.seed, purpose="order"))
        path = os.path.join(job.target, shard_name(number, shards))
        write_shard(path, _in_order(records, order.tolist()))
        Metrics.counter("Rebalance", f"{job.split}/written").inc(len(records))
        return len(records)


def _in_order(records: list[bytes], order: list[int]) -> Iterator[bytes]:
    for place in order:
        yield records[place]
