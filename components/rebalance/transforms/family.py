"""A class that grows, as the steps of its growth hand it on."""

from dataclasses import dataclass

import apache_beam as beam

from tfx_rebalance.components.rebalance.neighbours.categories import by_difference
from tfx_rebalance.components.rebalance.neighbours.space import Space, space_of
from tfx_rebalance.components.rebalance.records.seeds import SeedFile, Seeds, seeds_in
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws
from tfx_rebalance.components.rebalance.transforms.decide import Decision
from tfx_rebalance.components.rebalance.transforms.job import Job


@dataclass(frozen=True)
class Family:
    """A class and the files that hold its rows."""

    index: int
    files: tuple[SeedFile, ...]


@dataclass(frozen=True)
class Loaded:
    """A class in memory."""

    seeds: Seeds
    space: Space

    def draws(self, job: Job) -> Draws:
        """Returns the class's random numbers."""
        return Draws(self.seeds.keys, job.settings.seed)


class Families(beam.PTransform):
    """From (class, SeedFile) to a `Family` per class."""

    def expand(self, seeds: beam.PCollection) -> beam.PCollection:
        return (
            seeds
            | "OfAClass" >> beam.GroupByKey()
            | "InOrder" >> beam.MapTuple(lambda index, files: Family(index, tuple(sorted(files))))
        )


_spaces: dict[tuple[SeedFile, ...], Space] = {}


def loaded(family: Family, job: Job, decision: Decision) -> Loaded:
    """Returns the class in memory; a worker keeps the last one it was asked for.

    The scratch folder is another one in each run, so a path stands for its content.
    """
    seeds = seeds_in(family.files, job.features, job.settings.group_key)
    space = _spaces.get(family.files)
    if space is None:
        space = space_of(seeds.rows, job.features, scale=decision.scale)
        space = by_difference(space, decision.tables) if decision.tables else space
        _spaces.clear()
        _spaces[family.files] = space
    return Loaded(seeds, space)
