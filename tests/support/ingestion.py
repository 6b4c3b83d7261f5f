"""ExampleGen's executor on files, and what it wrote."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.components.example_gen.executor import Executor
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.records import read_records, shard_paths


class Ingest:
    """Runs the executor; each call writes to a folder of its own."""

    def __init__(self, folder: Path, schema: str, *, label: str) -> None:
        self._folder, self._label, self._runs = folder, label, count()
        self._schema = text_format.Parse(schema, schema_pb2.Schema())

    def __call__(
        self, source: Any, *, beam: Sequence[str] = (), serving: int = 0, **settings: Any
    ) -> standard_artifacts.Examples:
        """Returns the artifact that was filled."""
        folder = self._folder / f"ingest-{next(self._runs)}"
        schema, examples = standard_artifacts.Schema(), standard_artifacts.Examples()
        schema.uri, examples.uri = str(folder / "schema"), str(folder / "examples")
        (folder / "schema").mkdir(parents=True)
        text = text_format.MessageToString(self._schema)
        (folder / "schema" / "schema.pbtxt").write_text(text)
        given = {"source": source, "schema": "unused", "label": self._label, **settings}
        data = DataSettings.model_validate(given).model_dump_json(by_alias=True)
        context = BaseBeamExecutor.Context(beam_pipeline_args=list(beam), unique_id="1")
        Executor(context).Do(
            {"schema": [schema]}, {"examples": [examples]}, {"settings": data, "serving": serving}
        )
        return examples


def records_of(examples: standard_artifacts.Examples) -> dict[str, Counter[bytes]]:
    """Returns the multiset of tf.Examples of each split: the encoder puts features in any order."""
    return {
        split: Counter(
            tf.train.Example.FromString(record).SerializeToString(deterministic=True)
            for path in shard_paths(artifact_utils.get_split_uri([examples], split))
            for batch in read_records(path)
            for record in batch
        )
        for split in artifact_utils.decode_split_names(examples.split_names)
    }


def splits_of(
    examples: standard_artifacts.Examples, name: str, *, missing: Any = None
) -> dict[str, list[Any]]:
    """Returns the values of a feature in each split, one per row."""
    found: dict[str, list[Any]] = {}
    for split, records in records_of(examples).items():
        found[split] = []
        for record in records.elements():
            feature = tf.train.Example.FromString(record).features.feature[name]
            kind = feature.WhichOneof("kind")
            values = list(getattr(feature, kind).value) if kind else []
            found[split].append(values[0] if values else missing)
    return found


def report_of(examples: standard_artifacts.Examples) -> dict[str, Any]:
    """Returns `ingestion.json`."""
    with open(f"{examples.uri}/ingestion.json", encoding="utf-8") as file:
        report: dict[str, Any] = json.load(file)
    return report
