"""Rebalance's executor: splits in, splits and a report out, or an error and nothing."""

import json
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import artifact_utils, standard_artifacts

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Feature, Features
from tfx_rebalance.records import read_records, shard_name, write_shard

pytestmark = pytest.mark.tfx

INDEX = ([0] * 18 + [1] * 2, "int", ("no", "yes"))
STRING = ([b"no"] * 18 + [b"yes"] * 2, "string", ("no", "yes"))
INT = ([7] * 18 + [-1] * 2, "int", ("-1", "7"))


def example(number, label):
    kinds = {
        int: lambda: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        bytes: lambda: tf.train.Feature(bytes_list=tf.train.BytesList(value=[label])),
        type(None): tf.train.Feature,
    }
    features = {
        "x": tf.train.Feature(float_list=tf.train.FloatList(value=[number])),
        "y": kinds[type(label)](),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


class Bench:
    """An artifact with two shards of train and one of val, and the executor to run on it."""

    def __init__(self, folder, labels, dtype, classes):
        self.source, self.target = standard_artifacts.Examples(), standard_artifacts.Examples()
        self.report = RebalanceReport()
        for name, artifact in vars(self).items():
            artifact.uri = str(folder / name)
        Path(self.report.uri).mkdir(parents=True)
        self.source.split_names = artifact_utils.encode_split_names(["train", "val"])
        self.source.span = 4
        self.source.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
        self.source.set_string_custom_property("file_format", "tfrecords_gzip")
        self.features = Features(
            inputs=(Feature(name="x", dtype="float", categorical=False, optional=False),),
            label="y",
            label_dtype=dtype,
            classes=classes,
        )
        rows = [example(i, label) for i, label in enumerate(labels)]
        self.train = [f"{self.source.uri}/Split-train/{shard_name(i, 2)}" for i in range(2)]
        write_shard(self.train[0], rows[::2])
        write_shard(self.train[1], rows[1::2])
        write_shard(f"{self.source.uri}/Split-val/{shard_name(0, 1)}", rows)

    def run(self, *, transform_graph=False, **settings):
        inputs = {"examples": [self.source]}
        if transform_graph:
            inputs["transform_graph"] = [standard_artifacts.TransformGraph()]
        Executor().Do(
            inputs,
            {"rebalanced_examples": [self.target], "rebalance_report": [self.report]},
            {
                "settings": RebalanceSettings(**settings).model_dump_json(),
                "features": self.features.model_dump_json(),
            },
        )

    def train_rows(self):
        paths = sorted(Path(self.target.uri, "Split-train").iterdir())
        return [bytes(r) for path in paths for batch in read_records(str(path)) for r in batch]


@pytest.fixture
def bench(tmp_path):
    """Returns a function from (labels, dtype, classes) to a `Bench`."""
    return lambda *how: Bench(tmp_path, *how)


@pytest.mark.parametrize(
    ("how", "transformed"),
    [(INDEX, True), (STRING, False), (INT, False)],
    ids=["class index", "string", "int"],
)
def test_the_label_may_be_a_class_index_or_as_it_is_written(bench, how, transformed):
    made = bench(*how)
    made.run(transform_graph=transformed, strategy="undersample")
    assert len(made.train_rows()) == 4


def test_the_other_splits_are_the_same_bytes_under_the_same_names(bench):
    made = bench(*STRING)
    made.run(strategy="oversample")
    before, after = (sorted(Path(a.uri, "Split-val").iterdir()) for a in (made.source, made.target))
    assert [p.name for p in before] == [p.name for p in after]
    assert [p.read_bytes() for p in before] == [p.read_bytes() for p in after]


def test_what_stock_components_read_from_the_artifact_is_passed_on(bench):
    made = bench(*STRING)
    made.run()
    assert made.target.split_names == made.source.split_names
    assert made.target.span == 4
    for key in ("payload_format", "file_format"):
        assert made.target.get_string_custom_property(
            key
        ) == made.source.get_string_custom_property(key)


def test_the_report_says_what_was_done(bench):
    made = bench(*STRING)
    made.run(strategy="undersample", sampling_strategy={"no": 9}, upweight=True, seed=5)
    report = json.loads(Path(made.report.uri, "report.json").read_text())
    assert report["settings"]["seed"] == 5
    assert report["splits"]["train"]["classes"]["no"] == {
        "before": 18,
        "after": 9,
        "kept": 9,
        "duplicated": 0,
        "rate": 0.5,
        "mean_weight": 2.0,
    }
    assert report["splits"]["train"]["natural_priors"] == {"no": 0.9, "yes": 0.1}
    assert report["splits"]["train"]["resulting_priors"] == {"no": 0.9, "yes": 0.1}


def test_two_runs_write_the_same_bytes(bench, tmp_path):
    made = bench(*STRING)
    made.run(strategy="oversample")
    first = {p.name: p.read_bytes() for p in Path(made.target.uri, "Split-train").iterdir()}
    made.target.uri = str(tmp_path / "again")
    made.run(strategy="oversample")
    assert {p.name: p.read_bytes() for p in Path(made.target.uri, "Split-train").iterdir()} == first


def refused(made, **how):
    """Returns the message of a failed run, after a look that nothing of `train` was published."""
    with pytest.raises(Exception, match=r"y|damaged") as error:
        made.run(**how)
    assert not list(Path(made.target.uri).glob("Split-train/*.gz"))
    assert not list(Path(made.report.uri).iterdir())
    return f"{type(error.value).__name__}: {error.value}"


def test_a_damaged_shard_is_named_and_nothing_is_published(bench):
    made = bench(*STRING)
    content = bytearray(Path(made.train[1]).read_bytes())
    content[len(content) // 2] ^= 0x55
    Path(made.train[1]).write_bytes(content)
    message = refused(made, strategy="undersample")
    assert message.startswith(
        f"CorruptArtifactError: the TFRecord file {made.train[1]!r} is damaged"
    )


def test_a_label_outside_the_domain_is_named_and_nothing_is_published(bench):
    made = bench([b"no"] * 17 + [b"yes", b"maybe", None], *STRING[1:])
    message = refused(made, strategy="undersample")
    assert "DataError: " in message
    assert "maybe" in message or "of 10 rows 1 have no label 'y'" in message
    assert "Allowed: no, yes. Correct the data or the schema." in message


def test_a_class_index_without_a_class_is_refused(bench):
    made = bench([0] * 18 + [1, -1], *INDEX[1:])
    message = refused(made, transform_graph=True)
    assert "DataError: " in message
    assert "of 10 rows 0 have no label 'y' and 1 have one outside the domain: -1" in message


def test_a_sampling_strategy_that_the_data_cannot_meet_is_a_config_error(bench):
    made = bench(*STRING)
    message = refused(made, strategy="undersample", sampling_strategy={"yes": 3})
    assert (
        "ConfigError: rebalance.sampling_strategy asks undersample for 3 rows of 'yes'" in message
    )


def test_a_split_the_examples_lack_is_refused(bench):
    made = bench(*STRING)
    made.source.split_names = artifact_utils.encode_split_names(["val"])
    with pytest.raises(ConfigError, match=r"rebalance.splits names 'train', which .* Allowed: val"):
        made.run()
