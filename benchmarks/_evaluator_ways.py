"""One evaluation as the Evaluator runs it, timed, and what it wrote, read back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from _evaluator_configs import Config
from _evaluator_data import LABEL, LOGITS, SLICED, logit_names, write_model, write_rows
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.public.tfxio import TFExampleRecord
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from tfx_rebalance.components.evaluator.extractors import custom_extractors

OPTIONS = ["--runner=DirectRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1"]

Slice = tuple[str, ...]
"""Values of the features; () is all rows."""


@dataclass(frozen=True)
class World:
    """Rows and the model that scores them."""

    folder: Path
    classes: tuple[str, ...]

    @property
    def rows(self) -> str:
        """The pattern of the files."""
        return str(self.folder / "rows" / "*")

    @property
    def model(self) -> str:
        """The SavedModel."""
        return str(self.folder / "model")


def make_world(folder: Path, *, classes: int, rows: int) -> World:
    """Returns simulated rows of so many classes and a model, written to the folder."""
    world = World(folder, tuple(f"class {i}" for i in range(classes)))
    (folder / "rows").mkdir(parents=True)
    write_rows(folder / "rows", world.classes, rows=rows)
    write_model(folder / "model", world.classes)
    return world


def evaluate(world: World, config_of: Config, *, output: Path | None) -> float:
    """Returns the seconds of a graph, from making it to its end.

    Args:
        world: What is evaluated.
        config_of: Returns the metrics and slices for classes.
        output: Where metrics go; None: rows are read, scored and given their slices, no more.
    """
    config = tfma.utils.update_eval_config_with_defaults(config_of(world.classes))
    model = tfma.default_eval_shared_model(eval_saved_model_path=world.model, eval_config=config)
    source = TFExampleRecord(
        file_pattern=world.rows,
        schema=_schema(world.classes),
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
    )
    adapter = TensorAdapterConfig(source.ArrowSchema(), source.TensorRepresentations())
    extractors = custom_extractors(model, config, adapter)
    started = time.monotonic()
    with beam.Pipeline(options=PipelineOptions(OPTIONS)) as pipeline:
        rows = pipeline | source.BeamSource()
        if output is None:
            extracts = rows | tfma.BatchedInputsToExtracts()
            for extractor in extractors:
                extracts |= extractor.stage_name >> extractor.ptransform
        else:
            _ = rows | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=model,
                eval_config=config,
                extractors=extractors,
                output_path=str(output),
                tensor_adapter_config=adapter,
            )
    return time.monotonic() - started


def _schema(classes: Sequence[str]) -> schema_pb2.Schema:
    schema = schema_pb2.Schema()
    for name in (LABEL, *SLICED, *logit_names(classes)):
        feature = schema.feature.add(name=name)
        feature.type = schema_pb2.FLOAT if name.startswith(LOGITS) else schema_pb2.BYTES
        feature.shape.dim.add(size=1)
        feature.presence.min_fraction = 1
    return schema


def numbers_in(output: Path, *, classes: int) -> dict[Slice, dict[str, Any]]:
    """Returns by slice what was written: name, or name/class for stock metrics, -> its value."""
    return {
        tuple(sorted(key.bytes_value.decode() for key in found.slice_key.single_slice_keys)): {
            _name(item.key): _value(item.value, classes)
            for item in found.metric_keys_and_values
            if not item.key.aggregation_type.macro_average
        }
        for found in tfma.load_metrics(str(output))
    }


def _name(key: Any) -> str:
    return f"{key.name}/{key.sub_key.class_id.value}" if key.HasField("sub_key") else key.name


def _value(value: Any, classes: int) -> Any:
    """Returns a number or an array; a confusion matrix as (C, C), by (class, decision)."""
    kind = value.WhichOneof("type")
    if kind == "array_value":
        array = value.array_value
        return np.array(array.int64_values or array.float64_values).reshape(array.shape)
    if kind != "multi_class_confusion_matrix_at_thresholds":
        return value.double_value.value
    [matrix] = value.multi_class_confusion_matrix_at_thresholds.matrices
    counts = np.zeros((classes, classes), np.int64)
    for entry in matrix.entries:
        counts[entry.actual_class_id, entry.predicted_class_id] = entry.num_weighted_examples
    return counts
