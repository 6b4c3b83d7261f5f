"""What a resampling strategy is: how many rows it wants, and which rows those are.

A strategy is a settings model: its fields are its parameters, by imbalanced-learn's names. There
are three kinds, by what has to be in memory: a `Sampler` sees counts, a `Synthesizer` the rows of
one class at a time, an `Informed` strategy the rows of the whole split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.space import Scale, Space
from tfx_rebalance.components.rebalance.records.rows import Rows
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws, Pairs
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    Counts,
    SamplingStrategy,
    oversampled,
)
from tfx_rebalance.draws import Keys
from tfx_rebalance.settings import Settings

Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Strategy(Settings):
    """What all strategies have in common."""

    keeps_groups: ClassVar[bool] = False
    """Whether a new row's parents can be kept within a group."""

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows wanted of each class.

        Raises:
            ConfigError: If the sampling strategy asks for what this strategy cannot do.
        """
        raise NotImplementedError


class Sampler(Strategy):
    """Keeps or repeats rows by lot; needs nothing but the counts."""

    draws_lots: ClassVar[bool] = True
    """Whether some rows of a class may be treated otherwise than others."""


class Synthesizer(Strategy):
    """Makes new rows of a class from pairs of its rows."""

    k_neighbors: int = Field(default=5, ge=1)
    """Neighbours a seed may go towards; fewer where the class is smaller."""
    keeps_groups: ClassVar[bool] = True
    takes: ClassVar[Literal["any", "mixed", "nominal"]] = "any"
    """The features it is for."""
    looks_around: ClassVar[bool] = False
    """Whether `Around.others` is needed: a pass over the whole split."""

    @property
    def m(self) -> int:
        """How many of the split's rows around each row `Around.others` is about."""
        return 0

    def targets(self, counts: Counts, sampling_strategy: SamplingStrategy) -> dict[str, int]:
        """Returns the rows to end with of each class (see `oversampled`)."""
        return oversampled(counts, sampling_strategy)

    def pairs(self, around: "Around", wanted: int, draws: Draws) -> "Chosen":
        """Returns the parents of exactly `wanted` new rows of a class."""
        raise NotImplementedError


@dataclass(frozen=True)
class Around:
    """A class, and what is near each of its n rows."""

    rows: Rows
    neighbours: npt.NDArray[np.int64]
    """(n, k), into the class's rows: the nearest of the class, NOBODY after the last."""
    others: npt.NDArray[np.int64] | None
    """(n,): how many of the `m` nearest rows of the split are of another class."""
    m: int = 0


@dataclass(frozen=True)
class Chosen:
    """What a strategy chose for a class, and what is to be said about it."""

    pairs: Pairs
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """All rows of a split in memory, in the order of (shard, row)."""

    rows: Rows
    labels: Labels
    """(n,), class indices; rows without a label are left out."""
    keys: Keys
    """(n,): row keys."""
    scale: Scale
    space: Space
    whole: Mask | None = None
    """(width,): which numeric columns are whole numbers; None: none is."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of an informed strategy."""

    targets: Mapping[int, int]
    """Class index -> rows wanted; as there are where nothing is asked."""
    chosen: Sequence[int]
    """The classes a cleaner may take rows from."""
    seed: int


@dataclass(frozen=True)
class Verdict:
    """What an informed strategy decided."""

    kept: Mask
    """(n,): which rows of the split stay."""
    pairs: Mapping[int, Pairs] = field(default_factory=dict)
    """Class index -> the parents of its new rows, as indices into the rows of the class."""
    notes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Class index -> what is to be said about it."""


class Informed(Strategy):
    """Decides by looking at all rows of the split, in one worker's memory."""

    def chosen(self, counts: Counts, sampling_strategy: SamplingStrategy) -> list[str]:
        """Returns the classes that rows may be taken from; none for a strategy with targets."""
        del counts, sampling_strategy
        return []

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns which rows stay and which new ones come."""
        raise NotImplementedError
