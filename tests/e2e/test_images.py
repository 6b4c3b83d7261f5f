"""The example of images, from MNIST's own files to predictions of the released model."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest
from support.pipeline_runs import EXAMPLES, Outcome, run, tfx_rebalance

pytestmark = [pytest.mark.e2e, pytest.mark.tfx]

MNIST = EXAMPLES / "mnist-longtail.yaml"
LARGEST = 1500
SAMPLE = (
    "rebalance.sampling_strategy={'4': 300, '5': 300, '6': 300, '7': 300, '8': 300, '9': 300}",
    "evaluate.min_recall={default: 0.7, '6': 0.5, '7': 0.5, '8': 0.3, '9': 0.3}",
    "evaluate.insufficient={default: fail, '7': pass, '8': pass, '9': pass}",
    "trainer.epochs=7",
)
"""A quarter of the example's images, and bars that this few prove; 8, 5 and 3 rows prove none."""


def folder_of(source: Path, target: Path, *, largest: int) -> Path:
    """Makes the example's folder of images from MNIST's idx files."""
    examples = importlib.import_module("tfx_rebalance.examples.mnist_longtail")
    examples.main([str(source), str(target), "--largest", str(largest)])
    return target


@pytest.fixture(scope="module")
def digits(shared_data, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("data") / "mnist-longtail"
    return folder_of(shared_data / "mnist", target, largest=LARGEST)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def released(digits, root) -> Outcome:
    return run(MNIST, root, f"data.source.path={digits}", *SAMPLE)


def test_a_sample_is_released_with_every_digit_recognized(released):
    assert (released.exit_code, released.result["verdict"]) == (0, "released"), released
    assert Path(released.result["model_uri"], "saved_model.pb").is_file()
    recalls = {name: c["recall"] for name, c in released.result["classes"].items()}
    assert min(recalls[digit] for digit in "012345") > 0.8, recalls
    assert np.mean(list(recalls.values())) > 0.8, recalls


def test_rare_digits_are_augmented_to_the_row(released):
    classes = released.result["classes"]
    assert {name: c["after"] for name, c in classes.items() if name >= "4"} == dict.fromkeys(
        "456789", 300
    )
    assert all(c["after"] == c["before"] for name, c in classes.items() if name < "4")


def test_the_pushed_model_takes_the_files_bytes(released, root, digits):
    """Recall counted by hand from eval equals what the gate saw; raw equals tf.Example."""
    import tensorflow as tf

    [shard] = (root / "pipeline/ExampleGen/examples").glob("*/Split-eval/*.gz")
    records = list(tf.data.TFRecordDataset(str(shard), "GZIP").as_numpy_iterator())
    spec = {name: tf.io.FixedLenFeature([], tf.string) for name in ("image", "digit", "path")}
    rows = tf.io.parse_example(records, spec)
    signatures = tf.saved_model.load(released.result["model_uri"]).signatures
    decided = signatures["serving_default"](examples=tf.constant(records))
    by_tensor = signatures["serving_raw"](image=rows["image"])

    for name, value in decided.items():
        assert np.array_equal(value, by_tensor[name])
    for digit, of_class in released.result["classes"].items():
        mine = rows["digit"].numpy() == digit.encode()
        found = decided["class_label"].numpy()[mine] == digit.encode()
        assert (len(found), found.mean()) == (of_class["support"], of_class["recall"])
    first = (digits / rows["path"].numpy()[0].decode()).read_bytes()
    assert first == rows["image"].numpy()[0]


def test_predict_scores_a_folder_of_images(released, root, digits, tmp_path):
    scored = tmp_path / "out.csv"

    outcome = tfx_rebalance("predict", root / "serving/mnist-longtail", digits / "0", scored)

    assert outcome.exit_code == 0, outcome
    with scored.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == sorted(path.name for path in (digits / "0").iterdir())
    assert np.mean([row["predicted_label"] == "0" for row in rows]) > 0.9
    total = sum(float(rows[0][f"probability_{digit}"]) for digit in range(10))
    assert total == pytest.approx(1, abs=1e-4)
    assert set(rows[0]) == {
        "path",
        "predicted_label",
        *(f"probability_{digit}" for digit in range(10)),
    }


@pytest.mark.parametrize("what", ["a file", "a bad image", "nothing"])
def test_predict_refuses_what_is_no_folder_of_images(released, root, tmp_path, what):
    source = tmp_path / "in"
    if what == "a file":
        source.write_text("image\n1\n")
    else:
        source.mkdir()
    if what == "a bad image":
        (source / "1.png").write_bytes(b"no image")
    says = {
        "a file": (2, "is not a folder, but the model takes the image 'image'"),
        "a bad image": (3, "1.png' is no JPEG, PNG, GIF, BMP image"),
        "nothing": (3, "holds no file. Give a folder of images"),
    }
    code, words = says[what]

    outcome = tfx_rebalance(
        "predict", root / "serving/mnist-longtail", source, tmp_path / "out.csv"
    )

    assert outcome.exit_code == code
    assert words in outcome.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_image_that_is_cut_off_stops_the_run_with_its_name(digits, tmp_path):
    for digit in range(10):
        (tmp_path / "data" / str(digit)).mkdir(parents=True)
        for path in sorted((digits / str(digit)).iterdir())[:20]:
            (tmp_path / "data" / str(digit) / path.name).write_bytes(path.read_bytes())
    wrong = sorted((tmp_path / "data" / "3").iterdir())[0]
    wrong.write_bytes(wrong.read_bytes()[:100])

    outcome = run(MNIST, tmp_path / "root", f"data.source.path={tmp_path / 'data'}", *SAMPLE)

    assert (outcome.exit_code, outcome.result["verdict"]) == (3, "stopped")
    assert f"{str(wrong)!r} is a PNG image that cannot be decoded" in outcome.result["reason"]
    assert "data.max_bad_rows" in outcome.stderr
    assert not (tmp_path / "root/serving").exists()


@pytest.mark.full
def test_the_example_is_released_on_all_of_its_images(shared_data, tmp_path):
    source = folder_of(shared_data / "mnist", tmp_path / "mnist-longtail", largest=5421)

    outcome = run(MNIST, tmp_path / "root", f"data.source.path={source}")

    assert (outcome.exit_code, outcome.result["verdict"]) == (0, "released"), outcome
    for of_class in outcome.result["classes"].values():
        assert of_class["gate"] == "pass"
        assert of_class["recall_low"] >= of_class["bar"]
