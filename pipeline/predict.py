"""Scores rows with a released model; imports TensorFlow, so it is imported late."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.example_gen.columns import as_lists
from tfx_rebalance.components.example_gen.sources.csv import read_file
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.errors import ConfigError, DataError, ModelError
from tfx_rebalance.features import FEATURES_FILE, SCHEMA_TYPES, Features
from tfx_rebalance.files import files_under, is_whole, newest_version
from tfx_rebalance.pipeline.image_files import image_rows

LABEL = "predicted_label"
ROWS = 8192

Score = Callable[[pa.RecordBatch], list[pa.Array]]


def predict(model: str, source: Path, target: Path) -> int:
    """Writes the rows of `source` with their prediction and returns how many there are.

    The columns added are `predicted_label` and `probability_<class>`, float32, natural prior.

    Args:
        model: A SavedModel that this project released, or the folder of its versions; here or in a
            bucket.
        source: A CSV file with a header; columns the model does not know are passed through. For a
            model of images a folder of them: the rows have their `path` in the folder.
        target: The CSV file to write; it appears only once it is whole.

    Raises:
        ConfigError: If a path cannot be read or written, or a column is in the way.
        DataError: If a column is missing, a cell does not have its column's type or a file is no
            image.
        ModelError: If the model is none of ours or cannot be loaded.
        StorageError: If the bucket cannot be listed.
    """
    _check_paths(source, target)
    with _on_this_machine(_saved_model(model)) as folder:
        return _scored(folder, source, target)


def _scored(folder: Path, source: Path, target: Path) -> int:
    features = _features(folder)
    read = image_rows if features.images else _csv_rows
    batches = read(source, features)
    score = _scorer(folder, features)
    temporary = target.with_name(target.name + ".writing")
    try:
        rows = _write(batches, temporary, features=features, score=score, name=str(source))
        os.replace(temporary, target)
    except OSError as error:
        raise ConfigError(f"{str(target)!r} cannot be written: {error}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _csv_rows(source: Path, features: Features) -> Iterator[pa.RecordBatch]:
    if not source.is_file():
        raise ConfigError(f"{str(source)!r} is not a file. Give a CSV file with a header.")
    wanted = wanted_of(_schema(features), label=features.label, label_required=False)
    return read_file(str(source), wanted)


def _check_paths(source: Path, target: Path) -> None:
    if not source.exists():
        raise ConfigError(
            f"{str(source)!r} is not there. Give a CSV file with a header or, for a model of "
            "images, a folder of them."
        )
    if target.exists() and target.samefile(source):
        raise ConfigError(f"{str(target)!r} would be overwritten. Give another file to write.")
    if not os.access(target.parent, os.W_OK):
        raise ConfigError(f"{str(target.parent)!r} cannot be written. Choose another directory.")


def _write(
    batches: Iterator[pa.RecordBatch],
    path: Path,
    *,
    features: Features,
    score: Score,
    name: str,
) -> int:
    rows, images = 0, [feature.name for feature in features.images]
    added = [LABEL, *(f"probability_{label}" for label in features.classes)]
    writer: pa.csv.CSVWriter | None = None
    for batch in batches:
        if writer is None:
            _check_columns(batch.schema.names, features, added, name=name)
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            _check_cells(part, features, name=name)
            kept = [name for name in part.schema.names if name not in images]
            columns = [part.column(name) for name in kept]
            scored = pa.RecordBatch.from_arrays([*columns, *score(part)], names=[*kept, *added])
            writer = writer or pa.csv.CSVWriter(str(path), scored.schema)
            writer.write_batch(scored)
            rows += part.num_rows
    if writer:
        writer.close()
    return rows


def _check_cells(batch: pa.RecordBatch, features: Features, *, name: str) -> None:
    for feature in features.inputs:
        empty = batch.column(batch.schema.get_field_index(feature.name)).null_count
        if empty and not feature.optional:
            raise DataError(
                f"{name!r}: the column {feature.name!r} has empty cells, {empty} in {len(batch)} "
                "rows; the model was trained on data that always had it. Fill them in."
            )


def _check_columns(
    columns: Sequence[str], features: Features, added: Sequence[str], *, name: str
) -> None:
    missing = [feature.name for feature in features.inputs if feature.name not in columns]
    if missing:
        raise DataError(
            f"{name!r} lacks the columns {', '.join(missing)}, which the model needs; it has "
            f"{', '.join(columns)}. Add them."
        )
    clash = sorted(set(added) & set(columns))
    if clash:
        raise ConfigError(f"{name!r} already has the columns {', '.join(clash)}. Rename them.")


def _scorer(folder: Path, features: Features) -> Score:
    try:
        model = tf.saved_model.load(str(folder))
        serve = model.signatures["serving_default"]
    except (OSError, KeyError, tf.errors.OpError) as error:
        raise ModelError(f"the model in {str(folder)!r} cannot be loaded: {error}.") from None
    encoder = RecordBatchToExamplesEncoder()
    names = [feature.name for feature in features.inputs]

    def score(batch: pa.RecordBatch) -> list[pa.Array]:
        inputs = pa.RecordBatch.from_arrays([batch.column(n) for n in names], names=names)
        outputs = serve(examples=tf.constant(encoder.encode(as_lists(inputs))))
        labels = pa.array([label.decode() for label in outputs["class_label"].numpy()])
        return [labels, *(pa.array(column) for column in outputs["probabilities"].numpy().T)]

    return score


def _saved_model(model: str) -> str:
    if is_whole(model):
        return model
    newest = newest_version(model)
    if newest is None:
        raise ConfigError(
            f"{model!r} is no SavedModel and holds no version of one. Give the `model` that a "
            "run printed, or the folder it is in."
        )
    return newest


@contextmanager
def _on_this_machine(folder: str) -> Iterator[Path]:
    """Yields the folder itself if it is on this machine, else that of a copy for the while."""
    if "://" not in folder:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory() as copy:
        try:
            for name in files_under(folder):
                path = os.path.join(copy, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                tf.io.gfile.copy(os.path.join(folder, name), path)
        except tf.errors.OpError as error:
            raise ModelError(f"the model in {folder!r} cannot be read: {error.message}.") from None
        yield Path(copy)


def _features(folder: Path) -> Features:
    try:
        return Features.model_validate_json((folder / FEATURES_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{str(folder / FEATURES_FILE)!r} cannot be read: {error}. Give a model that "
            "tfx-rebalance released."
        ) from None


def _schema(features: Features) -> schema_pb2.Schema:
    return schema_pb2.Schema(
        feature=[
            schema_pb2.Feature(name=f.name, type=SCHEMA_TYPES[f.dtype]) for f in features.inputs
        ]
    )
