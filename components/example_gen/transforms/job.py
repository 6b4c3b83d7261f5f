"""What all steps have in common."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from tfx_rebalance.components.example_gen.dealing import Dealer
from tfx_rebalance.components.example_gen.labels import Labels
from tfx_rebalance.components.example_gen.parts import Part
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.sources.demo import DemoReader
from tfx_rebalance.components.example_gen.sources.registry import reader_of
from tfx_rebalance.components.example_gen.sources.source import BadRows, Reader, Wanted
from tfx_rebalance.components.example_gen.spans import Window


@dataclass(frozen=True)
class Job:
    """What is to be read and where it goes."""

    settings: DataSettings
    labels: Labels
    wanted: Wanted
    window: Window
    target: str
    """The uri of the examples."""
    scratch: str
    """A folder that all workers see, removed in the end."""
    rows_per_shard: int = field(default=200_000, kw_only=True)

    @cached_property
    def reader(self) -> Reader:
        """What reads the source."""
        if self.settings.is_demo:
            return DemoReader(self.settings.demo)
        return reader_of(self.settings.source)

    @property
    def source(self) -> str:
        """What is read, for messages."""
        source = self.settings.source
        named = (getattr(source, key, None) for key in ("path", "name", "table", "query"))
        return next((name for name in named if name), source.format)

    @property
    def dealer(self) -> Dealer:
        """What deals the rows."""
        return Dealer(self.settings, self.labels, self.source)

    def batches(self, part: Part, bad: BadRows) -> Iterator[pa.RecordBatch]:
        """Yields the rows of a part, the same in every pass."""
        yield from self.reader.batches(part.pieces, self.wanted, bad)

    def scratch_file(self, *words: object) -> str:
        """Returns the path of a temporary file."""
        return os.path.join(self.scratch, "-".join(map(str, words)))

    def split_folder(self, split: str) -> str:
        """Returns where a split's shards lie."""
        return os.path.join(self.target, f"Split-{split}")
