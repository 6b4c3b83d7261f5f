"""BigQuery to Parquet files, through the Storage API."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.bigquery_tools import parse_table_reference
from apache_beam.options.pipeline_options import GoogleCloudOptions

from tfx_rebalance.components.example_gen.run_date import run_moment
from tfx_rebalance.components.example_gen.sources.bigquery import (
    beam_table,
    data_error_of,
    dated,
    write_rows,
)
from tfx_rebalance.components.example_gen.sources.settings import BigQuerySource
from tfx_rebalance.components.example_gen.sources.source import Piece
from tfx_rebalance.errors import ConfigError

ROWS_PER_FILE = 10_000

_DATE = re.compile(r"\{(?:YYYY|MM|DD)\}")


@contextmanager
def as_data_error(source: BigQuerySource) -> Iterator[None]:
    """Raises what BigQuery refuses while a pipeline is run as a DataError with a remedy."""
    try:
        yield
    except Exception as error:
        told = data_error_of(error, source)
        if told is None:
            raise
        raise told from error


@beam.typehints.with_output_types(Piece)
class ReadBigQuery(beam.PTransform):
    """Writes the rows to Parquet files and gives a piece for each; put at a pipeline's start."""

    def __init__(self, source: BigQuerySource, *, run_date: str | None, folder: str) -> None:
        """Fills the date into the query.

        Args:
            source: What to read.
            run_date: `data.run_date`.
            folder: Where the files go: one that all workers see.

        Raises:
            ConfigError: If the table has no such name, or the query has a date and there is no
                run date.
            DataError: If the run date is no date.
        """
        super().__init__()
        self._source, self._folder = source, folder
        self._query = source.query
        if source.table:
            _check_table(source.table)
        if source.query and _DATE.search(source.query):
            if run_date is None:
                raise ConfigError(
                    f"data.source.query has {_DATE.findall(source.query)[0]}, but there is no "
                    "data.run_date. Set it."
                )
            self._query = dated(source.query, run_moment(run_date).date())

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        options = begin.pipeline.options.view_as(GoogleCloudOptions)
        options.project = options.project or self._source.project  # Beam cleans up there.
        return (
            begin
            | "Read" >> beam.io.ReadFromBigQuery(**self._what())
            | "Batch" >> beam.BatchElements(ROWS_PER_FILE, ROWS_PER_FILE)
            | "Write" >> beam.Map(self._write)
            | "Keep" >> beam.Reshuffle()  # Else a retry downstream would read other files.
        )

    def _what(self) -> dict[str, Any]:
        method = beam.io.ReadFromBigQuery.Method.DIRECT_READ
        if self._source.table:
            return {"method": method, "table": beam_table(self._source.table)}
        return {
            "method": method,
            "query": self._query,
            "use_standard_sql": True,
            "project": self._source.project,
        }

    def _write(self, rows: Sequence[Mapping[str, Any]]) -> Piece:
        return write_rows(rows, self._folder)


def _check_table(table: str) -> None:
    try:
        parse_table_reference(beam_table(table))
    except ValueError:
        raise ConfigError(
            f"data.source.table {table!r} names no table. Give it as project.dataset.table."
        ) from None
