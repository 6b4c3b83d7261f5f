"""Informed strategies: one worker sees the rows of the split and says which ones stay."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
import numpy as np

from tfx_rebalance.components.rebalance.neighbours.space import space_of
from tfx_rebalance.components.rebalance.records.children import whole_numbers
from tfx_rebalance.components.rebalance.records.parsing import parsed_all
from tfx_rebalance.components.rebalance.records.rows import Rows, concatenated
from tfx_rebalance.components.rebalance.strategy import (
    Chosen,
    Informed,
    Labels,
    Split,
    Verdict,
    Wanted,
)
from tfx_rebalance.components.rebalance.targets.plan import ClassPlan
from tfx_rebalance.components.rebalance.targets.planning import sized
from tfx_rebalance.components.rebalance.transforms.count import Counted
from tfx_rebalance.components.rebalance.transforms.decide import Decision
from tfx_rebalance.components.rebalance.transforms.job import Job
from tfx_rebalance.records import read_records

READY, DECISION = "ready", "decision"

Part = tuple[Counted, Rows]


class Judge(beam.PTransform):
    """Gives `DECISION`, complete, and `READY`, (class, Chosen) of the classes that grow."""

    def __init__(self, job: Job, decision: beam.PCollection) -> None:
        super().__init__()
        self._job, self._decision = job, beam.pvalue.AsSingleton(decision)

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        judge = beam.FlatMap(self._judge, self._decision).with_outputs(READY, main=DECISION)
        return (
            counted
            | "Spread" >> beam.Reshuffle()
            | "Rows" >> beam.Map(self._rows, self._decision)
            | "AllShards" >> beam.combiners.ToList()
            | "Judge" >> judge
        )

    def _rows(self, counted: Counted, decision: Decision) -> Part:
        del decision  # As a side input it has checked the memory before any row is read.
        path = counted.shard.source
        return counted, parsed_all(read_records(path), self._job.features, path=path)

    def _judge(self, parts: Sequence[Part], decision: Decision) -> Iterator[Any]:
        ordered = sorted(parts, key=lambda part: part[0].shard.number)
        split = self._split(ordered, decision)
        seed, strategy = self._job.settings.seed, self._job.settings.chosen
        if not isinstance(strategy, Informed):
            raise TypeError(f"strategy must be Informed, got {type(strategy).__name__}.")
        verdict = strategy.judged(split, Wanted(decision.targets, decision.cleaned, seed))
        yield decided(decision, verdict, split.labels, [counted for counted, _ in ordered])
        for index, pairs in verdict.pairs.items():
            if len(pairs):
                yield beam.pvalue.TaggedOutput(READY, (index, Chosen(pairs)))

    def _split(self, parts: Sequence[Part], decision: Decision) -> Split:
        layout = self._job.features
        labels = np.concatenate([counted.labels for counted, _ in parts]).astype(np.int64)
        known = labels >= 0
        rows = concatenated([rows for _, rows in parts], layout).take(known)
        return Split(
            rows=rows,
            labels=labels[known],
            keys=np.concatenate([counted.keys for counted, _ in parts])[known],
            scale=decision.scale,
            space=space_of(rows, layout, scale=decision.scale),
            whole=whole_numbers(layout),
        )


def decided(
    decision: Decision, verdict: Verdict, labels: Labels, shards: Sequence[Counted]
) -> Decision:
    """Returns the decision with what the verdict says.

    Args:
        decision: As the counts alone made it.
        verdict: Over the labelled rows.
        labels: Theirs, (n,).
        shards: In order, with all rows.
    """
    kept = np.bincount(labels[verdict.kept], minlength=len(decision.plan.classes)).tolist()
    classes = [_judged(plan, kept[i], verdict, i) for i, plan in enumerate(decision.plan.classes)]
    every = np.concatenate([counted.labels for counted in shards]) >= 0
    stays = np.full(len(every), decision.plan.pass_on)
    stays[every] = verdict.kept
    ends = np.cumsum([len(counted.labels) for counted in shards])[:-1]
    return replace(
        decision,
        plan=sized(replace(decision.plan, classes=tuple(classes)), decision.counts),
        masks={
            counted.shard.number: mask
            for counted, mask in zip(shards, np.split(stays, ends), strict=True)
        },
    )


def _judged(plan: ClassPlan, kept: int, verdict: Verdict, index: int) -> ClassPlan:
    new = len(verdict.pairs[index]) if index in verdict.pairs else 0
    return ClassPlan(
        before=plan.before,
        after=kept + new,
        removed=plan.before - kept,
        born=new,
        notes=(*plan.notes, *verdict.notes.get(index, ())),
    )
