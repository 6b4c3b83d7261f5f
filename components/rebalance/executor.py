"""`Examples` in, one Beam graph, `Examples` and a report out; the wiring only."""

import os

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from tfx_rebalance.artifacts import REPORT_FILE
from tfx_rebalance.components.rebalance.labels import LabelFeature
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.transforms import Resample, Shard, WriteReport
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features
from tfx_rebalance.records import shard_name, shard_paths

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseBeamExecutor):
    """Resamples the configured splits and copies the others byte for byte."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes every split of the input and the report."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = RebalanceSettings.model_validate_json(exec_properties["settings"])
        features = Features.model_validate_json(exec_properties["features"])
        source = artifact_utils.get_single_instance(input_dict["examples"])
        target = artifact_utils.get_single_instance(output_dict["rebalanced_examples"])
        report_uri = artifact_utils.get_single_uri(output_dict["rebalance_report"])
        splits = artifact_utils.decode_split_names(source.split_names)
        _check_splits(settings, splits, source.uri)
        label = LabelFeature(
            name=features.label,
            kind="index" if input_dict.get("transform_graph") else features.label_dtype,
            classes=features.classes,
        )
        _copy_properties(source, target)
        for split in sorted(set(splits) - set(settings.splits)):
            _copy_split(source, target, split)
        with self._make_beam_pipeline() as pipeline:
            plans = [
                pipeline
                | f"Shards[{split}]" >> beam.Create(_shards(source, target, split))
                | f"Resample[{split}]" >> Resample(settings, label=label, split=split)
                for split in settings.splits
            ]
            path = os.path.join(report_uri, REPORT_FILE)
            report = WriteReport(path, settings=settings, classes=features.classes)
            _ = plans | "Splits" >> beam.Flatten() | "Report" >> report


def _copy_properties(source: types.Artifact, target: types.Artifact) -> None:
    target.split_names = source.split_names
    target.span = source.span
    for key in ("payload_format", "file_format"):
        if source.has_custom_property(key):
            target.set_string_custom_property(key, source.get_string_custom_property(key))
    for key in ("span", "version"):
        if source.has_custom_property(key):
            target.set_int_custom_property(key, source.get_int_custom_property(key))


def _check_splits(settings: RebalanceSettings, splits: list[str], uri: str) -> None:
    for split in settings.splits:
        if split not in splits:
            raise ConfigError(
                f"rebalance.splits names {split!r}, which the examples in {uri!r} do not have. "
                f"Allowed: {', '.join(splits)}."
            )


def _shards(source: types.Artifact, target: types.Artifact, split: str) -> list[Shard]:
    paths = shard_paths(artifact_utils.get_split_uri([source], split))
    folder = artifact_utils.get_split_uri([target], split)
    return [
        Shard(number=i, source=path, target=os.path.join(folder, shard_name(i, len(paths))))
        for i, path in enumerate(paths)
    ]


def _copy_split(source: types.Artifact, target: types.Artifact, split: str) -> None:
    folder = artifact_utils.get_split_uri([target], split)
    tf.io.gfile.makedirs(folder)
    for path in shard_paths(artifact_utils.get_split_uri([source], split)):
        tf.io.gfile.copy(path, os.path.join(folder, os.path.basename(path)), overwrite=True)
