"""Bad input to Rebalance: one clear error, and nothing left of what was begun."""

import os
from pathlib import Path
from types import SimpleNamespace

import apache_beam as beam
import pytest
from support.rebalance_bench import Bench
from support.resampling import PROCESSES, THREADS, example
from tfx.types import artifact_utils

from tfx_rebalance.components.rebalance import executor
from tfx_rebalance.errors import ConfigError, CorruptArtifactError, DataError, StorageError
from tfx_rebalance.features import Feature, Features

pytestmark = pytest.mark.tfx

FULL = Path("/dev/full")
needs_a_full_device = pytest.mark.skipif(not FULL.is_char_device(), reason="needs /dev/full")

SCHEMA = """
feature { name: "x" type: FLOAT presence { min_fraction: 1 } }
feature { name: "y" type: BYTES string_domain { value: "no" value: "yes" } }
"""
NUMBERS = SCHEMA.replace('BYTES string_domain { value: "no" value: "yes" }', "FLOAT")
FEATURES = Features(
    inputs=(Feature(name="x", dtype="float", categorical=False, optional=False),),
    label="y",
    label_dtype="string",
    classes=("no", "yes"),
)


def rows(labels=None, x=None):
    """Returns 20 rows, 4 of them rare, some labels and numbers replaced."""
    labels = [*(labels or []), *([b"yes", *[b"no"] * 4] * 4)][:20]
    numbers = [*(x or []), *map(float, range(20))][:20]
    return [example(x=n, y=label) for n, label in zip(numbers, labels, strict=True)]


@pytest.fixture
def bench(tmp_path):
    """Returns a function from rows to an artifact with them, whose schema is known."""

    def made(train=None, *, schema=SCHEMA, **told):
        train = rows() if train is None else train
        splits = {"train": [train[::2], train[1::2]], "val": [rows()]}
        return Bench(tmp_path).write(splits).told(**{"label": "y", "schema": schema, **told})

    return made


def assert_says(message, *words):
    assert [word for word in words if word not in message] == []


# Labels.


def test_too_many_rows_without_a_label(bench):
    message = bench(rows([None, None, None])).refused(DataError, strategy="undersample")
    assert_says(message, "split 'train': 3 of 20 rows", "rebalance.max_missing_labels", "Correct")


def test_a_label_outside_the_domain(bench):
    message = bench(rows([b"maybe"])).refused(DataError, strategy="undersample")
    assert_says(message, "Split-train/data_tfrecord-00000-of-00002.gz", "1 of 10 rows", "'y'")
    assert_says(message, "maybe", "Allowed: no, yes", "Correct the data or the schema")


def test_float_labels_that_are_no_whole_numbers(bench):
    made = bench(rows([0.0, 1.0, 0.5, *[0.0] * 17]), schema=NUMBERS, classes=["0", "1"])
    message = made.refused(DataError, strategy="undersample")
    assert_says(message, "Split-train", "0.5", "Allowed: 0, 1", "has to be a whole number")


def test_float_labels_without_classes(bench):
    message = bench(schema=NUMBERS).refused(ConfigError, strategy="undersample")
    assert_says(message, "label 'y' is FLOAT", "FLOAT if `classes` lists its whole numbers")


def test_a_label_that_no_feature_is(bench):
    message = bench(label="z").refused(ConfigError, strategy="undersample")
    assert_says(message, "label 'z' is not in the schema, which has x, y")


def test_a_label_of_another_type_than_the_schema_says(bench):
    message = bench(rows([1])).refused(DataError, strategy="undersample")
    assert_says(message, "Split-train/data_tfrecord-00000", "y", "Correct the schema or the data")


# Targets.


def test_a_class_that_nobody_knows_in_the_targets(bench):
    message = bench().refused(
        ConfigError, strategy="undersample", sampling_strategy={"yess": 3, "no": 5}
    )
    assert_says(message, "'yess'", "did you mean 'yes'", "Allowed: no, yes")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"strategy": "undersample", "sampling_strategy": {"yes": 5}},
            ("undersample for 5 rows of 'yes', which has 4", "1 to 4; or use oversample"),
        ),
        (
            {"strategy": "oversample", "sampling_strategy": {"no": 5}},
            ("oversample for 5 rows of 'no', which has 16", "16 or more; or use undersample"),
        ),
        (
            {"strategy": "smote", "sampling_strategy": {"no": 5}},
            ("for 5 rows of 'no', which has 16", "16 or more; or use undersample"),
        ),
        ({"strategy": "smote", "sampling_strategy": 0.1}, ("0.1 would leave", "'yes'")),
        ({"strategy": "undersample", "sampling_strategy": {"yes": 0.9}}, ("share of 0.9", "'yes'")),
        ({"strategy": "tomek_links", "sampling_strategy": 0.5}, ("0.5 says how many rows",)),
        ({"strategy": "near_miss", "sampling_strategy": ["no"]}, ("['no'] says which classes",)),
        ({"strategy": "oversample", "min_class_size": 17}, ("leaves no class", "'no', has 16")),
        (
            {"strategy": "smote", "min_class_size": 5, "sampling_strategy": {"yes": 9}},
            ("names 'yes', which has 4 rows and is left alone", "set min_class_size to 4"),
        ),
    ],
    ids=str,
)
def test_targets_that_the_strategy_cannot_reach(bench, settings, words):
    message = bench().refused(ConfigError, **settings)
    assert_says(message, "rebalance.", *words, "Allowed: ", "This is about split 'train'.")


def test_a_split_larger_than_the_memory_allowed(bench):
    message = bench().refused(ConfigError, strategy="tomek_links", memory_gib=1e-7)
    assert_says(message, "tomek_links", "20 rows", "split 'train'", "rebalance.memory_gib")


# Features.


@pytest.mark.parametrize(
    ("strategy", "value", "fault"),
    [
        ("smote", float("nan"), "missing or NaN"),
        ("smote", float("inf"), "infinite"),
        ("tomek_links", None, "missing or NaN"),
    ],
)
def test_a_number_that_cannot_be_compared(bench, strategy, value, fault):
    message = bench(rows(x=[value])).refused(DataError, strategy=strategy)
    assert_says(message, "Split-train/data_tfrecord-00000-of-00002.gz", f"feature 'x' is {fault}")
    assert_says(message, "1 of 10 rows", "Correct the data", "rebalance.copied")


def test_a_feature_of_another_type_than_the_schema_says(bench):
    train = [*rows()[:-1], example(x=3, y=b"no")]
    message = bench(train).refused(DataError, strategy="smote")
    assert_says(message, "Split-train/data_tfrecord-00001-of-00002.gz", "x", "Correct the schema")


def test_a_strategy_for_other_features(bench):
    message = bench().refused(ConfigError, strategy="smote_nc")
    assert_says(message, "smote_nc is for mixed features", "1 numeric and 0", "strategy: smote")


def test_a_strategy_that_has_to_know_the_features_without_a_schema(bench):
    made = bench(features=FEATURES, schema="")
    message = made.refused(ConfigError, strategy="smote")
    assert_says(message, "smote has to know every feature", "`schema`", "`transform_graph`")


def test_a_group_that_no_feature_is(bench):
    message = bench().refused(ConfigError, strategy="smote", group_key="patient")
    assert_says(message, "feature 'patient' is not in the schema, which has x, y")


# Files.


def test_a_split_without_rows(bench):
    message = bench([]).refused(DataError, strategy="undersample")
    assert_says(message, "split 'train' has no row with a label", "Check what wrote the examples")


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_shards(bench, split):
    made = bench()
    for path in made.split_folder(split).iterdir():
        path.unlink()
    message = made.refused(CorruptArtifactError, strategy="undersample")
    assert_says(message, f"Split-{split}", "has no shard", "Run again with --no-cache")


def test_a_split_that_the_examples_do_not_have(bench):
    made = bench()
    made.source.split_names = artifact_utils.encode_split_names(["val"])
    message = made.refused(ConfigError, strategy="undersample")
    assert_says(message, "rebalance.splits names 'train'", "Allowed: val")


@pytest.mark.parametrize("damage", ["flipped", "cut off"])
def test_a_damaged_shard(bench, damage):
    made = bench()
    path = made.split_folder("train") / "data_tfrecord-00001-of-00002.gz"
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 0x55
    path.write_bytes(content if damage == "flipped" else content[: len(content) // 2])
    message = made.refused(CorruptArtifactError, strategy="undersample")
    assert_says(message, f"the TFRecord file {str(path)!r} is damaged", "Run again with --no-cache")


def test_records_that_are_no_examples(bench):
    message = bench([*rows(), b"x,y\n1,no\n"]).refused(DataError, strategy="undersample")
    assert_says(message, "Split-train/data_tfrecord-00000-of-00002.gz")


def test_examples_of_another_format(bench):
    made = bench()
    made.source.set_string_custom_property("payload_format", "FORMAT_PROTO")
    message = made.refused(ConfigError, strategy="undersample")
    assert_says(message, "'FORMAT_PROTO'", "FORMAT_TF_EXAMPLE", "ExampleGen")


def test_a_schema_that_is_not_there(bench):
    made = bench()
    Path(made.inputs["schema"][0].uri, "schema.pbtxt").unlink()
    message = made.refused(CorruptArtifactError, strategy="smote")
    assert_says(message, "schema.pbtxt", "is not there", "--no-cache")


# A full disk: TensorFlow's own errors, by links to a device that is always full.


@needs_a_full_device
@pytest.mark.parametrize(
    "path",
    [
        "target/Split-train/data_tfrecord-00001-of-00002.gz.writing",
        "target/writing-here/train/rows-1",
        "target/writing-here/train/seeds-1-0",
        "target/writing-here/train/new-1-000000",
        "report/report.json",
        "report/counts-train.svg",
    ],
)
def test_a_full_disk(bench, monkeypatch, path):
    monkeypatch.setattr(executor, "uuid4", lambda: SimpleNamespace(hex="here"))
    made = bench()
    link = made.folder / path
    link.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(FULL, link)
    message = made.refused(StorageError, strategy="smote")
    assert_says(message, path.split("/")[-1], "could not be written: No space left", "Make room")


# However the run is made.


@pytest.mark.e2e
@pytest.mark.parametrize("options", [THREADS, PROCESSES], ids=["threads", "processes"])
def test_the_error_is_the_same_out_of_other_threads_and_processes(bench, options):
    message = bench(rows([b"maybe"])).refused(
        DataError, strategy="undersample", pipeline=lambda: beam.Pipeline(argv=[*options])
    )
    assert_says(message, "Split-train/data_tfrecord-00000-of-00002.gz", "maybe", "Allowed: no, yes")
    assert "Traceback" not in message


def test_a_run_that_is_interrupted_leaves_nothing(bench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(executor, "counts_chart", interrupted)
    made = bench()
    with pytest.raises(KeyboardInterrupt):
        made.run(strategy="undersample")
    assert not list(Path(made.target.uri).glob("*"))
    assert not list(Path(made.report.uri).iterdir())
