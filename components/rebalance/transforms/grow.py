"""New rows: a class at a time for their parents, a block of parents at a time for the rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np

from tfx_rebalance.components.rebalance.neighbours.cells import (
    Task,
    measured_recall,
    neighbours_of,
    tasks_of,
)
from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY, nearest_in_groups
from tfx_rebalance.components.rebalance.records.children import children, synthetic, whole_numbers
from tfx_rebalance.components.rebalance.records.seeds import seeds_in
from tfx_rebalance.components.rebalance.records.spill import Deal, Spill, SpillWriter
from tfx_rebalance.components.rebalance.report import growth_of
from tfx_rebalance.components.rebalance.strategy import Around, Synthesizer
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices, Pairs
from tfx_rebalance.components.rebalance.transforms.decide import Decision
from tfx_rebalance.components.rebalance.transforms.family import Family, loaded
from tfx_rebalance.components.rebalance.transforms.job import Job

BLOCK_ROWS = 16_384
"""New rows made by one task."""

BLOCKS, GROWTHS = "blocks", "growths"

Found = tuple[Family, Task, Indices]


@dataclass(frozen=True)
class Block:
    """Parents of some new rows of a class."""

    family: Family
    number: int
    pairs: Pairs
    first: int
    """The first seed's row; `neighbours` begins there."""
    neighbours: Indices
    """(rows from the first to the last seed, k)."""


class Search(beam.PTransform):
    """Gives (class, (family, [(task, neighbours)])): each row's nearest of its class."""

    def __init__(self, job: Job, decision: beam.PCollection) -> None:
        super().__init__()
        self._job, self._decision = job, beam.pvalue.AsSingleton(decision)

    def expand(self, families: beam.PCollection) -> beam.PCollection:
        return (
            families
            | "Tasks" >> beam.FlatMap(self._tasks, self._decision)
            | "Spread" >> beam.Reshuffle()
            | "Search" >> beam.Map(self._search, self._decision)
            | "OfAClass" >> beam.GroupByKey()
        )

    def _tasks(self, family: Family, decision: Decision) -> Iterator[tuple[Family, Task]]:
        here = loaded(family, self._job, decision)
        if here.seeds.groups is not None:
            yield family, Task(np.arange(len(here.space)), None)
            return
        draws = here.draws(self._job).of_rows("cells")
        for task in tasks_of(here.space, draws=draws):
            yield family, task

    def _search(self, asked: tuple[Family, Task], decision: Decision) -> tuple[int, Found]:
        family, task = asked
        here, k = loaded(family, self._job, decision), self._job.k
        if here.seeds.groups is not None:
            found = nearest_in_groups(here.space, here.seeds.groups, k).indices
        else:
            found = neighbours_of(here.space, task, k)
        # Who was searched is known again by nobody, and would be most of what travels on.
        asked_for = Task(task.queries, None if task.candidates is None else task.queries[:0])
        return family.index, (family, asked_for, found)


class Choose(beam.PTransform):
    """Gives `BLOCKS` of parents and, as output `GROWTHS`, (class, Growth)."""

    def __init__(
        self, job: Job, decision: beam.PCollection, *, around: beam.PCollection | None, ready: Any
    ) -> None:
        """Takes what strategies may need beside the neighbours.

        Args:
            job: The split's.
            decision: Of the split.
            around: (class, others near each row), for a strategy that looks around.
            ready: (class, Chosen) of an informed strategy, which has chosen already.
        """
        super().__init__()
        self._job = job
        self._sides = {
            "decision": beam.pvalue.AsSingleton(decision),
            **({} if around is None else {"around": beam.pvalue.AsDict(around)}),
            **({} if ready is None else {"ready": beam.pvalue.AsDict(ready)}),
        }

    def expand(self, found: beam.PCollection) -> beam.PCollection:
        choose = beam.FlatMap(self._choose, **self._sides)
        return found | "Choose" >> choose.with_outputs(GROWTHS, main=BLOCKS)

    def _choose(
        self,
        of_class: tuple[int, Iterable[Found]],
        *,
        decision: Decision,
        around: Any = None,
        ready: Any = None,
    ) -> Iterator[Any]:
        index, found = of_class
        ordered = sorted(found, key=lambda part: int(part[1].queries[0]))
        family, here = ordered[0][0], loaded(ordered[0][0], self._job, decision)
        neighbours = np.full((len(here.space), self._job.k), NOBODY)
        for _, task, indices in ordered:
            neighbours[task.queries] = indices
        draws, strategy = here.draws(self._job), self._job.settings.chosen
        if isinstance(strategy, Synthesizer):
            others = around[index] if around else None
            m = min(strategy.m, int(decision.counts.counts[:-1].sum()) - 1)
            near = Around(here.seeds.rows, neighbours, others, m)
            chosen = strategy.pairs(near, decision.plan.classes[index].born, draws)
        else:
            chosen = (ready or {})[index]
        recall = None
        if any(task.candidates is not None for _, task, _ in ordered):
            tasks, parts = [task for _, task, _ in ordered], [found for _, _, found in ordered]
            lots = draws.of_rows("recall")
            recall = measured_recall(here.space, tasks, parts, self._job.k, draws=lots)
        growth = growth_of(chosen, neighbours, recall=recall, wanted_k=self._job.k)
        yield beam.pvalue.TaggedOutput(GROWTHS, (index, growth))
        yield from blocks_of(family, chosen.pairs, neighbours)


class Make(beam.PTransform):
    """Gives a `Spill` per block of parents."""

    def __init__(self, job: Job, decision: beam.PCollection) -> None:
        super().__init__()
        self._job, self._decision = job, beam.pvalue.AsSingleton(decision)

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        make = beam.Map(self._make, self._decision)
        return blocks | "Spread" >> beam.Reshuffle() | "Make" >> make

    def _make(self, block: Block, decision: Decision) -> Spill:
        job, shards, index = self._job, decision.plan.shards, block.family.index
        seeds = seeds_in(block.family.files, job.features, job.settings.group_key)
        neighbours = np.full((len(seeds.rows), block.neighbours.shape[1]), NOBODY)
        neighbours[block.first : block.first + len(block.neighbours)] = block.neighbours
        layout = job.features
        new = born(seeds.rows, block.pairs, neighbours, whole=whole_numbers(layout))
        provenance = job.settings.provenance
        records = children(seeds, new, block.pairs, layout=layout, provenance=provenance)
        deal = Deal((index + 1 << 24) + block.number, shards, seed=job.settings.seed)
        path = job.scratch_file("new", index, f"{block.number:06}")
        with SpillWriter(path, shards=shards) as spill:
            spill.write(records, deal.places(len(records)))
        job.count_rows("after", np.full(len(records), index))
        job.count_rows("synthetic", np.full(int(synthetic(block.pairs).sum()), index))
        return spill.spill


def blocks_of(family: Family, pairs: Pairs, neighbours: Indices) -> Iterator[Block]:
    """Yields the pairs in blocks, each with the neighbours of its seeds alone."""
    ordered = pairs.take(np.argsort(pairs.seed, kind="stable"))
    for number, start in enumerate(range(0, len(ordered), BLOCK_ROWS)):
        part = ordered.take(np.arange(start, min(start + BLOCK_ROWS, len(ordered))))
        first, last = int(part.seed[0]), int(part.seed[-1])
        yield Block(family, number, part, first, neighbours[first : last + 1])
