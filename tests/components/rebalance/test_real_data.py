"""Rebalance's executor on real data: mixed, missing, many classes, tiny classes, images."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from support.real_examples import long_tailed_mnist, read_frame, schema_of, write_frame
from support.resampling import column_of, example, values_of, write_split
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.types import standard_artifacts

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.rebalance.executor import Executor
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.records import read_records, shard_paths

pytestmark = pytest.mark.tfx

PIXELS = 28 * 28


class Rebalanced:
    """The rows and the report that the executor leaves of `folder / source / Split-train`."""

    def __init__(self, folder, schema, *, label, **settings):
        source, target = standard_artifacts.Examples(), standard_artifacts.Examples()
        source.uri, target.uri = str(folder / "source"), str(folder / "target")
        source.split_names = json.dumps(["train"])
        report, of_schema = RebalanceReport(), standard_artifacts.Schema()
        report.uri, of_schema.uri = str(folder / "report"), str(folder / "schema")
        Path(of_schema.uri).mkdir()
        Path(of_schema.uri, "schema.pbtxt").write_text(text_format.MessageToString(schema))
        Executor().Do(
            {"examples": [source], "schema": [of_schema]},
            {"rebalanced_examples": [target], "rebalance_report": [report]},
            {
                "settings": RebalanceSettings(**settings).model_dump_json(),
                "features": "",
                "label": label,
                "classes": "",
            },
        )
        whole = json.loads(Path(report.uri, "report.json").read_text())
        self.split = whole["splits"]["train"]
        self.classes = self.split["classes"]
        self.before = records_in(f"{source.uri}/Split-train")
        self.after = records_in(f"{target.uri}/Split-train")
        self.new = [r for r in self.after if column_of([r], "synthetic") == [1]]

    def counts(self, label):
        return {str(k): n for k, n in Counter(map(text, column_of(self.after, label))).items()}


def records_in(folder):
    return [bytes(r) for path in shard_paths(folder) for b in read_records(path) for r in b]


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def rebalanced(folder, frame, *, label, **settings):
    """Returns a frame's rows after Rebalance, raw, with a schema."""
    write_frame(folder / "source" / "Split-train", frame, shards=3)
    return Rebalanced(folder, schema_of(frame, label=label), label=label, **settings)


def test_adult_mixed_and_missing(shared_data, tmp_path):
    frame = read_frame(shared_data / "adult" / "adult.csv.gz", rows_per_class=1500, label="income")
    rich = frame[frame.income == ">50K"].head(400)
    frame = frame[frame.income == "<=50K"]._append(rich, ignore_index=True)
    found = rebalanced(
        tmp_path,
        frame,
        label="income",
        strategy="smote_nc",
        sampling_strategy=0.8,
        copied=["fnlwgt"],
        provenance=True,
    )
    assert found.counts("income") == {"<=50K": 1500, ">50K": 1200}
    assert len(found.new) == found.classes[">50K"]["synthetic"] == 800
    assert found.split["skipped_features"] == {"fnlwgt": "no model input"}
    for column in ("workclass", "occupation", "sex", "native_country"):
        seen = {tuple(values_of(r, column)) for r in found.before}
        assert {tuple(values_of(r, column)) for r in found.new} <= seen
    ages = [age for r in found.new for age in values_of(r, "age")]
    assert rich.age.min() <= min(ages) <= max(ages) <= rich.age.max()
    weights = set(column_of(found.before, "fnlwgt"))
    assert set(column_of(found.new, "fnlwgt")) <= weights


def test_mammography_with_its_exact_duplicates(shared_data, tmp_path):
    frame = read_frame(
        shared_data / "mammography" / "mammography.csv.gz", rows_per_class=4000, label="class"
    )
    frame["class"] = (frame["class"] == 1).astype(np.int64)
    found = rebalanced(tmp_path, frame, label="class", strategy="smote_tomek")
    counts = found.counts("class")
    for name, of_class in found.classes.items():
        assert of_class["kept"] + of_class["synthetic"] == of_class["after"] == counts[name]
    assert found.classes["1"]["synthetic"] > 3000
    assert found.classes["0"]["after"] < found.classes["0"]["before"]


def test_nsl_kdd_with_classes_of_two_rows(shared_data, tmp_path):
    frame = read_frame(
        shared_data / "nsl_kdd" / "nsl_kdd.csv.gz", rows_per_class=300, label="label"
    ).drop(columns="difficulty_level")
    found = rebalanced(
        tmp_path, frame, label="label", strategy="smote", max_growth=50, min_class_size=3
    )
    for name, of_class in found.classes.items():
        rows = of_class["before"]
        assert of_class["after"] == (rows if rows < 3 else min(300, 50 * rows)), name
        assert bool(of_class["notes"]) == (rows < 3 or 50 * rows < 300 or 1 < rows <= 5), name
    assert found.counts("label") == {n: c["after"] for n, c in found.classes.items()}


def test_covertype_by_shares_of_seven_classes(shared_data, tmp_path):
    path = shared_data / "covertype_100k" / "covertype_100k.csv.gz"
    frame = read_frame(path, rows_per_class=900, label="label")
    found = rebalanced(
        tmp_path,
        frame,
        label="label",
        strategy="undersample",
        sampling_strategy={"1": 0.1, "2": 0.05},
        upweight=True,
    )
    rows = sum(found.counts("label").values())
    for name, share in {"1": 0.1, "2": 0.05}.items():
        of_class = found.classes[name]
        assert abs(of_class["after"] - share * rows) < 1
        assert of_class["after"] * of_class["mean_weight"] == pytest.approx(of_class["before"])
    assert found.split["resulting_priors"] == pytest.approx(found.split["natural_priors"])


@pytest.fixture(scope="module")
def mnist(shared_data):
    return long_tailed_mnist(shared_data / "mnist", largest=200, ratio=0.01)


def image_schema():
    schema = schema_pb2.Schema()
    schema.feature.add(name="image", type=schema_pb2.FLOAT).shape.dim.add(size=PIXELS)
    label = schema.feature.add(name="digit", type=schema_pb2.INT)
    label.int_domain.max = 9
    return schema


@pytest.mark.parametrize(
    ("strategy", "parameters"),
    [
        ("smote", {}),
        (
            "augment_images",
            {
                "image": "image",
                "shape": [28, 28, 1],
                "operations": {"rotation": 10, "translation": 0.05},
            },
        ),
    ],
)
def test_long_tailed_mnist(mnist, tmp_path, strategy, parameters):
    rows = [
        example(image=image.ravel().astype(float).tolist(), digit=int(digit))
        for image, digit in zip(*mnist, strict=True)
    ]
    write_split(tmp_path / "source" / "Split-train", [rows[::2], rows[1::2]])
    found = Rebalanced(
        tmp_path,
        image_schema(),
        label="digit",
        strategy=strategy,
        parameters=parameters,
        sampling_strategy={"8": 40, "9": 50},
    )
    natural = Counter(mnist[1].tolist())
    assert found.counts("digit") == {
        **{str(c): n for c, n in natural.items()},
        "8": 40,
        "9": 50,
    }
    originals, images = set(rows), np.array([values_of(r, "image") for r in found.after])
    assert images.shape == (len(found.after), PIXELS)
    assert images.min() >= 0
    assert images.max() <= 255
    new = [r for r in found.after if r not in originals]
    expected = found.classes["8"]["synthetic"] + found.classes["9"]["synthetic"]
    assert len(set(new)) == len(new) == expected == 90 - natural[8] - natural[9]
    assert tf.train.Example.FromString(new[0]).features.feature.keys() == {"image", "digit"}
