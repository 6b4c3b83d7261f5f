"""Rebalance's Beam graph on shards of tf.Examples."""

import itertools
from collections import Counter

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import (
    TestPipeline as BeamPipeline,
)  # Else pytest collects it.
from apache_beam.testing.util import assert_that, equal_to
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from tfx_rebalance.components.rebalance.labels import LabelFeature
from tfx_rebalance.components.rebalance.report import Report
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.transforms import Resample, Shard, WriteReport
from tfx_rebalance.records import read_records, shard_name, write_shard

pytestmark = pytest.mark.tfx

LABEL = LabelFeature(name="y", kind="index", classes=("common", "rare"))
SIZES = (40, 25, 35)
THREADS = ("--direct_num_workers=2", "--direct_running_mode=multi_threading")


def example(number, label):
    features = {
        "x": tf.train.Feature(float_list=tf.train.FloatList(value=[number / 7])),
        "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def shards_in(folder):
    """Returns three shards with 100 rows, 10 of them rare, and where their likes are to go."""
    made, numbers = [], iter(range(100))
    for i, size in enumerate(SIZES):
        source = str(folder / "in" / shard_name(i, len(SIZES)))
        write_shard(source, [example(n, int(n % 10 == 0)) for n in itertools.islice(numbers, size)])
        made.append(Shard(number=i, source=source, target=str(folder / "out" / shard_name(i, 3))))
    return made


@pytest.fixture
def shards(tmp_path):
    return shards_in(tmp_path)


def resample(shards, settings, *options):
    """Returns (records of each output shard, counters)."""
    with BeamPipeline(options=PipelineOptions(list(options))) as pipeline:
        _ = pipeline | beam.Create(shards) | Resample(settings, label=LABEL, split="train")
    found = pipeline.result.metrics().query()["counters"]
    records = [[bytes(r) for b in read_records(s.target) for r in b] for s in shards]
    return records, {c.key.metric.name: c.committed for c in found if "/" in c.key.metric.name}


def labels_of(records):
    parsed = tf.io.parse_example(
        [r for shard in records for r in shard], {"y": tf.io.FixedLenFeature([], tf.int64)}
    )
    return Counter(parsed["y"].numpy().tolist())


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        ({"strategy": "none"}, {0: 90, 1: 10}),
        ({"strategy": "undersample"}, {0: 10, 1: 10}),
        ({"strategy": "undersample", "sampling_strategy": {"common": 33}}, {0: 33, 1: 10}),
        ({"strategy": "oversample"}, {0: 90, 1: 90}),
        ({"strategy": "oversample", "sampling_strategy": 0.5}, {0: 90, 1: 45}),
    ],
)
def test_the_counts_are_exact_and_counted(shards, settings, counts):
    records, counters = resample(shards, RebalanceSettings(**settings))
    assert labels_of(records) == counts
    assert counters == {
        "train/common/before": 90,
        "train/common/after": counts[0],
        "train/rare/before": 10,
        "train/rare/after": counts[1],
    }


def test_without_resampling_each_shard_keeps_its_records(shards):
    records, _ = resample(shards, RebalanceSettings())
    for shard, found in zip(shards, records, strict=True):
        assert Counter(found) == Counter(bytes(r) for b in read_records(shard.source) for r in b)


@pytest.mark.parametrize("strategy", ["undersample", "oversample"])
def test_threads_and_the_order_of_shards_change_nothing(shards, strategy):
    settings = RebalanceSettings(strategy=strategy, seed=3)
    alone, _ = resample(shards, settings)
    together, _ = resample(shards[::-1], settings, *THREADS)
    assert together[::-1] == alone


def test_another_seed_keeps_other_rows(shards):
    one, _ = resample(shards, RebalanceSettings(strategy="undersample", seed=0))
    other, _ = resample(shards, RebalanceSettings(strategy="undersample", seed=1))
    assert Counter(r for s in one for r in s) != Counter(r for s in other for r in s)


@pytest.fixture(scope="module")
def upweighted(tmp_path_factory):
    """Returns records where 30 of 90 common rows are left, and weigh 3."""
    how = {"strategy": "undersample", "sampling_strategy": {"common": 30}, "upweight": True}
    shards = shards_in(tmp_path_factory.mktemp("upweighted"))
    records, _ = resample(shards, RebalanceSettings(**how))
    return [record for shard in records for record in shard]


def test_tensorflow_reads_the_weights(upweighted):
    spec = {
        "y": tf.io.FixedLenFeature([], tf.int64),
        "example_weight": tf.io.FixedLenFeature([], tf.float32),
    }
    parsed = {
        name: column.numpy() for name, column in tf.io.parse_example(upweighted, spec).items()
    }
    mass = np.bincount(parsed["y"], weights=parsed["example_weight"])
    assert mass == pytest.approx([90, 10], abs=1e-6)


def test_tfx_bsl_reads_the_weights(upweighted):
    schema = schema_pb2.Schema()
    for name, kind in (("x", "FLOAT"), ("y", "INT"), ("example_weight", "FLOAT")):
        schema.feature.add(name=name, type=schema_pb2.FeatureType.Value(kind))
    batch = ExamplesToRecordBatchDecoder(schema.SerializeToString()).DecodeBatch(upweighted)
    rows = batch.to_pydict()
    assert sum(weight for [weight] in rows["example_weight"]) == pytest.approx(100, abs=1e-5)
    assert all(len(x) == len(y) == 1 for x, y in zip(rows["x"], rows["y"], strict=True))


def test_protobuf_reads_the_weights(upweighted):
    for record in upweighted:
        features = tf.train.Example.FromString(record).features.feature
        assert set(features) == {"x", "y", "example_weight"}
        expected = 1.0 if features["y"].int64_list.value[0] else 3.0
        assert list(features["example_weight"].float_list.value) == [expected]


def test_without_upweight_no_weight_is_added(shards):
    records, _ = resample(shards, RebalanceSettings(strategy="undersample"))
    features = tf.train.Example.FromString(records[0][0]).features.feature
    assert "example_weight" not in features


def test_the_plan_comes_out_under_the_name_of_its_split(shards):
    with BeamPipeline() as pipeline:
        plans = (
            pipeline
            | beam.Create(shards)
            | Resample(RebalanceSettings(), label=LABEL, split="train")
        )
        counts = plans | beam.MapTuple(lambda split, of: (split, [(p.before, p.after) for p in of]))
        assert_that(counts, equal_to([("train", [(90, 90), (10, 10)])]))


def test_an_empty_shard_stays_an_empty_shard(shards):
    write_shard(shards[1].source, [])
    records, _ = resample(shards, RebalanceSettings())
    assert [len(shard) for shard in records] == [40, 0, 35]


def test_the_report_tells_rows_rates_and_priors(shards, tmp_path):
    settings = RebalanceSettings(strategy="undersample", sampling_strategy=0.5)
    path = tmp_path / "report.json"
    with BeamPipeline() as pipeline:
        plans = pipeline | beam.Create(shards) | Resample(settings, label=LABEL, split="train")
        _ = plans | WriteReport(str(path), settings=settings, classes=LABEL.classes)
    report = Report.model_validate_json(path.read_text())
    assert report.settings == settings
    train = report.splits["train"]
    assert train.classes["common"].model_dump() == {
        "before": 90,
        "after": 20,
        "kept": 20,
        "duplicated": 0,
        "rate": 20 / 90,
        "mean_weight": 1.0,
    }
    assert train.natural_priors == {"common": 0.9, "rare": 0.1}
    assert train.resulting_priors == pytest.approx({"common": 2 / 3, "rare": 1 / 3})
