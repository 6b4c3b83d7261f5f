"""A CSV file and a schema to `Examples` with the splits train, val and eval."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.example_gen.rows import as_lists, content_hashes, read_batches
from tfx_rebalance.components.example_gen.settings import SPLITS, DataSettings
from tfx_rebalance.components.example_gen.splitting import Shares, row_keys, stratified_splits
from tfx_rebalance.errors import DataError
from tfx_rebalance.features import Features, features_of
from tfx_rebalance.records import ShardWriter

ROWS_PER_SHARD = 200_000
SHOWN = 10

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Two passes over the file: which class and key has each row; then each row to its split."""

    def Do(  # noqa: N802 - TFX's name.
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes one folder of GZIP TFRecords per split."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = DataSettings.model_validate_json(exec_properties["settings"])
        schema_folder = artifact_utils.get_single_uri(input_dict["schema"])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
        target = artifact_utils.get_single_instance(output_dict["examples"])
        source = Source(
            settings=settings,
            schema=schema,
            features=features_of(schema, label=settings.label, exclude=settings.exclude),
        )
        splits = source.splits()
        target.split_names = artifact_utils.encode_split_names(list(SPLITS))
        examples_utils.set_payload_format(target, example_gen_pb2.FORMAT_TF_EXAMPLE)
        target.set_string_custom_property("file_format", "tfrecords_gzip")
        target.set_int_custom_property("span", 0)
        target.set_int_custom_property("version", 0)
        _write(source.batches(), splits, target)


@dataclass(frozen=True)
class Source:
    """The rows of the configured file, with the label as the class it stands for."""

    settings: DataSettings
    schema: schema_pb2.Schema
    features: Features

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yields the rows whose label is present, the label replaced by its class."""
        label = self.settings.label
        with fileio.open(self.settings.source, "rb") as file:
            for batch in read_batches(
                file, name=self.settings.source, schema=self.schema, label=label
            ):
                index = batch.schema.get_field_index(label)
                labels = self._classes_of(batch.column(index))
                if self.features.label_dtype == "int":
                    labels = labels.cast(pa.int64())
                arrays = [*batch.columns]
                arrays[index] = labels
                labelled = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
                yield labelled.filter(labels.is_valid()) if labels.null_count else labelled

    def splits(self) -> npt.NDArray[np.int8]:
        """Returns the split of each row, in the order of `batches`."""
        self._check_labels()
        classes, hashes = [], []
        names = pa.array(self.features.classes)
        for batch in self.batches():
            text = batch.column(batch.schema.get_field_index(self.settings.label)).cast(pa.string())
            classes.append(pc.index_in(text, value_set=names).to_numpy())
            hashes.append(content_hashes(batch))
        shares = self.settings.splits
        return stratified_splits(
            np.concatenate(classes).astype(np.int64),
            row_keys(np.concatenate(hashes)),
            shares=Shares(SPLITS, (shares.train, shares.val, shares.eval)),
            names=self.features.classes,
            seed=self.settings.seed,
        )

    def _classes_of(self, labels: pa.Array) -> pa.Array:
        groups = self._class_by_value()
        if groups is None:
            return labels
        found = pc.index_in(labels, value_set=pa.array(list(groups)))
        return pa.array(list(groups.values())).take(found)

    def _class_by_value(self) -> Mapping[str, str] | None:
        groups = self.settings.label_groups
        return groups and {value: name for name, values in groups.items() for value in values}

    def _check_labels(self) -> None:
        """Counts every label value once, so that one message tells all that is wrong."""
        counts: Counter[str | None] = Counter()
        with fileio.open(self.settings.source, "rb") as file:
            for batch in read_batches(
                file, name=self.settings.source, schema=self.schema, label=self.settings.label
            ):
                column = batch.column(batch.schema.get_field_index(self.settings.label))
                for entry in column.value_counts():
                    counts[entry["values"].as_py()] += entry["counts"].as_py()
        missing = counts.pop(None, 0)
        if missing and self.settings.missing_label == "fail":
            raise DataError(
                f"{self.settings.source!r}: {missing} of {missing + counts.total()} rows have no "
                f"label {self.settings.label!r}. Fill them in, or set data.missing_label: drop."
            )
        allowed = self._class_by_value() or self.features.classes
        unknown = {value: n for value, n in counts.items() if value not in allowed}
        if unknown:
            shown = ", ".join(f"{value!r} ({n} rows)" for value, n in list(unknown.items())[:SHOWN])
            raise DataError(
                f"{self.settings.source!r}: the label {self.settings.label!r} has values that the "
                f"{'label_groups do' if self.settings.label_groups else 'schema does'} not know: "
                f"{shown}. Known: {', '.join(allowed)}. Correct the data, or add the value."
            )


def _write(
    batches: Iterator[pa.RecordBatch], splits: npt.NDArray[np.int8], target: types.Artifact
) -> None:
    encoder = RecordBatchToExamplesEncoder()
    sizes = np.bincount(splits, minlength=len(SPLITS))
    writers = [
        ShardWriter(os.path.join(target.uri, f"Split-{name}"), rows=int(size), per_shard=ROWS_PER_SHARD)
        for name, size in zip(SPLITS, sizes, strict=True)
    ]
    start = 0
    for batch in batches:
        records = np.array(encoder.encode(as_lists(batch)), dtype=object)
        of_batch = splits[start : start + batch.num_rows]
        start += batch.num_rows
        for index, writer in enumerate(writers):
            writer.write(records[of_batch == index])
    for writer in writers:
        writer.close()
