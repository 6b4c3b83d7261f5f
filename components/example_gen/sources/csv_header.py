"""The names of a CSV file's columns, and what is wrong with them."""

import csv
from collections.abc import Sequence

from tfx_rebalance.components.example_gen.sources.settings import CsvSource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.components.example_gen.sources.streams import BLOCK_BYTES, in_utf8, unpacked
from tfx_rebalance.errors import DataError

PLAIN = CsvSource(path="-")
"""Commas, quotes, UTF-8 and a header: the settings of a file without any."""

DELIMITERS = (";", "\t", "|", ",", ":", " ")


def header_columns(path: str, *, name: str, settings: CsvSource = PLAIN) -> list[str]:
    """Returns the cells of a CSV file's first line.

    Args:
        path: A file on this machine: plain, gzip or zstd.
        name: The file's name, for messages.
        settings: How it is written.

    Raises:
        DataError: If the file is empty, or its first line is no CSV.
        OSError: If the file cannot be opened.
    """
    with in_utf8(path, settings.encoding, name=name) as text:
        return columns_of(text, name=name, settings=settings)


def columns_of(path: str, *, name: str, settings: CsvSource) -> list[str]:
    """Returns the column names of a file that is in UTF-8; see `header_columns`."""
    line = _first_line(path, name=name)
    if settings.columns is not None:
        return list(settings.columns)
    reader = csv.reader(
        [line],
        delimiter=settings.delimiter,
        quotechar=settings.quote or '"',
        escapechar=settings.escape,
        quoting=csv.QUOTE_MINIMAL if settings.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        return next(reader)
    except csv.Error as error:
        raise DataError(f"{name!r}: the header is no CSV: {error}. Correct it.") from None


def check_columns(
    columns: Sequence[str], *, name: str, settings: CsvSource, wanted: Wanted
) -> None:
    """Refuses a header that repeats a column, lacks the label or was cut at the wrong places.

    Raises:
        DataError: With the delimiter that was perhaps meant.
    """
    where = "the header has" if settings.columns is None else "data.source.columns has"
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise DataError(f"{name!r}: {where} {', '.join(repeated)} more than once. Rename one.")
    if len(columns) == 1 and columns[0] not in (wanted.label, *wanted.types):
        meant = [d for d in DELIMITERS if d in columns[0] and d != settings.delimiter]
        if meant:
            raise DataError(
                f"{name!r}: {where} one column {columns[0]!r}, with the delimiter "
                f"{settings.delimiter!r}; did you mean delimiter {meant[0]!r}? Set "
                "data.source.delimiter or correct the file."
            )
    if wanted.label_required and wanted.label not in columns:
        raise DataError(
            f"{name!r}: {where} no column {wanted.label!r} (data.label); it has "
            f"{', '.join(columns)}. Correct data.label or the file."
        )


def _first_line(path: str, *, name: str) -> str:
    """Returns the first line without its end."""
    stream = unpacked(path)
    start = b""
    try:
        while b"\n" not in start and b"\r" not in start:
            block = stream.read(BLOCK_BYTES // 16)
            if not block:
                break
            start += block
        line = start.split(b"\n", 1)[0].split(b"\r", 1)[0].decode("utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(
            f"{name!r} is not UTF-8 text, plain, gzip or zstd: {error}. Give it as that, or set "
            "data.source.encoding."
        ) from None
    finally:
        stream.close()
    if not line.strip():
        raise DataError(f"{name!r} is empty. Give a CSV file with a header and rows.")
    return line
