"""Small splits of tf.Examples on disk, and Rebalance's Beam graph run over them."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import apache_beam as beam
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from tfx_rebalance.components.rebalance.records.labels import LabelFeature
from tfx_rebalance.components.rebalance.records.layout import Layout
from tfx_rebalance.components.rebalance.report import SplitReport
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.transforms.job import Job, Shard
from tfx_rebalance.components.rebalance.transforms.resample import Resample
from tfx_rebalance.records import read_records, shard_name, shard_paths, write_shard

THREADS = ("--direct_running_mode=multi_threading", "--direct_num_workers=2")
PROCESSES = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
REPEATED = (
    "--direct_running_mode=in_memory",
    "--direct_num_workers=1",
    "--direct_runner_bundle_repeat=1",
)
"""Every bundle is run once more, as after a worker was lost with what it had done."""
ALONE = ("--direct_running_mode=in_memory", "--direct_num_workers=1")


def example(**features: Any) -> bytes:
    """Returns a serialized tf.Example; None: the feature is there without a value."""
    return tf.train.Example(
        features=tf.train.Features(feature={name: _feature(v) for name, v in features.items()})
    ).SerializeToString(deterministic=True)


def _feature(value: Any) -> Any:
    values = [] if value is None else value if isinstance(value, list) else [value]
    if not values:
        return tf.train.Feature()
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def write_split(folder: Path, shards: Sequence[Sequence[bytes]]) -> list[Shard]:
    """Writes a split, a GZIP file per shard."""
    paths = [str(folder / shard_name(i, len(shards))) for i in range(len(shards))]
    for path, rows in zip(paths, shards, strict=True):
        write_shard(path, rows)
    return [Shard(number, path) for number, path in enumerate(paths)]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    shards: list[list[bytes]]
    """The records of each output shard, in order."""
    files: dict[str, bytes]
    """File name -> content."""
    report: SplitReport
    counters: dict[str, int]

    @property
    def rows(self) -> list[bytes]:
        """All records."""
        return [record for shard in self.shards for record in shard]

    def column(self, name: str, default: Any = None) -> list[Any]:
        """Returns the one value of a feature in each record, of all shards in order."""
        return column_of(self.rows, name, default)

    def counts(self, label: str = "y") -> dict[Any, int]:
        """Returns how many records have each label, None where there is none."""
        return dict(Counter(self.column(label)))


def column_of(records: Sequence[bytes], name: str, default: Any = None) -> list[Any]:
    """Returns the one value of a feature in each record."""
    return [next(iter(values_of(record, name)), default) for record in records]


def values_of(record: bytes, name: str) -> list[Any]:
    """Returns the values of a feature of a record."""
    features = tf.train.Example.FromString(record).features.feature
    if name not in features or not (kind := features[name].WhichOneof("kind")):
        return []
    return list(getattr(features[name], kind).value)


def job_for(
    folder: Path, settings: Mapping[str, Any], *, label: LabelFeature, layout: Layout | None
) -> Job:
    """Returns a job that writes to `out` in a folder; each has a scratch folder of its own."""
    return Job(
        settings=RebalanceSettings(**settings),
        label=label,
        layout=layout,
        split="train",
        target=str(folder / "out"),
        scratch=str(folder / f"scratch-{uuid4().hex}"),
    )


def resampled(job: Job, shards: Sequence[Shard], options: Sequence[str] = ALONE) -> Outcome:
    """Runs a job over shards."""
    pipeline = beam.Pipeline(options=PipelineOptions(list(options)))
    _ = pipeline | beam.Create(list(shards)) | Resample(job)
    result = pipeline.run()
    result.wait_until_finish()
    paths = shard_paths(job.target)
    return Outcome(
        shards=[[bytes(r) for batch in read_records(path) for r in batch] for path in paths],
        files={os.path.basename(path): Path(path).read_bytes() for path in paths},
        report=SplitReport.model_validate_json(Path(job.scratch_file("report.json")).read_text()),
        counters=_counters(result),
    )


def _counters(result: Any) -> dict[str, int]:
    """Returns Rebalance's counters, each summed over the steps that count it."""
    sums: Counter[str] = Counter()
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.namespace == "Rebalance":
            sums[counter.key.metric.name] += counter.committed
    return dict(sums)
