"""For strategies that ask how many rows of other classes are near: another pass over the shards."""

from collections.abc import Iterator, Sequence

import apache_beam as beam

from tfx_rebalance.components.rebalance.neighbours.around import Near, merged_near, near_in
from tfx_rebalance.components.rebalance.neighbours.categories import by_difference
from tfx_rebalance.components.rebalance.neighbours.space import space_of
from tfx_rebalance.components.rebalance.records.parsing import parsed
from tfx_rebalance.components.rebalance.synthesis.pairs import Indices
from tfx_rebalance.components.rebalance.transforms.count import Counted
from tfx_rebalance.components.rebalance.transforms.decide import Decision
from tfx_rebalance.components.rebalance.transforms.family import Family, loaded
from tfx_rebalance.components.rebalance.transforms.job import Job
from tfx_rebalance.records import read_records


class LookAround(beam.PTransform):
    """Gives (class, others): how many of the m rows nearest to each of its rows are others'.

    The growing classes are in memory, the shards pass by in batches.
    """

    def __init__(
        self, job: Job, decision: beam.PCollection, families: beam.PCollection, *, m: int
    ) -> None:
        super().__init__()
        self._job, self._decision, self._families, self._m = job, decision, families, m

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        decision = beam.pvalue.AsSingleton(self._decision)
        families = beam.pvalue.AsList(self._families)
        return (
            counted
            | "Spread" >> beam.Reshuffle()
            | "Near" >> beam.FlatMap(self._near, decision, families)
            | "Nearest" >> beam.CombinePerKey(_Nearest(self._m))
        )

    def _near(
        self, counted: Counted, decision: Decision, families: Sequence[Family]
    ) -> Iterator[tuple[int, Near]]:
        layout, best, first = self._job.features, dict[int, Near](), 0
        here = {family.index: loaded(family, self._job, decision) for family in families}
        for batch in read_records(counted.shard.source):
            part = slice(first, first + len(batch))
            labels, keys, first = counted.labels[part], counted.keys[part], part.stop
            rows = parsed(batch, layout, path=counted.shard.source).take(labels >= 0)
            points = space_of(rows, layout, scale=decision.scale)
            points = by_difference(points, decision.tables) if decision.tables else points
            keys, labels = keys[labels >= 0], labels[labels >= 0]
            for index, of_class in here.items():
                near = near_in(
                    of_class.space,
                    of_class.seeds.keys,
                    points,
                    keys,
                    other=labels != index,
                    m=self._m,
                )
                known = [best[index], near] if index in best else [near]
                best[index] = merged_near(known, self._m)
        yield from best.items()


class _Nearest(beam.CombineFn):
    """Merges `Near`s in any order, and gives how many are of other classes."""

    def __init__(self, m: int) -> None:
        super().__init__()
        self._m = m

    def create_accumulator(self) -> list[Near]:
        return []

    def add_input(self, accumulator: list[Near], near: Near) -> list[Near]:
        return [merged_near([*accumulator, near], self._m)]

    def merge_accumulators(self, accumulators: Sequence[list[Near]]) -> list[Near]:
        parts = [near for accumulator in accumulators for near in accumulator]
        return [merged_near(parts, self._m)] if parts else []

    def extract_output(self, accumulator: list[Near]) -> Indices:
        return accumulator[0].others
