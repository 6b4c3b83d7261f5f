"""The verdict on the built-in data: what is pushed, what is not, and that it is the same model."""

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.pipeline_runs import EXAMPLES, Outcome, run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
SMALL = ("data.demo.rows=5000", "trainer.epochs=6", "evaluate.slices=[]")
REACHABLE = "evaluate.min_recall={'1': 0.3, '0': 0.5}"

# Run by a Python that cannot import this project.
PLAIN_TENSORFLOW = """
import json, sys
sys.modules["tfx_rebalance"] = None
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
records = list(tf.data.TFRecordDataset(sys.argv[2], "GZIP").as_numpy_iterator())
outputs = model.signatures["serving_default"](tf.constant(records))
numbers = {key: value for key, value in outputs.items() if value.dtype != tf.string}
json.dump({key: value.numpy().tolist() for key, value in numbers.items()}, sys.stdout)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def released(root) -> Outcome:
    return run(CARD_FRAUD, root, *SMALL, REACHABLE)


def test_a_reachable_bar_is_released(released):
    assert released.exit_code == 0, released
    assert released.result["verdict"] == "released"
    assert released.result["gate"] == "point estimate"
    assert {
        "run_id",
        "verdict",
        "reason",
        "classes",
        "model_uri",
        "seconds",
    } <= released.result.keys()
    assert {"before", "after", "recall", "recall_low", "recall_high", "bar"} <= (
        released.result["classes"]["1"].keys()
    )


def test_progress_goes_to_stderr_and_noise_to_the_log(released):
    assert "Transform" in released.stderr
    assert "WARNING" not in released.stderr
    assert "val_loss" in Path(released.result["log"]).read_text()


def test_plain_tensorflow_gets_the_probabilities_of_the_pipeline(released, root, tmp_path):
    [examples] = (root / "pipeline/ExampleGen/examples").glob("*/Split-eval/*.gz")
    model_uri = released.result["model_uri"]
    [trained] = (root / "pipeline/Trainer/model").glob("*/Format-Serving")

    ended = subprocess.run(
        [sys.executable, "-c", PLAIN_TENSORFLOW, model_uri, str(examples)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    plain = json.loads(ended.stdout)
    here = _score(trained, examples)
    np.testing.assert_allclose(plain["probabilities"], here["probabilities"], atol=1e-6)
    np.testing.assert_allclose(np.sum(plain["probabilities"], axis=1), 1, atol=1e-5)
    assert plain["class_index"] == np.argmax(plain["decision_scores"], axis=1).tolist()


def test_what_is_served_is_what_was_gated(released, root):
    """Recall counted by hand from the pushed model equals what the gate saw."""
    [examples] = (root / "pipeline/ExampleGen/examples").glob("*/Split-eval/*.gz")
    labels = _labels(examples)
    decided = _score(Path(released.result["model_uri"]), examples)["class_index"]

    for index, name in enumerate(["0", "1"]):
        rows = labels == index
        assert released.result["classes"][name]["support"] == rows.sum()
        assert released.result["classes"][name]["recall"] == pytest.approx(
            (decided[rows] == index).mean()
        )


def test_predict_scores_a_csv_with_the_released_model(released, root, tmp_path):
    data, scored = tmp_path / "in.csv", tmp_path / "out.csv"
    assert tfx_rebalance("demo-data", "--rows", "1000", "--output", data).exit_code == 0

    assert tfx_rebalance("predict", root / "serving/card-fraud", data, scored).exit_code == 0

    with data.open() as before, scored.open() as after:
        rows, out = list(csv.DictReader(before)), list(csv.DictReader(after))
    assert [r["card_id"] for r in rows] == [r["card_id"] for r in out]
    assert {r["predicted_label"] for r in out} <= {"0", "1"}
    assert all(
        float(r["probability_0"]) + float(r["probability_1"]) == pytest.approx(1, abs=1e-4)
        for r in out
    )


def test_a_second_run_takes_what_has_not_changed(released, root):
    again = run(CARD_FRAUD, root, *SMALL, REACHABLE)

    assert again.exit_code == 0
    assert {"ExampleGen", "StatisticsGen", "Transform", "Rebalance", "Trainer"} <= (
        set(again.result["cached"])
    )
    assert "ValidationGate" not in again.result["cached"]
    assert again.result["classes"] == released.result["classes"]


def test_a_bar_too_high_pushes_nothing_and_exits_4(released, tmp_path):
    outcome = run(CARD_FRAUD, tmp_path, *SMALL, "evaluate.min_recall={default: 1.0}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released")
    assert "below its bar 1" in outcome.result["reason"]
    assert outcome.result["model_uri"] is None
    assert not (tmp_path / "serving").exists()


@pytest.mark.parametrize("rule", ["argmax", "balanced"])
def test_an_untrained_model_is_not_released_at_the_bars_of_the_example(rule, tmp_path):
    outcome = run(
        CARD_FRAUD, tmp_path, "data.demo.rows=5000", "trainer.epochs=1",
        "trainer.learning_rate=1.0e-9", f"trainer.decision={rule}", "trainer.class_weights=none",
    )  # fmt: skip

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome
    assert outcome.result["model_uri"] is None


def test_a_model_of_shuffled_labels_is_not_released_at_the_bars_of_the_example(tmp_path):
    source = tmp_path / "shuffled.csv"
    assert tfx_rebalance("demo-data", "--rows", "5000", "--output", source).exit_code == 0
    with source.open() as file:
        rows = list(csv.DictReader(file))
    labels = [row["is_fraud"] for row in rows]
    random.Random(0).shuffle(labels)
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "is_fraud": y} for row, y in zip(rows, labels, strict=True))

    outcome = run(CARD_FRAUD, tmp_path / "root", f"data.source={source}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome


def test_two_runs_from_nothing_agree(released, tmp_path):
    again = run(CARD_FRAUD, tmp_path, *SMALL, REACHABLE)

    assert again.result["classes"] == released.result["classes"]


def _score(model: Path, examples: Path) -> dict[str, np.ndarray]:
    import tensorflow as tf

    serve = tf.saved_model.load(str(model)).signatures["serving_default"]
    records = list(tf.data.TFRecordDataset(str(examples), "GZIP").as_numpy_iterator())
    return {key: value.numpy() for key, value in serve(tf.constant(records)).items()}


def _labels(examples: Path) -> np.ndarray:
    import tensorflow as tf

    records = tf.data.TFRecordDataset(str(examples), "GZIP").as_numpy_iterator()
    parsed = [tf.train.Example.FromString(record) for record in records]
    return np.array([p.features.feature["is_fraud"].int64_list.value[0] for p in parsed])
