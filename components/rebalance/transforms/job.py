"""What all steps over a split have in common."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from apache_beam.metrics import Metrics

from tfx_rebalance.components.rebalance.records.labels import LabelFeature
from tfx_rebalance.components.rebalance.records.layout import Layout
from tfx_rebalance.components.rebalance.settings import RebalanceSettings


@dataclass(frozen=True)
class Shard:
    """A shard of the input: its number, which keys its rows, and where it is."""

    number: int
    source: str


@dataclass(frozen=True)
class Job:
    """What is to be done to a split, and where."""

    settings: RebalanceSettings
    label: LabelFeature
    layout: Layout | None
    """What features are; None for a strategy that looks at labels alone."""
    split: str
    target: str
    """The folder of the split in the output artifact."""
    scratch: str
    """A folder that all workers see, removed in the end."""

    @property
    def features(self) -> Layout:
        """The layout, for steps that need one.

        Raises:
            ValueError: If there is none.
        """
        if self.layout is None:
            raise ValueError(f"strategy {self.settings.strategy!r} was given no layout.")
        return self.layout

    @property
    def k(self) -> int:
        """How many neighbours a category is voted on by, and a seed may go towards."""
        return int(getattr(self.settings.chosen, "k_neighbors", 5))

    def count_rows(self, what: str, labels: npt.NDArray[Any]) -> None:
        """Adds rows, by their class indices, to the counters `<split>/<class>/<what>`."""
        counts = np.bincount(labels[labels >= 0], minlength=len(self.label.classes))
        for name, n in zip(self.label.classes, counts.tolist(), strict=True):
            Metrics.counter("Rebalance", f"{self.split}/{name}/{what}").inc(n)

    def scratch_file(self, *parts: object) -> str:
        """Returns the path of a temporary file."""
        return os.path.join(self.scratch, self.split, "-".join(map(str, parts)))
