"""A config's `data.source`: one class per format, with what that format needs to be told."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tfx_rebalance.settings import Settings

DEMO: Literal["demo"] = "demo"
"""The `source` that stands for the built-in, simulated data."""

Path = Annotated[str, Field(min_length=1)]
"""A file, or a pattern of files: `*`, `?`, and `{SPAN}`, `{VERSION}`, `{YYYY}`, `{MM}`, `{DD}`."""

Character = Annotated[str, Field(min_length=1, max_length=1)]


class DemoSource(Settings):
    """The built-in, simulated card transactions."""

    format: Literal["demo"] = DEMO


class CsvSource(Settings):
    """CSV files: plain, gzip or zstd, which is told from their first bytes."""

    format: Literal["csv"] = "csv"
    path: Path
    delimiter: Character = ","
    quote: Character | None = '"'
    """Around a cell that holds a delimiter or a line's end; doubled within one. Null: none is."""
    escape: Character | None = None
    columns: tuple[str, ...] | None = None
    """The columns' names where the files have no header."""
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("",)
    """Cells that are missing values."""
    decimal_point: Character = "."


class ParquetSource(Settings):
    """Parquet files; a worker reads one row group at a time."""

    format: Literal["parquet"] = "parquet"
    path: Path


class TFRecordSource(Settings):
    """TFRecord files of tf.Examples: plain, gzip or zlib, told from their first bytes."""

    format: Literal["tfrecord"] = "tfrecord"
    path: Path


class ImageFolderSource(Settings):
    """A folder with a folder of images (JPEG, PNG, GIF, BMP) per class.

    A row has the columns `image` (the file's bytes), `path` (relative to `path`) and the label.
    """

    format: Literal["image_folder"] = "image_folder"
    path: Path


class TFDSSource(Settings):
    """A TensorFlow Datasets builder that has been prepared on this machine."""

    format: Literal["tfds"] = "tfds"
    name: str = Field(min_length=1)
    """`mnist`, `mnist:3.0.1` or `mnist/config:1.0.0`."""
    data_dir: str | None = None
    """Where it was prepared; null: TFDS's own default."""
    split: str = "train"
    """A split's name, or several with `+` between them."""


class BigQuerySource(Settings):
    """A BigQuery table, or what a query returns; read through the Storage API by Beam."""

    format: Literal["bigquery"] = "bigquery"
    table: str | None = None
    """`project:dataset.table` or `project.dataset.table`."""
    query: str | None = None
    """GoogleSQL; `{YYYY}`, `{MM}` and `{DD}` are those of `data.run_date`."""
    project: str | None = None
    """Where the query is run and billed; null: as the environment says."""

    @model_validator(mode="after")
    def _one_of_two(self) -> "BigQuerySource":
        if (self.table is None) == (self.query is None):
            raise ValueError("bigquery takes either table or query")
        return self


class OpenMLSource(Settings):
    """A data set of openml.org by name, through scikit-learn, cached on disk."""

    format: Literal["openml"] = "openml"
    name: str = Field(min_length=1)
    version: int | Literal["active"] = "active"
    cache: str | None = None
    """The folder; null: scikit-learn's own (`~/scikit_learn_data`)."""


AnySource = Annotated[
    DemoSource
    | CsvSource
    | ParquetSource
    | TFRecordSource
    | ImageFolderSource
    | TFDSSource
    | BigQuerySource
    | OpenMLSource,
    Field(discriminator="format"),
]


def _written_out(source: Any) -> Any:
    """Returns `demo` or a path as the section it stands for; a path's ending says the format."""
    if not isinstance(source, str):
        return source
    if source == DEMO:
        return {"format": DEMO}
    name = source.lower()
    if name.endswith((".parquet", ".pq")):
        return {"format": "parquet", "path": source}
    if ".tfrecord" in name:
        return {"format": "tfrecord", "path": source}
    return {"format": "csv", "path": source}


SourceSettings = Annotated[AnySource, BeforeValidator(_written_out)]
