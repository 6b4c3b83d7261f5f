"""What every source gives: parts that workers share out, and their rows in batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from tfx_rebalance.errors import DataError

SHOWN = 5


@dataclass(frozen=True)
class Piece:
    """What is read at once: a file, or one row group of it."""

    path: str
    row_group: int | None = None

    @property
    def name(self) -> str:
        """What it is, for messages."""
        group = "" if self.row_group is None else f", row group {self.row_group}"
        return f"{self.path!r}{group}"


@dataclass(frozen=True)
class Wanted:
    """What the rows must look like, whatever they were read from."""

    types: Mapping[str, pa.DataType]
    """By column, from the schema: int64, float64, string or binary, or a list of one of them."""
    label: str
    label_required: bool = True
    """False for serving data, which may come without."""
    images: frozenset[str] = frozenset()
    """The columns that are images; one that cannot be decoded makes its row a bad one."""


@dataclass
class BadRows:
    """Counts rows that cannot be read and, beyond `allowed`, refuses."""

    allowed: int = 0
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, what: str, *, rows: int = 1) -> None:
        """Counts rows that are left out.

        Args:
            what: File, line or column, value, and what is wrong with it; no full stop.
            rows: How many.

        Raises:
            DataError: If that is more than allowed.
        """
        self.count += rows
        if len(self.examples) < SHOWN:
            self.examples.append(what)
        if self.count > self.allowed:
            beyond = f" (and {self.count - 1} before it)" if self.count > 1 else ""
            raise DataError(
                f"{what}{beyond}. Correct the file, or raise data.max_bad_rows, which is "
                f"{self.allowed}, to leave such rows out."
            )


class Reader(Protocol):
    """Reads one format; made from its settings, so it can be sent to a worker."""

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns what the files consist of, in order; looks at metadata only.

        Raises:
            DataError: If a file cannot be what its format says.
        """

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows of the pieces, in order.

        Columns that the schema has are of `wanted.types`, a missing cell null; others are kept,
        as text where they hold text and as int64, float64 or binary otherwise. The label is text
        (an integer as its digits). Rows that cannot be read go to `bad`.

        Raises:
            DataError: If the file is damaged, lacks the label, names a column twice, or more rows
                are bad than allowed: with file, line or column, value and remedy.
        """


class PreparingReader(Reader, Protocol):
    """A reader whose settings name no files."""

    def prepare(self, folder: str) -> list[str]:
        """Returns the files to read, which it has put into the folder if they were not there.

        Raises:
            ConfigError: If a package is not installed or a setting names what is not there.
            DataError: If the data cannot be had.
        """
