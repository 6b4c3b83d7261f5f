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
from tfx_rebalance.components.example_gen.sources.settings import ImageFolderSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Reader, Wanted
from tfx_rebalance.components.example_gen.spans import Window


@dataclass(frozen=True)
class Rows:
    """Some rows, and where they were read."""

    batch: pa.RecordBatch
    where: str
    """The file, for messages."""
    first: int
    """The number of the first of them in the file, where bad ones are not counted."""


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

    def rows(self, part: Part, bad: BadRows) -> Iterator[Rows]:
        """Yields the rows of a part, the same in every pass."""
        alone = [(piece,) for piece in part.pieces]
        is_image = isinstance(self.settings.source, ImageFolderSource)  # A file is but a row.
        for pieces in [part.pieces] if is_image else alone:
            first = 1
            for batch in self.reader.batches(pieces, self.wanted, bad):
                yield Rows(batch, pieces[0].name, first)
                first += batch.num_rows

    def scratch_file(self, *words: object) -> str:
        """Returns the path of a temporary file."""
        return os.path.join(self.scratch, "-".join(map(str, words)))

    def split_folder(self, split: str) -> str:
        """Returns where a split's shards lie."""
        return os.path.join(self.target, f"Split-{split}")
