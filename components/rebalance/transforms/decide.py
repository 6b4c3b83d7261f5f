"""Between the passes: how many rows of each class, and which ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from tfx_rebalance.components.rebalance.neighbours.categories import Table
from tfx_rebalance.components.rebalance.neighbours.space import Scale, no_scale, standard_scale
from tfx_rebalance.components.rebalance.strategy import Informed
from tfx_rebalance.components.rebalance.targets.plan import SplitPlan, row_draws, with_cuts
from tfx_rebalance.components.rebalance.targets.planning import (
    SplitCounts,
    check_counts,
    check_memory,
    cleaned_classes,
    limited_targets,
    naming_split,
    plan_of,
)
from tfx_rebalance.components.rebalance.targets.quota import (
    Bin,
    Histogram,
    bin_of,
    cut_of,
    draws_in,
    histogram,
)
from tfx_rebalance.components.rebalance.transforms.count import Counted, Tally, Total, total_of
from tfx_rebalance.components.rebalance.transforms.job import Job
from tfx_rebalance.draws import Keys

Masks = Mapping[int, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Decision:
    """What the second pass has to know; a side input of all its steps."""

    plan: SplitPlan
    counts: SplitCounts
    scale: Scale
    tables: tuple[Table, ...] = ()
    targets: Mapping[int, int] = field(default_factory=dict)
    cleaned: tuple[int, ...] = ()
    masks: Masks | None = None
    """Shard number -> which of its rows stay; None: the plan's cuts say so."""


@beam.typehints.with_input_types(Tally)
@beam.typehints.with_output_types(Decision)
class Plan(beam.PTransform):
    """Adds the tallies up and gives the one decision that the counts allow."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def expand(self, tallies: beam.PCollection) -> beam.PCollection:
        return tallies | "AllShards" >> beam.combiners.ToList() | "Plan" >> beam.Map(self._decision)

    def _decision(self, tallies: Sequence[Tally]) -> Decision:
        job, settings, total = self._job, self._job.settings, total_of(tallies)
        counts = SplitCounts(job.label.classes, total.counts, job.split, total.size, total.shards)
        check_counts(counts, settings)
        if isinstance(settings.chosen, Informed):
            check_memory(counts, job.features, settings)
        with naming_split(job.split):
            aims = limited_targets(counts, settings)
            cleaned = cleaned_classes(counts, settings)
        return Decision(
            plan=plan_of(counts, settings, aims),
            counts=counts,
            scale=_scale(job, total),
            tables=total.tables,
            targets={i: aims.targets[name] for i, name in enumerate(counts.classes)},
            cleaned=cleaned,
        )


def _scale(job: Job, total: Total) -> Scale:
    width = job.layout.width if job.layout else 0
    if total.moments is None:
        return no_scale(width)
    if job.settings.scaling == "none":
        return no_scale(width, fill=total.moments.mean)
    return standard_scale(total.moments)


class FindCuts(beam.PTransform):
    """Gives the decision with the cuts of its classes: of n draws the k smallest are below it."""

    def __init__(self, job: Job, decision: beam.PCollection) -> None:
        super().__init__()
        self._seed, self._decision = job.settings.seed, decision

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        decision = beam.pvalue.AsSingleton(self._decision)
        bins = (
            counted
            | "Histograms" >> beam.FlatMap(self._histograms, decision)
            | "AddUp" >> beam.CombinePerKey(_added)
            | "AllClasses" >> beam.combiners.ToDict()
            | "Bins" >> beam.Map(_bins, decision)
        )
        return (
            counted
            | "DrawsInBins" >> beam.FlatMap(self._draws, beam.pvalue.AsSingleton(bins))
            | "OfAllShards" >> beam.GroupByKey()
            | "Cuts" >> beam.Map(_cut, beam.pvalue.AsSingleton(bins))
            | "AllCuts" >> beam.combiners.ToDict()
            | "Complete" >> beam.Map(_with_cuts, decision)
        )

    def _histograms(self, counted: Counted, decision: Decision) -> Iterator[tuple[int, Histogram]]:
        for index, draws in self._of_classes(counted, _unfinished(decision.plan)):
            yield index, histogram(draws)

    def _draws(self, counted: Counted, bins: Mapping[int, Bin]) -> Iterator[tuple[int, Keys]]:
        for index, draws in self._of_classes(counted, list(bins)):
            yield index, draws_in(draws, bins[index].place)

    def _of_classes(self, counted: Counted, classes: Sequence[int]) -> Iterator[tuple[int, Keys]]:
        draws = row_draws(counted.keys, seed=self._seed) if classes else np.empty(0)
        for index in classes:
            yield index, draws[counted.labels == index]


def _unfinished(plan: SplitPlan) -> list[int]:
    return [i for i, of_class in enumerate(plan.classes) if of_class.extra]


def _added(histograms: Sequence[Histogram]) -> Histogram:
    total: Histogram = np.sum(list(histograms), axis=0)
    return total


def _bins(histograms: Mapping[int, Histogram], decision: Decision) -> dict[int, Bin]:
    return {i: bin_of(h, decision.plan.classes[i].extra) for i, h in histograms.items()}


def _cut(of_class: tuple[int, Iterable[Keys]], bins: Mapping[int, Bin]) -> tuple[int, Any]:
    index, draws = of_class
    return index, cut_of(np.concatenate(list(draws)), bins[index].left)


def _with_cuts(cuts: Mapping[int, Any], decision: Decision) -> Decision:
    return Decision(**{**vars(decision), "plan": with_cuts(decision.plan, cuts)})
