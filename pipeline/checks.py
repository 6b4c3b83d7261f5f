"""What can only be checked with config, schema and data beside each other, before anything runs."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.trainer.objectives import resolved
from tfx_rebalance.components.tuner.space import space_of
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import EXAMPLE_WEIGHT, Features, features_of, missing_name
from tfx_rebalance.files import local_copy
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.gate_checks import check_gate
from tfx_rebalance.pipeline.image_checks import check_image
from tfx_rebalance.pipeline.targets.settings import KubeflowSettings


def check_config(config: PipelineConfig) -> Features:
    """Returns what each column is, once everything the config names exists in the schema.

    Raises:
        ConfigError: If the schema or the source is missing, or the config names a column or
            class that the schema does not have.
    """
    schema = read_schema(config.data.schema_file)
    features = features_of(schema, label=config.data.label, exclude=config.data.exclude)
    _source_exists("data.source", config.data, config.kubeflow)
    if config.serving_data is not None:
        _source_exists("validate.serving", config.serving_data.for_serving(), config.kubeflow)
    _known_classes(config, features.classes)
    check_gate(config.evaluate, schema, classes=features.classes)
    _known_columns(config, features)
    _group_key(config, [feature.name for feature in schema.feature])
    _named_columns(config, [feature.name for feature in schema.feature])
    _decision(config, features.classes)
    _no_collisions(features)
    _tuner(config, features.classes)
    check_image(config, features)
    return features


def read_schema(path: str) -> schema_pb2.Schema:
    """Returns the schema in a local file or, through TensorFlow's file layer, in a remote one.

    Raises:
        ConfigError: If it cannot be read or is not a schema.
    """
    try:
        with local_copy(path) as here:
            text = Path(here).read_text(encoding="utf-8")
        return text_format.Parse(text, schema_pb2.Schema())
    except OSError as error:
        raise ConfigError(
            f"data.schema {path!r} cannot be read: {error.strerror or error}. "
            "Write one with `tfx-rebalance init FILE.csv --label LABEL`."
        ) from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"data.schema {path!r} is not a schema in text format: {error}."
        ) from None


def _source_exists(key: str, data: DataSettings, kubeflow: KubeflowSettings | None) -> None:
    """A pattern's files may still come; one file by its name, or a folder of images, is there.

    What lies on a volume of Kubeflow's is seen by its steps alone.
    """
    path = getattr(data.source, "path", None)
    if path is None:
        if data.splits.files is not None and data.source.format != "tfds":
            raise ConfigError(
                f"data.splits.files needs a source that is made of files, got {data.source.format}."
            )
        return
    if "://" in path or any(character in path for character in "*?{["):
        return
    if kubeflow is not None and kubeflow.is_on_volume(path):
        return
    if data.source.format == "image_folder" or data.splits.files is not None:
        if not Path(path).is_dir():
            raise ConfigError(f"{key} {path!r} is not a folder. Give the folder of the files.")
    elif not Path(path).is_file():
        raise ConfigError(
            f"{key} {path!r} is not a file. Give a {data.source.format} file, a pattern such as "
            "'data/*.csv', or `demo`."
        )


def _known_classes(config: PipelineConfig, classes: Collection[str]) -> None:
    named = {
        "data.label_groups": set(config.data.label_groups or ()),
        "trainer.class_weights": _keys(config.trainer.class_weights),
        "trainer.stop_on": {config.trainer.stop_on.partition(":")[2]} - {""},
        "rebalance.sampling_strategy": _keys(config.rebalance.sampling_strategy),
    }
    for key, names in named.items():
        for name in sorted(names - set(classes)):
            raise ConfigError(
                f"{key} names the class {name!r}, which the schema's label domain does not have"
                f"{nearest(classes, name)}. Allowed: {', '.join(classes)}."
            )
    if isinstance(config.rebalance.sampling_strategy, float) and len(classes) != 2:
        raise ConfigError(
            f"rebalance.sampling_strategy {config.rebalance.sampling_strategy} is a ratio, which "
            f"needs 2 classes; the label has {len(classes)}. Give rows per class instead."
        )
    groups = config.data.label_groups
    if groups is not None and set(groups) != set(classes):
        missing = ", ".join(sorted(set(classes) - set(groups)))
        raise ConfigError(f"data.label_groups has no values for {missing}. Add them.")


def _decision(config: PipelineConfig, classes: Collection[str]) -> None:
    """What a decision rule needs beside its parameters; a rule that lacks a field needs nothing."""
    rule, splits = config.trainer.chosen_rule, config.data.splits
    recalls, cost = getattr(rule, "min_recall", None), getattr(rule, "cost", None)
    key = "trainer.decision_parameters"
    for name in sorted(_keys(recalls) - set(classes)):
        raise ConfigError(
            f"{key}.min_recall names the class {name!r}, which the schema's label domain does not "
            f"have{nearest(classes, name)}. Allowed: {', '.join(classes)}."
        )
    if recalls == "gate" and (splits.time is not None or splits.files is not None):
        raise ConfigError(
            f"{key}.min_recall: gate needs to know how many rows eval will have of a class, which "
            "only splits by shares tell. Give a recall per class, or take data.splits.time and "
            "data.splits.files out."
        )
    if cost is not None and len(cost) != len(classes):
        raise ConfigError(
            f"{key}.cost has {len(cost)} rows; it needs one for each of the {len(classes)} classes "
            f"{', '.join(classes)}."
        )


def _tuner(config: PipelineConfig, classes: tuple[str, ...]) -> None:
    if config.tuner is None or config.tuner.origin is not None:
        return
    space_of(config.tuner, config.trainer)
    try:
        resolved(config.tuner.objective, natural=np.ones(len(classes)), classes=classes)
    except ConfigError as error:
        raise ConfigError(f"tuner.objective {error}") from None


def _known_columns(config: PipelineConfig, features: Features) -> None:
    numeric = [feature.name for feature in features.numeric]
    for name in config.transform.log:
        if name not in numeric:
            raise ConfigError(
                f"transform.log names {name!r}, which is no numeric input"
                f"{nearest(numeric, name)}. Allowed: {', '.join(numeric)}."
            )


def _group_key(config: PipelineConfig, columns: Collection[str]) -> None:
    name = config.rebalance.group_key
    if name is None:
        return
    if name not in columns:
        raise ConfigError(
            f"rebalance.group_key names {name!r}, which the schema does not have"
            f"{nearest(columns, name)}. Allowed: {', '.join(columns)}."
        )
    if name not in config.data.exclude:
        raise ConfigError(
            f"rebalance.group_key {name!r} would be a model input. List it under data.exclude: "
            "what a group is called says nothing about the next one."
        )


def _named_columns(config: PipelineConfig, columns: Collection[str]) -> None:
    data = config.data
    for key, name in {
        "data.splits.group_by": data.splits.group_by,
        "data.time_column": data.time_column,
    }.items():
        if name is not None and name not in columns:
            raise ConfigError(
                f"{key} names {name!r}, which the schema does not have{nearest(columns, name)}. "
                f"Allowed: {', '.join(columns)}."
            )


def _no_collisions(features: Features) -> None:
    """Transform and Rebalance add columns of their own."""
    for feature in features.inputs:
        if feature.name == EXAMPLE_WEIGHT:
            raise ConfigError(
                f"the input {EXAMPLE_WEIGHT!r} would be taken for the weight of its row. List it "
                "under data.exclude, or rename it in the data and the schema."
            )
    names = {feature.name for feature in features.inputs} | {features.label}
    for feature in features.numeric:
        if feature.optional and missing_name(feature) in names:
            raise ConfigError(
                f"column {missing_name(feature)!r} is in the way: Transform uses that name to say "
                f"where {feature.name!r} is missing. Rename it in the data and the schema."
            )


def _keys(value: object) -> set[str]:
    return set(value) if isinstance(value, dict | tuple) else set()
