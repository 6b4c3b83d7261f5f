"""The files of a prepared TensorFlow Datasets builder, read without that package's pipeline."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tfx_rebalance.components.example_gen.sources.settings import TFDSSource, TFRecordSource
from tfx_rebalance.components.example_gen.sources.source import BadRows, Piece, Wanted
from tfx_rebalance.components.example_gen.sources.tfrecord import TFRecordReader
from tfx_rebalance.errors import ConfigError, DataError

NO_CLASS = "-1"
"""How TFDS writes the class of an example that has none."""


class TFDSReader:
    """Reads the TFRecord files of some splits; images stay encoded, classes get their names."""

    def __init__(self, settings: TFDSSource) -> None:
        self._settings = settings
        self._records = TFRecordReader(TFRecordSource(path=settings.name))

    def prepare(self, folder: str) -> list[str]:
        """Returns the files of the splits; nothing is downloaded or written.

        Raises:
            ConfigError: If tensorflow_datasets is not installed or there is no such split.
            DataError: If the builder was not prepared, or not as TFRecord files.
        """
        del folder
        info = _builder(self._settings).info
        known = ", ".join(info.splits)
        paths: list[str] = []
        for split in (name.strip() for name in self._settings.split.split("+")):
            if split not in info.splits:
                raise ConfigError(
                    f"the TFDS builder {self._settings.name!r} has no split {split!r}; it has "
                    f"{known}. Correct data.source.split: names, with + between."
                )
            paths += map(str, info.splits[split].filepaths)
        return paths

    def pieces(self, paths: Sequence[str]) -> list[Piece]:
        """Returns the files that `prepare` gave."""
        return self._records.pieces(paths)

    def batches(
        self, pieces: Sequence[Piece], wanted: Wanted, bad: BadRows
    ) -> Iterator[pa.RecordBatch]:
        """Yields the examples; a class is its name where text is wanted, so always as the label.

        Raises:
            DataError: As TFRecordReader.
        """
        classes = _class_names(self._settings)
        for batch in self._records.batches(pieces, wanted, bad):
            arrays = [
                _named(column, classes[name]) if name in classes else column
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _named(column: pa.Array, names: Sequence[str]) -> pa.Array:
    """Returns class numbers written as text as the classes' names; other types as they are."""
    if column.type != pa.string():
        return column
    digits = pa.array([NO_CLASS, *map(str, range(len(names)))])
    found = pc.index_in(column, value_set=digits)
    return pa.array([None, *names], pa.string()).take(found)


@lru_cache(maxsize=8)
def _class_names(settings: TFDSSource) -> Mapping[str, list[str]]:
    """Returns the names of each feature that is a ClassLabel with names."""
    features = _builder(settings).info.features
    names = {name: getattr(feature, "names", None) for name, feature in features.items()}
    return {name: list(of_feature) for name, of_feature in names.items() if of_feature}


def _builder(settings: TFDSSource) -> Any:
    """Returns a builder made from files alone: it knows no address to download from."""
    try:
        import tensorflow_datasets as tfds  # An extra, and it costs seconds.
    except ImportError:
        raise ConfigError(
            "data.source.format tfds needs the package tensorflow_datasets. Install it with "
            "`pip install tfx-rebalance[tfds]`."
        ) from None
    try:
        builder = tfds.core.read_only_builder.builder_from_files(
            settings.name, data_dir=settings.data_dir
        )
    except (tfds.core.DatasetNotFoundError, ValueError, OSError) as error:
        where = settings.data_dir or "TFDS's own folder"
        raise DataError(
            f"the TFDS builder {settings.name!r} is not prepared in {where!r}: "
            f"{str(error).splitlines()[0]} Prepare it with `tfds build {settings.name}` (it may "
            "download), or correct data.source.name and data_dir."
        ) from None
    file_format = builder.info.file_format
    if file_format is None or file_format.value != "tfrecord":
        raise DataError(
            f"the TFDS builder {settings.name!r} was prepared as "
            f"{file_format.value if file_format else 'an unknown format'}; tfrecord can be read. "
            f"Prepare it with `tfds build {settings.name} --file_format=tfrecord`."
        )
    return builder
