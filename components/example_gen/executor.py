"""A CSV file and a schema to `Examples` with the splits train, val and eval."""

import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.example_gen.demo_data import card_transactions
from tfx_rebalance.components.example_gen.rows import as_lists, content_hashes, read_batches
from tfx_rebalance.components.example_gen.settings import SPLITS, DataSettings
from tfx_rebalance.components.example_gen.splitting import Shares, row_keys, stratified_splits
from tfx_rebalance.errors import DataError
from tfx_rebalance.features import Features, features_of
from tfx_rebalance.files import local_copy
from tfx_rebalance.records import ShardWriter

ROWS_PER_SHARD = 200_000
SHOWN = 10

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Two passes over the file: which class and key has each row; then each row to its split."""

    def Do(
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
        """Yields the rows that have a label, the label replaced by its class."""
        for batch in self._read():
            labelled = self._labelled(batch)
            if self.features.label_dtype == "int":
                index = labelled.schema.get_field_index(self.settings.label)
                arrays = [*labelled.columns]
                arrays[index] = arrays[index].cast(pa.int64())
                labelled = pa.RecordBatch.from_arrays(arrays, names=labelled.schema.names)
            yield labelled

    def splits(self) -> npt.NDArray[np.int8]:
        """Returns the split of each row, in the order of `batches`.

        Raises:
            DataError: If labels are missing or unknown, or a class is too rare.
        """
        counts: Counter[str | None] = Counter()
        classes, hashes = [], []
        names = pa.array(self.features.classes)
        for batch in self._read():
            for entry in self._label(batch).value_counts():
                counts[entry["values"].as_py()] += entry["counts"].as_py()
            labelled = self._labelled(batch)
            indices = pc.index_in(self._label(labelled), value_set=names)
            classes.append(indices.fill_null(0).to_numpy())  # Unknown ones are refused below.
            hashes.append(content_hashes(labelled))
        self._check_labels(counts)
        shares = self.settings.splits
        return stratified_splits(
            np.concatenate(classes).astype(np.int64),
            row_keys(np.concatenate(hashes)),
            shares=Shares(SPLITS, (shares.train, shares.val, shares.eval)),
            names=self.features.classes,
            seed=self.settings.seed,
        )

    def _read(self) -> Iterator[pa.RecordBatch]:
        with ExitStack() as stack:
            if self.settings.is_demo:
                source: str | bytes = self._demo
            else:
                source = stack.enter_context(local_copy(self.settings.source))
            yield from read_batches(
                source, name=self.settings.source, schema=self.schema, label=self.settings.label
            )

    @cached_property
    def _demo(self) -> bytes:
        buffer = io.BytesIO()
        pa.csv.write_csv(card_transactions(self.settings.demo), buffer)
        return buffer.getvalue()

    def _label(self, batch: pa.RecordBatch) -> pa.Array:
        return batch.column(batch.schema.get_field_index(self.settings.label))

    def _labelled(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns the rows that have a label, the label replaced by its class as text."""
        labels = self._classes_of(self._label(batch))
        arrays = [*batch.columns]
        arrays[batch.schema.get_field_index(self.settings.label)] = labels
        labelled = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
        return labelled.filter(labels.is_valid()) if labels.null_count else labelled

    def _classes_of(self, labels: pa.Array) -> pa.Array:
        groups = self._class_by_value()
        if groups is None:
            return labels
        found = pc.index_in(labels, value_set=pa.array(list(groups)))
        return pa.array(list(groups.values())).take(found)

    def _class_by_value(self) -> Mapping[str, str] | None:
        if self.settings.label_groups is None:
            return None
        groups = self.settings.label_groups.items()
        return {value: name for name, values in groups for value in values}

    def _check_labels(self, counts: Counter[str | None]) -> None:
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
        ShardWriter(
            os.path.join(target.uri, f"Split-{name}"), rows=int(size), per_shard=ROWS_PER_SHARD
        )
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
