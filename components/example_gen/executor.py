"""A source and a schema to `Examples` with the splits train, val and eval; the wiring only."""

import hashlib
import os
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from uuid import uuid4

import apache_beam as beam
import tensorflow as tf
from absl import logging
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.example_gen import utils
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils

from tfx_rebalance.components.example_gen.files import fingerprint, window_of
from tfx_rebalance.components.example_gen.labels import Labels
from tfx_rebalance.components.example_gen.parts import Part, parts_of
from tfx_rebalance.components.example_gen.run_date import chosen_run_date
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.sources.settings import BigQuerySource
from tfx_rebalance.components.example_gen.sources.source import Piece
from tfx_rebalance.components.example_gen.transforms.bigquery import ReadBigQuery, as_data_error
from tfx_rebalance.components.example_gen.transforms.deal import Deal
from tfx_rebalance.components.example_gen.transforms.job import Job
from tfx_rebalance.components.example_gen.transforms.key import Key
from tfx_rebalance.components.example_gen.transforms.write import Write
from tfx_rebalance.components.example_gen.wanted import wanted_of
from tfx_rebalance.failures import known_failure
from tfx_rebalance.features import features_of
from tfx_rebalance.files import INGESTION_FILE, remove_there

ROWS_PER_SHARD = 200_000
SCRATCH = "writing"

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseBeamExecutor):
    """Two passes over the source: what each row is; then each row to its split."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes one folder of GZIP TFRecords per split and the report, or nothing at all."""
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = _settings(exec_properties)
        schema_folder = artifact_utils.get_single_uri(input_dict["schema"])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
        target = artifact_utils.get_single_instance(output_dict["examples"])
        try:
            _empty(target.uri)  # An attempt that was killed may have left shards.
            job = _job(settings, schema, target.uri, serving=bool(exec_properties.get("serving")))
            tf.io.gfile.makedirs(job.scratch)
            with _refusals(settings), self._make_beam_pipeline() as pipeline:
                parts = pipeline | "Parts" >> _Parts(job)
                dealt = parts | "Key" >> Key(job) | "Deal" >> Deal(job)
                _ = dealt | "Write" >> Write(job)
            tf.io.gfile.rename(
                job.scratch_file(INGESTION_FILE), os.path.join(target.uri, INGESTION_FILE)
            )
            tf.io.gfile.rmtree(job.scratch)
            _describe(target, job)
        except BaseException as error:
            _empty(target.uri)
            known = known_failure(error)
            if known is not None:
                raise known from error
            raise


def _settings(exec_properties: dict[str, str]) -> DataSettings:
    """Returns the settings with the day that this run is for."""
    settings = DataSettings.model_validate_json(exec_properties["settings"])
    run_date = chosen_run_date(
        settings.run_date,
        asked=exec_properties.get("run_date", ""),
        scheduled=exec_properties.get("schedule_time"),
        unscheduled=settings.unscheduled,
        now=datetime.now(timezone.utc),
    )
    if run_date != settings.run_date:
        logging.info("this run is for %s (data.run_date: %s)", run_date, settings.run_date)
    return settings.model_copy(update={"run_date": run_date})


def _empty(folder: str) -> None:
    """Removes what is in a folder; TFX removes the folder itself, and fails where it is gone."""
    if not tf.io.gfile.isdir(folder):
        return
    remove_there(os.path.join(folder, name) for name in tf.io.gfile.listdir(folder))


def _job(settings: DataSettings, schema: schema_pb2.Schema, target: str, *, serving: bool) -> Job:
    settings = settings.for_serving() if serving else settings
    features = features_of(schema, label=settings.label, exclude=settings.exclude)
    scratch = os.path.join(target, f"{SCRATCH}-{uuid4().hex}")
    return Job(
        settings=settings,
        labels=Labels(features, settings.label_groups, is_serving=serving),
        wanted=wanted_of(schema, label=settings.label, label_required=not serving),
        window=window_of(settings, folder=scratch),
        target=target,
        scratch=scratch,
        rows_per_shard=ROWS_PER_SHARD,
    )


class _Parts(beam.PTransform):
    """Lists the parts; what BigQuery gives is put into files first."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        job = self._job
        source = job.settings.source
        if not isinstance(source, BigQuerySource):
            return pipeline | "List" >> beam.Create(parts_of(job.window, job.reader))
        read = ReadBigQuery(source, run_date=job.settings.run_date, folder=job.scratch)
        return pipeline | "BigQuery" >> read | "Number" >> beam.Map(_part)


def _refusals(settings: DataSettings) -> AbstractContextManager[None]:
    """Returns what turns BigQuery's errors into ours."""
    source = settings.source
    return as_data_error(source) if isinstance(source, BigQuerySource) else nullcontext()


def _part(piece: Piece) -> Part:
    """BigQuery's pieces come in any order, so a piece's name makes its number."""
    digest = hashlib.blake2b(piece.path.encode(), digest_size=7).digest()
    return Part(int.from_bytes(digest, "big"), (piece,))


def _describe(target: types.Artifact, job: Job) -> None:
    """Says what stock components and drivers look for."""
    target.split_names = artifact_utils.encode_split_names(list(job.labels.split_names))
    examples_utils.set_payload_format(target, example_gen_pb2.FORMAT_TF_EXAMPLE)
    target.set_string_custom_property(utils.FILE_FORMAT_PROPERTY_NAME, "tfrecords_gzip")
    # Stock drivers set custom properties, stock components hand the others on.
    target.span, target.version = job.window.span, job.window.version
    target.set_int_custom_property(utils.SPAN_PROPERTY_NAME, job.window.span)
    target.set_int_custom_property(utils.VERSION_PROPERTY_NAME, job.window.version)
    if job.settings.patterns:
        of_files = fingerprint(job.window.files)
        target.set_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME, of_files)
