"""CSV files to typed rows: at Arrow's speed where they are right, cell by cell where not."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from pyarrow import types

from tfx_rebalance.components.example_gen.columns import conform
from tfx_rebalance.components.example_gen.sources.csv_header import (
    PLAIN,
    check_columns,
    columns_of,
)
from tfx_rebalance.components.example_gen.sources.settings import CsvSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted
from tfx_rebalance.components.example_gen.sources.streams import in_utf8, is_utf8, unpacked
from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.files import local_copy

BLOCK_BYTES = 8 << 20

_COLUMN = re.compile(r"(?:In )?CSV column #(\d+)")


class CsvReader:
    """Reads CSV files with a header, or with the columns' names in the settings.

    A column takes the type the schema gives it; others and the label are text.
    """

    def __init__(self, settings: CsvSource) -> None:
        """Checks the settings.

        Raises:
            ConfigError: If the encoding is unknown or a character is not ASCII.
        """
        self._settings = settings
        try:
            is_utf8(settings.encoding)
            _parse_options(settings)
            pa.csv.ConvertOptions(decimal_point=settings.decimal_point)
        except LookupError:
            raise ConfigError(
                f"data.source.encoding {settings.encoding!r} is unknown. Give one that Python has, "
                "such as utf-8, latin-1 or cp1250."
            ) from None
        except ValueError:
            raise ConfigError(
                f"data.source: delimiter {settings.delimiter!r}, quote {settings.quote!r}, escape "
                f"{settings.escape!r} and decimal_point {settings.decimal_point!r} must be ASCII "
                "characters. Correct them, or replace them in the files."
            ) from None

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns the files."""
        return [Piece(path) for path in paths]

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows of the files.

        Raises:
            DataError: If a file is empty, its header is wrong, or more rows than allowed are.
        """
        for piece in pieces:
            name, encoding = piece.path, self._settings.encoding
            with ExitStack() as files:
                local = files.enter_context(local_copy(name))
                _check_readable(local, name=name)
                path = files.enter_context(in_utf8(local, encoding, name=name))
                columns = self._columns(path, name, wanted)
                kinds = {column: wanted.types.get(column, pa.string()) for column in columns}
                every = Wanted({**kinds, wanted.label: pa.string()}, wanted.label)
                yield from _File(path, name, columns, self._settings, every, bad).batches()

    def _columns(self, path: str, name: str, wanted: Wanted) -> list[str]:
        columns = columns_of(path, name=name, settings=self._settings)
        check_columns(columns, name=name, settings=self._settings, wanted=wanted)
        return columns


def _check_readable(path: str, *, name: str) -> None:
    try:
        unpacked(path).close()
    except OSError as error:
        raise DataError(
            f"{name!r} cannot be read: {error.strerror or error}. Correct data.source.path or the "
            "right to read."
        ) from None


def read_file(path: str, wanted: Wanted) -> Iterator[pa.RecordBatch]:
    """Yields the rows of one file with commas, quotes, UTF-8 and a header.

    Raises:
        DataError: If it has no row, or one that is wrong.
    """
    rows = 0
    for batch in CsvReader(PLAIN).batches([Piece(path)], wanted, BadRows()):
        rows += batch.num_rows
        yield batch
    if not rows:
        raise DataError(f"{path!r} has a header but no row. Give a file with rows.")


def _parse_options(settings: CsvSource) -> pa.csv.ParseOptions:
    return pa.csv.ParseOptions(
        delimiter=settings.delimiter,
        quote_char=settings.quote or False,
        double_quote=settings.quote is not None,
        escape_char=settings.escape or False,
        newlines_in_values=settings.quote is not None,
    )


@dataclass
class _File:
    """One file while it is read."""

    path: str
    name: str
    columns: Sequence[str]
    settings: CsvSource
    wanted: Wanted
    bad: BadRows
    skipped: list[int] = field(default_factory=list)
    """Numbers of the rows that have more or fewer cells than the header."""
    ragged: list[str] = field(default_factory=list)
    """What is to be said of those of them that have not been reported."""

    @property
    def is_tolerant(self) -> bool:
        """Whether wrong rows are left out: then Arrow cuts lines and `conform` reads the cells."""
        return self.bad.allowed > 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yields the rows, typed."""
        row = 1 if self.settings.columns else 2
        try:
            for batch in self._arrow_reader():
                self._report()
                yield self._typed(batch, first_row=row)
                row += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            self._report()
            what = _COLUMN.sub(lambda found: f"column {self.columns[int(found[1])]!r}", str(error))
            raise DataError(
                f"{self.name!r} cannot be read as the schema says: {what}. Correct the file (a "
                f"cell per column, {self.settings.delimiter!r} between, {self.settings.encoding}), "
                "data.source or the column's type in the schema, or raise data.max_bad_rows, which "
                f"is {self.bad.allowed}, to leave rows out that are wrong by themselves."
            ) from None
        self._report()

    def _arrow_reader(self) -> pa.csv.CSVStreamingReader:
        parse = _parse_options(self.settings)
        if self.is_tolerant:
            parse.invalid_row_handler = self._note
        return pa.csv.open_csv(
            # No Python file object: with one Arrow may hang when a row is wrong.
            unpacked(self.path),
            # Without threads the messages have the row's number.
            read_options=pa.csv.ReadOptions(
                column_names=self.columns,
                skip_rows=0 if self.settings.columns else 1,
                block_size=BLOCK_BYTES,
                use_threads=False,
            ),
            parse_options=parse,
            convert_options=pa.csv.ConvertOptions(
                column_types={column: self._read_as(column) for column in self.columns},
                null_values=self.settings.null_values,
                strings_can_be_null=True,
                decimal_point=self.settings.decimal_point,
            ),
        )

    def _read_as(self, column: str) -> pa.DataType:
        to = self.wanted.types[column]
        one = to.value_type if types.is_list(to) else to
        return pa.binary() if self.is_tolerant else one

    def _note(self, row: pa.csv.InvalidRow) -> str:
        """Notes a row with too few or many cells; it is called from inside Arrow's reader."""
        self.skipped.append(row.number)
        self.ragged.append(
            f"{self.name!r}, row {row.number}: {row.actual_columns} cells where "
            f"{row.expected_columns} are expected: {row.text[:60]!r}"
        )
        return "skip" if self.bad.count + len(self.ragged) <= self.bad.allowed else "error"

    def _report(self) -> None:
        while self.ragged:
            self.bad.add(self.ragged.pop(0))

    def _typed(self, batch: pa.RecordBatch, *, first_row: int) -> pa.RecordBatch:
        if self.is_tolerant and self.settings.decimal_point != ".":
            batch = self._with_points(batch)
        return conform(
            batch,
            self.wanted,
            name=self.name,
            bad=self.bad,
            first_row=first_row,
            skipped=self.skipped,
        )

    def _with_points(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the batch with points in decimal numbers; where there was one, it is wrong."""
        point = self.settings.decimal_point
        arrays = []
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if self.wanted.types[name] in (pa.float64(), pa.list_(pa.float64())):
                said = pc.binary_join_element_wise(
                    column, f" (the decimal point is {point!r})".encode(), b""
                )
                pointed = pc.replace_substring(column, point, ".")
                column = pc.if_else(pc.match_substring(column, "."), said, pointed)
            arrays.append(column)
        return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
