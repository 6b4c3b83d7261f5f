"""What ours is held against in `rebalance.py`, written as a competent user would.

GZIP level 1 wherever a level can be given, as ours; Beam's `WriteToTFRecord` has none and takes 6.
"""

import random
from array import array
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from _rebalance_data import GZIP, Rows, minority_rows
from _rebalance_jobs import LABEL, NAMES, NEIGHBOURS, Job, shard_name
from imblearn.over_sampling import SMOTE

BATCH = 4096


def beam_records(job: Job) -> Callable[[], None]:
    """Returns what under- or oversamples as a Beam graph with a row as the element.

    Its class counts are right on average only, and it neither mixes nor reports: in its favour.
    """
    wanted = {"undersample": min, "oversample": max}[job.strategy]

    def work() -> None:
        with beam.Pipeline(argv=list(job.beam_args)) as pipeline:
            _resample(pipeline, job, wanted=wanted)

    return work


def _resample(pipeline: beam.Pipeline, job: Job, *, wanted: Callable[[Iterable[int]], int]) -> None:
    labelled = (
        pipeline
        | "Read" >> beam.io.ReadFromTFRecord(f"{job.data}/Split-train/*.gz")
        | "Label" >> beam.Map(lambda record: (_label_of(record), record))
    )
    rates = (
        labelled
        | "Labels" >> beam.Keys()
        | "Count" >> beam.combiners.Count.PerElement()
        | "AllCounts" >> beam.combiners.ToDict()
        | "Rates" >> beam.Map(lambda n: {label: wanted(n.values()) / n[label] for label in n})
    )
    _ = (
        labelled
        | "Emit" >> beam.FlatMap(_emit, beam.pvalue.AsSingleton(rates))
        | "Write"
        >> beam.io.WriteToTFRecord(
            f"{job.target}/data", file_name_suffix=".gz", num_shards=job.files
        )
    )


def _emit(row: tuple[int, bytes], rates: Mapping[int, float]) -> list[bytes]:
    label, record = row
    whole, rest = divmod(rates[label], 1)
    return [record] * (int(whole) + (random.random() < rest))


def _label_of(record: bytes) -> int:
    example = tf.train.Example.FromString(record)
    return int(example.features.feature[LABEL].int64_list.value[0])


def copy(job: Job) -> Callable[[], None]:
    """Returns what reads all rows in C++ and writes them again as they are, shard by shard."""

    def work() -> None:
        for path in job.sources:
            batches = tf.data.TFRecordDataset(path, compression_type="GZIP").batch(BATCH)
            with tf.io.TFRecordWriter(_target(job, Path(path).name), options=GZIP) as writer:
                for batch in batches.as_numpy_iterator():
                    for record in batch:
                        writer.write(record)

    return work


def smote_script(job: Job) -> Callable[[], None]:
    """Returns what reads everything, calls imbalanced-learn and writes everything."""

    def work() -> None:
        rows, labels = SMOTE(k_neighbors=NEIGHBOURS, random_state=0).fit_resample(*_read(job))
        for shard in range(job.files):
            path = _target(job, shard_name(shard, job.files))
            part = slice(shard, None, job.files)
            with tf.io.TFRecordWriter(path, options=GZIP) as writer:
                for row, label in zip(rows[part], labels[part].tolist(), strict=True):
                    writer.write(_example(row.tolist(), label).SerializeToString())

    return work


def _read(job: Job) -> tuple[Rows, Any]:
    values, labels = array("f"), array("q")
    dataset = tf.data.TFRecordDataset(job.sources, compression_type="GZIP")
    for record in dataset.as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        values.extend([feature[name].float_list.value[0] for name in NAMES])
        labels.append(feature[LABEL].int64_list.value[0])
    rows: Rows = np.frombuffer(values, dtype=np.float32).reshape(-1, len(NAMES))
    return rows, np.frombuffer(labels, dtype=np.int64)


def _example(row: list[float], label: int) -> tf.train.Example:
    """Filled in place: three times as fast as `tf.train.Feature(float_list=…)` for each value."""
    example = tf.train.Example()
    feature = example.features.feature
    for name, value in zip(NAMES, row, strict=True):
        feature[name].float_list.value.append(value)
    feature[LABEL].int64_list.value.append(label)
    return example


def imblearn_synthesis(job: Job) -> Callable[[], None]:
    """Returns what adds SMOTE rows to a class in memory until it has 49 times `job.rows`.

    imbalanced-learn wants a second class: it gets one row of it, and so spends no time on a
    majority which the measured part of ours does not see either.
    """
    rows = np.concatenate([minority_rows(job.rows), np.zeros((1, len(NAMES)), np.float32)])
    labels = np.array([1] * job.rows + [0])
    smote = SMOTE(sampling_strategy={1: 49 * job.rows}, k_neighbors=NEIGHBOURS, random_state=0)
    return lambda: smote.fit_resample(rows, labels)


def _target(job: Job, name: str) -> str:
    Path(job.target).mkdir(parents=True, exist_ok=True)
    return f"{job.target}/{name}"
