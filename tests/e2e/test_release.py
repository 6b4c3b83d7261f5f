"""The verdict on the built-in data: what is pushed, what is not, and that it is the same model."""

import csv
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.pipeline_runs import EXAMPLES, Outcome, run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

CARD_FRAUD = EXAMPLES / "card_fraud.yaml"
SMALL = (
    "data.demo.rows=5000",
    "trainer.epochs=6",
    "evaluate.slices=[]",
    "evaluate.champion.insufficient=pass",  # Six frauds in eval never rule a loss out.
)
REACHABLE = "evaluate.min_recall={'1': 0.2, '0': 0.5}"

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
    assert released.result["confidence"] == 0.95
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
    assert "val_log_loss" in Path(released.result["log"]).read_text()


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


def test_predict_names_the_column_and_writes_nothing_where_a_required_cell_is_empty(
    released, root, tmp_path
):
    data, scored = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = _demo_rows(data)
    _write_csv(data, [{**row, "amount": ""} for row in rows[:3]])

    outcome = tfx_rebalance("predict", root / "serving/card-fraud", data, scored)

    assert outcome.exit_code == 3
    assert "the column 'amount' has empty cells, 3 in 3 rows" in outcome.stderr
    assert list(tmp_path.iterdir()) == [data]


def test_a_second_run_takes_what_has_not_changed(released, root):
    again = run(CARD_FRAUD, root, *SMALL, REACHABLE)

    assert again.exit_code == 0
    assert {"ExampleGen", "StatisticsGen", "Transform", "Rebalance", "Trainer"} <= (
        set(again.result["cached"])
    )
    assert "ValidationGate" not in again.result["cached"]
    assert again.result["classes"] == released.result["classes"]


def test_a_model_that_is_served_already_is_not_pushed_again(released, root):
    versions = root / "serving/card-fraud"
    before = sorted(path.name for path in versions.iterdir() if path.name.isdigit())

    again = run(CARD_FRAUD, root, *SMALL, REACHABLE)

    assert again.result["model_uri"] == str(versions / before[-1])
    assert sorted(p.name for p in versions.iterdir() if p.name.isdigit()) == before
    manifests = sorted(path.stem for path in (versions / "releases").glob("*.json"))
    assert manifests == before


def test_a_release_that_was_removed_is_pushed_again_though_all_else_is_cached(released, root):
    shutil.rmtree(root / "serving")

    again = run(CARD_FRAUD, root, *SMALL, REACHABLE)

    assert again.exit_code == 0
    assert Path(again.result["model_uri"], "saved_model.pb").is_file()


def test_a_cached_result_that_is_damaged_is_told_with_what_to_do(released, root):
    for path in (root / "pipeline/Rebalance/rebalance_report").glob("*/report.json"):
        path.unlink()

    again = run(CARD_FRAUD, root, *SMALL, REACHABLE)

    assert (again.exit_code, again.result["verdict"]) == (1, "stopped")
    assert "--no-cache" in again.result["reason"]
    assert "Traceback" not in again.stderr


def test_a_slice_alone_can_block_a_release(tmp_path):
    """And the rows kept by undersampling weigh what all rows weighed."""
    outcome = run(
        CARD_FRAUD, tmp_path, *SMALL[:2], "evaluate.min_recall={default: 0.01}",
        "rebalance={strategy: undersample, sampling_strategy: 0.1, upweight: true}",
        "evaluate.slices=[{features: [device], min_recall: {'0': 1.0}, min_positives: 50}]",
    )  # fmt: skip

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome
    assert {of_class["gate"] for of_class in outcome.result["classes"].values()} == {"pass"}
    assert outcome.result["reason"].startswith("where device is")
    assert outcome.result["classes"]["0"]["after"] == 180  # 18 frauds in train, at 0.1.
    [report] = (tmp_path / "pipeline/Trainer/model_run").glob("*/training.json")
    assert json.loads(report.read_text())["train_mass"]["0"] == pytest.approx(2982, rel=1e-5)


def test_the_built_in_example_is_released_as_it_is(tmp_path):
    """All its 60,000 rows: this is what `make run` does, and its bars are meant for them."""
    outcome = tfx_rebalance("run", "--root", tmp_path, "--json")

    assert (outcome.exit_code, outcome.result["verdict"]) == (0, "released"), outcome
    fraud = outcome.result["classes"]["1"]
    assert (fraud["support"], fraud["bar"], fraud["gate"]) == (70, 0.75, "pass")
    assert fraud["recall_low"] >= 0.75


def test_a_bar_too_high_pushes_nothing_and_exits_4(released, tmp_path):
    outcome = run(CARD_FRAUD, tmp_path, *SMALL, "evaluate.min_recall={default: 1.0}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released")
    assert outcome.result["classes"]["0"]["gate"] == "fail"
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
    assert "fail" in {of_class["gate"] for of_class in outcome.result["classes"].values()}
    assert outcome.result["model_uri"] is None


def test_a_constant_model_is_not_released_at_the_bars_of_the_example(tmp_path):
    source = tmp_path / "constant.csv"
    rows = _demo_rows(tmp_path / "demo.csv")
    _write_csv(source, [{**row, "amount": "1.0"} for row in rows])
    excluded = [name for name in rows[0] if name not in {"amount", "is_fraud"}]

    outcome = run(
        CARD_FRAUD, tmp_path / "root", f"data.source={source}", "trainer.epochs=2",
        f"data.exclude={json.dumps(excluded)}", "transform.log=[]",
    )  # fmt: skip

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome
    assert sorted(c["recall"] for c in outcome.result["classes"].values()) == [0, 1]
    [missed] = [c for c in outcome.result["classes"].values() if not c["recall"]]
    assert missed["gate"] == "fail"


def test_a_model_of_shuffled_labels_is_not_released_at_the_bars_of_the_example(tmp_path):
    source = tmp_path / "shuffled.csv"
    rows = _demo_rows(tmp_path / "demo.csv")
    labels = [row["is_fraud"] for row in rows]
    random.Random(0).shuffle(labels)
    _write_csv(source, [{**row, "is_fraud": y} for row, y in zip(rows, labels, strict=True)])

    outcome = run(CARD_FRAUD, tmp_path / "root", f"data.source={source}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (4, "not_released"), outcome


def test_two_runs_from_nothing_agree(released, tmp_path):
    again = run(CARD_FRAUD, tmp_path, *SMALL, REACHABLE)

    assert again.result["classes"] == released.result["classes"]


def _demo_rows(path: Path) -> list[dict[str, str]]:
    assert tfx_rebalance("demo-data", "--rows", "5000", "--output", path).exit_code == 0
    with path.open() as file:
        return list(csv.DictReader(file))


def _write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


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
