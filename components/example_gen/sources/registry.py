"""Format name -> where its reader is; one line each."""

from collections.abc import Mapping
from typing import cast

from tfx_rebalance.components.example_gen.sources.settings import AnySource
from tfx_rebalance.components.example_gen.sources.source import Reader
from tfx_rebalance.names import loaded

_HERE = "tfx_rebalance.components.example_gen.sources"

READERS: Mapping[str, str] = {
    "csv": f"{_HERE}.csv:CsvReader",
    "parquet": f"{_HERE}.parquet:ParquetReader",
    "tfrecord": f"{_HERE}.tfrecord:TFRecordReader",
    "image_folder": f"{_HERE}.image_folder:ImageFolderReader",
    "tfds": f"{_HERE}.tfds:TFDSReader",
    "bigquery": f"{_HERE}.bigquery:BigQueryReader",
    "openml": f"{_HERE}.openml:OpenMLReader",
}


def reader_of(settings: AnySource) -> Reader:
    """Returns what reads a source whose format is one of `READERS`, made from its settings.

    Raises:
        ConfigError: If a setting is wrong in a way that its type does not tell.
    """
    return cast(Reader, loaded(READERS[settings.format])(settings))
