"""`Examples` in, one Beam graph, `Examples` and a report out; the wiring only."""

import os
import time
from uuid import uuid4

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils

from tfx_rebalance.artifacts import CHART_FILE
from tfx_rebalance.charts import counts_chart
from tfx_rebalance.components.rebalance.inputs import Described, described
from tfx_rebalance.components.rebalance.report import Report, SplitReport
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.transforms.job import Job, Shard
from tfx_rebalance.components.rebalance.transforms.resample import Resample
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.failures import known_failure
from tfx_rebalance.files import REPORT_FILE, remove_there
from tfx_rebalance.records import shard_paths

Artifacts = dict[str, list[types.Artifact]]

SCRATCH = "writing"
TF_EXAMPLE = "FORMAT_TF_EXAMPLE"


class Executor(BaseBeamExecutor):
    """Resamples the configured splits and copies the others byte for byte."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes every split of the input and the report, or nothing at all."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = RebalanceSettings.model_validate_json(exec_properties["settings"])
        source = artifact_utils.get_single_instance(input_dict["examples"])
        target = artifact_utils.get_single_instance(output_dict["rebalanced_examples"])
        report_uri = artifact_utils.get_single_uri(output_dict["rebalance_report"])
        splits = artifact_utils.decode_split_names(source.split_names)
        _check_artifact(settings, source, splits)
        data = described(exec_properties, settings, **_uris(input_dict))
        # Another folder in each run: what a worker remembers of a file stays true.
        scratch = os.path.join(target.uri, f"{SCRATCH}-{uuid4().hex}")
        try:
            _copy_properties(source, target)
            for split in sorted(set(splits) - set(settings.splits)):
                _copy_split(source, target, split)
            jobs = [_job(data, target, split, scratch) for split in settings.splits]
            seconds = self._resample(jobs, source)
            _write_report(report_uri, jobs, seconds=seconds)
        except BaseException as error:
            # TFX removes the folders themselves, and fails where one is gone.
            for uri in (target.uri, report_uri):
                remove_there(tf.io.gfile.glob(os.path.join(uri, "*")))
            known = known_failure(error)
            if known is not None:
                raise known from error
            raise
        remove_there([scratch])

    def _resample(self, jobs: list[Job], source: types.Artifact) -> float:
        """Returns the seconds it took."""
        start = time.monotonic()
        with self._make_beam_pipeline() as pipeline:
            for job in jobs:
                _ = (
                    pipeline
                    | f"Shards[{job.split}]" >> beam.Create(_shards(source, job.split))
                    | f"Resample[{job.split}]" >> Resample(job)
                )
        return time.monotonic() - start


def _job(data: Described, target: types.Artifact, split: str, scratch: str) -> Job:
    folder = artifact_utils.get_split_uri([target], split)
    return Job(data.settings, data.label, data.layout, split, target=folder, scratch=scratch)


def _uris(inputs: Artifacts) -> dict[str, str | None]:
    return {
        f"{name}_uri": artifact_utils.get_single_uri(inputs[name]) if inputs.get(name) else None
        for name in ("schema", "transform_graph")
    }


def _write_report(uri: str, jobs: list[Job], *, seconds: float) -> None:
    splits = {}
    for job in jobs:
        with tf.io.gfile.GFile(job.scratch_file("report.json")) as file:
            splits[job.split] = SplitReport.model_validate_json(file.read())
    classes = [report for split in splits.values() for report in split.classes.values()]
    rows = sum(report.before + report.after for report in classes)
    report = Report(
        settings=jobs[0].settings,
        splits=splits,
        seconds=round(seconds, 3),
        rows_per_second=round(rows / max(seconds, 1e-9)),
    )
    tf.io.gfile.makedirs(uri)
    for split, of_split in splits.items():
        counts = {name: (c.before, c.after) for name, c in of_split.classes.items()}
        chart = counts_chart(
            counts,
            series=("before", "after"),
            title=f"{split}: rows per class, {report.settings.strategy}",
            about="Rows of each class before and after resampling",
        )
        with tf.io.gfile.GFile(os.path.join(uri, CHART_FILE.format(split=split)), "w") as file:
            file.write(chart)
    with tf.io.gfile.GFile(os.path.join(uri, REPORT_FILE), "w") as file:
        file.write(report.model_dump_json(indent=2))


def _copy_properties(source: types.Artifact, target: types.Artifact) -> None:
    target.split_names = source.split_names
    for key in ("span", "version"):
        if source.has_property(key):
            setattr(target, key, getattr(source, key))
    for key in ("span", "version", "payload_format", "file_format"):
        value = source.get_custom_property(key)
        if isinstance(value, str):
            target.set_string_custom_property(key, value)
        elif value is not None:
            target.set_int_custom_property(key, int(value))


def _check_artifact(settings: RebalanceSettings, source: types.Artifact, splits: list[str]) -> None:
    for split in settings.splits:
        if split not in splits:
            raise ConfigError(
                f"rebalance.splits names {split!r}, which the examples in {source.uri!r} do not "
                f"have. Allowed: {', '.join(splits)}."
            )
    payload = source.get_string_custom_property("payload_format") or TF_EXAMPLE
    if payload != TF_EXAMPLE:
        raise ConfigError(
            f"the examples in {source.uri!r} have the payload_format {payload!r}; allowed is "
            f"{TF_EXAMPLE}. Let ExampleGen write tf.Examples."
        )


def _shards(source: types.Artifact, split: str) -> list[Shard]:
    paths = shard_paths(artifact_utils.get_split_uri([source], split))
    return [Shard(number=i, source=path) for i, path in enumerate(paths)]


def _copy_split(source: types.Artifact, target: types.Artifact, split: str) -> None:
    folder = artifact_utils.get_split_uri([target], split)
    tf.io.gfile.makedirs(folder)
    for path in shard_paths(artifact_utils.get_split_uri([source], split)):
        tf.io.gfile.copy(path, os.path.join(folder, os.path.basename(path)), overwrite=True)
