"""An Examples artifact on disk, and Rebalance's executor to run on it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from support.resampling import column_of
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.errors import RebalanceError
from tfx_rebalance.features import Features
from tfx_rebalance.records import read_records, shard_name, shard_paths

SUFFIXES = {"GZIP": ".gz", "ZLIB": ".zlib", "": ""}


class Bench:
    """Splits of tf.Examples, what describes them, and where the outputs are to go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.target = standard_artifacts.Examples(), standard_artifacts.Examples()
        self.report = RebalanceReport()
        for name in ("source", "target", "report"):
            getattr(self, name).uri = str(folder / name)
        Path(self.report.uri).mkdir(parents=True)
        self.source.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
        self.inputs: dict[str, list[Any]] = {"examples": [self.source]}
        self.properties: dict[str, str] = {}

    def write(
        self, splits: Mapping[str, Sequence[Sequence[bytes]]], *, compression: str = "GZIP"
    ) -> "Bench":
        """Writes the shards of each split."""
        self.source.split_names = artifact_utils.encode_split_names(list(splits))
        for split, shards in splits.items():
            folder = self.split_folder(split)
            folder.mkdir(parents=True)
            for number, rows in enumerate(shards):
                name = shard_name(number, len(shards)).removesuffix(".gz") + SUFFIXES[compression]
                with tf.io.TFRecordWriter(str(folder / name), options=compression) as writer:
                    for row in rows:
                        writer.write(row)
        return self

    def told(
        self,
        *,
        features: Features | None = None,
        label: str = "",
        classes: Sequence[str] = (),
        schema: str = "",
        transformed: str = "",
    ) -> "Bench":
        """Says what the examples hold; schemas as text."""
        self.properties = {
            "features": features.model_dump_json() if features else "",
            "label": label,
            "classes": json.dumps(list(classes)) if classes else "",
        }
        if schema:
            self._input("schema", standard_artifacts.Schema(), "schema.pbtxt", schema)
        if transformed:
            path = "transformed_metadata/schema.pbtxt"
            graph = standard_artifacts.TransformGraph()
            self._input("transform_graph", graph, path, transformed)
        return self

    def _input(self, name: str, artifact: Any, path: str, text: str) -> None:
        artifact.uri = str(self.folder / name)
        file = Path(artifact.uri, path)
        file.parent.mkdir(parents=True)
        file.write_text(text)
        self.inputs[name] = [artifact]

    def split_folder(self, split: str) -> Path:
        """Returns where a split of the input lies."""
        return Path(self.source.uri, f"Split-{split}")

    def run(
        self,
        *,
        pipeline: Callable[[], Any] | None = None,
        beam: Sequence[str] = (),
        **settings: Any,
    ) -> "Bench":
        """Runs the executor, on a Beam pipeline of its own, with flags for it, or the given one."""
        context = Executor.Context(
            make_beam_pipeline_fn=pipeline, beam_pipeline_args=list(beam), unique_id="1"
        )
        Executor(context).Do(
            self.inputs,
            {"rebalanced_examples": [self.target], "rebalance_report": [self.report]},
            {"settings": RebalanceSettings(**settings).model_dump_json(), **self.properties},
        )
        return self

    def refused(self, kind: type[RebalanceError], **how: Any) -> str:
        """Returns the message of a run that fails, after a look that it left nothing behind."""
        with pytest.raises(kind) as error:
            self.run(**how)
        assert type(error.value) is kind
        assert not list(Path(self.target.uri).glob("*"))
        assert not list(Path(self.report.uri).iterdir())
        return str(error.value)

    def rows(self, split: str = "train") -> list[bytes]:
        """Returns the records of a split of the output."""
        paths = shard_paths(str(Path(self.target.uri, f"Split-{split}")))
        return [bytes(r) for path in paths for batch in read_records(path) for r in batch]

    def column(self, name: str) -> list[Any]:
        """Returns the one value of a feature in each row of the output's training split."""
        return column_of(self.rows(), name)

    def files(self, artifact: Any, split: str) -> dict[str, bytes]:
        """Returns file name -> content of a split."""
        folder = Path(artifact.uri, f"Split-{split}")
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    def read_report(self) -> dict[str, Any]:
        """Returns the report's JSON."""
        content: dict[str, Any] = json.loads(Path(self.report.uri, "report.json").read_text())
        return content
