"""The whole graph over a split."""

import apache_beam as beam
import tensorflow as tf

from tfx_rebalance.components.rebalance.report import Growth, split_report
from tfx_rebalance.components.rebalance.strategy import Informed, Sampler, Synthesizer
from tfx_rebalance.components.rebalance.transforms.count import Count, Counted, Tally
from tfx_rebalance.components.rebalance.transforms.decide import Decision, FindCuts, Plan
from tfx_rebalance.components.rebalance.transforms.emit import SEEDS, SPILLS, Emit
from tfx_rebalance.components.rebalance.transforms.family import Families
from tfx_rebalance.components.rebalance.transforms.grow import (
    BLOCKS,
    GROWTHS,
    Choose,
    Make,
    Search,
)
from tfx_rebalance.components.rebalance.transforms.job import Job, Shard
from tfx_rebalance.components.rebalance.transforms.judge import DECISION, READY, Judge
from tfx_rebalance.components.rebalance.transforms.look_around import LookAround
from tfx_rebalance.components.rebalance.transforms.mix import Mix


@beam.typehints.with_input_types(Shard)
class Resample(beam.PTransform):
    """Writes the split's output shards and, into the scratch folder, its report.

    Two passes over the shards: the first counts, the second emits. What has to be known between
    them is small and travels as a side input; rows travel through files.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job, self._strategy = job, job.settings.chosen

    def expand(self, shards: beam.PCollection) -> beam.PCollection:
        job, needs = self._job, statistics_needed(self._job)
        read = shards | "Count" >> Count(job, moments="moments" in needs, tables="tables" in needs)
        counted = read | "Shards" >> beam.Map(_first).with_output_types(Counted)
        tallies = read | "Tallies" >> beam.Map(_second).with_output_types(Tally)
        decision, ready = tallies | "Plan" >> Plan(job), None
        if isinstance(self._strategy, Sampler) and self._strategy.draws_lots:
            decision = counted | "FindCuts" >> FindCuts(job, decision)
        if isinstance(self._strategy, Informed):
            judged = counted | "Judge" >> Judge(job, decision)
            decision, ready = judged[DECISION], judged[READY]
        emitted = counted | "Emit" >> Emit(job, decision)
        spills, growths = [emitted[SPILLS]], shards.pipeline | "NoGrowth" >> beam.Create([])
        if not isinstance(self._strategy, Sampler):
            made, growths = self._grown(counted, decision, emitted[SEEDS], ready=ready)
            spills.append(made)
        every = spills | "Spills" >> beam.Flatten()
        written = every | "Mix" >> Mix(job, decision)
        return written | "Report" >> Report(job, decision, growths)

    def _grown(
        self,
        counted: beam.PCollection,
        decision: beam.PCollection,
        seeds: beam.PCollection,
        *,
        ready: beam.PCollection | None,
    ) -> tuple[beam.PCollection, beam.PCollection]:
        job, strategy, around = self._job, self._strategy, None
        families = seeds | "Families" >> Families()
        if isinstance(strategy, Synthesizer) and strategy.looks_around:
            look = LookAround(job, decision, families, m=strategy.m)
            around = counted | "LookAround" >> look
        found = families | "Search" >> Search(job, decision)
        chosen = found | "Choose" >> Choose(job, decision, around=around, ready=ready)
        return chosen[BLOCKS] | "Make" >> Make(job, decision), chosen[GROWTHS]


class Report(beam.PTransform):
    """Writes the split's report once all shards are written."""

    def __init__(self, job: Job, decision: beam.PCollection, growths: beam.PCollection) -> None:
        super().__init__()
        self._job, self._decision, self._growths = job, decision, growths

    def expand(self, written: beam.PCollection) -> beam.PCollection:
        return (
            written
            | "Rows" >> beam.CombineGlobally(sum)
            | "Write"
            >> beam.Map(
                self._write,
                beam.pvalue.AsSingleton(self._decision),
                beam.pvalue.AsDict(self._growths),
            )
        )

    def _write(self, written: int, decision: Decision, growths: dict[int, Growth]) -> None:
        job = self._job
        if written != decision.plan.rows:
            raise RuntimeError(
                f"{written} rows of split {job.split!r} were written, {decision.plan.rows} planned."
            )
        report = split_report(job.label.classes, decision.plan, growths, settings=job.settings)
        skipped = dict(job.layout.skipped) if job.layout else {}
        skipped.pop(job.label.name, None)
        with tf.io.gfile.GFile(job.scratch_file("report.json"), "w") as file:
            file.write(report.model_copy(update={"skipped_features": skipped}).model_dump_json())


def statistics_needed(job: Job) -> set[str]:
    """Returns what the first pass has to measure beside labels: moments, tables."""
    layout = job.layout
    if layout is None:
        return set()
    scaled = layout.scaled and job.settings.scaling == "auto"
    unscaled = job.settings.scaling == "none"
    needs = set()
    if layout.width and not scaled and (layout.optional or not unscaled):
        needs.add("moments")
    if not layout.width and isinstance(job.settings.chosen, Synthesizer):
        needs.add("tables")
    return needs


def _first(pair: tuple[Counted, Tally]) -> Counted:
    return pair[0]


def _second(pair: tuple[Counted, Tally]) -> Tally:
    return pair[1]
