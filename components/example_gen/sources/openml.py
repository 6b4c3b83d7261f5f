"""A data set of openml.org, fetched by scikit-learn and read from a Parquet file."""

import os
from typing import Any
from urllib.error import URLError

import pyarrow as pa

from tfx_rebalance.components.example_gen.sources.parquet import ParquetReader, write_table
from tfx_rebalance.components.example_gen.sources.settings import OpenMLSource
from tfx_rebalance.errors import DataError

FILE = "openml.parquet"
ROWS_PER_GROUP = 100_000
RETRIES = 3
"""How often a request is repeated after an error of the network, a second apart."""


class OpenMLReader(ParquetReader):
    """Fetches a data set once and reads it as Parquet."""

    def __init__(self, settings: OpenMLSource) -> None:
        super().__init__(settings)
        self._source = settings

    def prepare(self, folder: str) -> list[str]:
        """Writes the data set to a Parquet file in the folder and returns its path.

        What is in the cache is not fetched again.

        Raises:
            DataError: If the name is unknown, openml.org cannot be reached, or what it gives
                cannot be a table.
        """
        frame = _fetched(self._source)
        path = os.path.join(folder, FILE)
        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except pa.ArrowException as error:
            raise DataError(
                f"the OpenML data set {self._source.name!r} cannot be a table: {error}. Choose "
                "another version."
            ) from None
        write_table(table, path, rows_per_group=ROWS_PER_GROUP)
        return [path]


def _fetched(settings: OpenMLSource) -> Any:
    """Returns the data set with its target as a data frame."""
    from sklearn.datasets import fetch_openml  # Costs a second.

    try:
        return fetch_openml(
            settings.name,
            version=settings.version,
            data_home=settings.cache,
            as_frame=True,
            parser="auto",
            n_retries=RETRIES,
        ).frame
    except (URLError, TimeoutError, ConnectionError) as error:
        why, remedy = f"openml.org cannot be reached: {error}", "Check the network"
    except OSError as error:
        why, remedy = str(error), "Check data.source.cache"
    except KeyError as error:
        why, remedy = f"openml.org's answer has no {error}", "Correct data.source.version"
    except ValueError as error:
        why, remedy = str(error).rstrip("."), "Correct data.source.name or version"
    raise DataError(
        f"the OpenML data set {settings.name!r}, version {settings.version}, cannot be fetched: "
        f"{why}. {remedy}, or bring the cache of a machine that has it."
    ) from None
