"""BigQuery's rows as Parquet files; what brings them is `transforms/bigquery.py`."""

import datetime
import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tfx_rebalance.components.example_gen.sources.parquet import ParquetReader, write_table
from tfx_rebalance.components.example_gen.sources.settings import BigQuerySource
from tfx_rebalance.components.example_gen.sources.source import Piece
from tfx_rebalance.errors import DataError, RebalanceError

_CLOUD = ("google.", "apitools.", "grpc")
"""The packages whose errors are Google Cloud's answers."""
_NETWORK = (ConnectionError, TimeoutError)


class BigQueryReader(ParquetReader):
    """Reads the Parquet files that `write_rows` wrote."""


def dated(query: str, day: datetime.date) -> str:
    """Returns the query with `{YYYY}`, `{MM}` and `{DD}` replaced; other braces stay."""
    parts = {"{YYYY}": f"{day:%Y}", "{MM}": f"{day:%m}", "{DD}": f"{day:%d}"}
    for part, digits in parts.items():
        query = query.replace(part, digits)
    return query


def beam_table(table: str) -> str:
    """Returns `project.dataset.table` the way Beam takes it, with a colon after the project."""
    parts = table.rsplit(".", 2)
    if len(parts) < 3 or ":" in ".".join(parts[1:]) or parts[0].count(":") > 1:
        return table
    return f"{parts[0]}:{parts[1]}.{parts[2]}"


def write_rows(rows: Sequence[Mapping[str, Any]], folder: str) -> Piece:
    """Writes rows to a new Parquet file in the folder, which may be elsewhere (gs://).

    Raises:
        DataError: If the values of a column do not go together.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [_array(name, [row.get(name) for row in rows]) for name in names]
    table = pa.Table.from_arrays(arrays, names=names)
    path = os.path.join(folder, f"rows-{uuid.uuid4().hex}.parquet")  # Retries write other files.
    write_table(table, path)
    return Piece(path)


def _array(name: str, cells: list[Any]) -> pa.Array:
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError) as error:
        raise DataError(
            f"BigQuery's column {name!r} cannot be read: {error}. Cast it in data.source.query, or "
            "leave it out."
        ) from None


def data_error_of(error: BaseException, settings: BigQuerySource) -> DataError | None:
    """Returns the DataError that says what BigQuery or the network refused, or None.

    Args:
        error: What the pipeline raised; also one that was raised from such an error.
        settings: What was to be read.
    """
    if isinstance(error, RebalanceError):
        return None  # Ours says more than what may have been its cause.
    cause: BaseException | None = error
    while cause is not None:
        module = type(cause).__module__
        if isinstance(cause, _NETWORK) or any(module.startswith(name) for name in _CLOUD):
            break
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    what = f"table {settings.table!r}" if settings.table else f"query {settings.query!r}"
    reason = " ".join(str(cause).split()) or type(cause).__name__
    return DataError(
        f"BigQuery's {what} cannot be read: {type(cause).__name__}: {reason[:500]}. Check the name "
        "and the network, log in with `gcloud auth application-default login`, and give the "
        "account the roles BigQuery Data Viewer, Job User and Read Session User."
    )
