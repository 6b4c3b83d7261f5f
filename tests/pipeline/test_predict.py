"""Scoring with a released model, wherever it lies."""

import csv

import pytest
from support.bucket import bucket

from tfx_rebalance.errors import ConfigError, ModelError

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Returns a released model as small as can be: fraud is what has an amount of 100 or more."""
    import tensorflow as tf

    from tfx_rebalance.features import FEATURES_FILE, Feature, Features

    amount = Feature(name="amount", dtype="float", categorical=False, optional=False)
    features = Features(inputs=(amount,), label="y", label_dtype="string", classes=("ok", "fraud"))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        spec = {"amount": tf.io.FixedLenFeature([], tf.float32)}
        fraud = tf.io.parse_example(examples, spec)["amount"] >= 100
        probability = tf.where(fraud, 0.9, 0.1)
        return {
            "probabilities": tf.stack([1 - probability, probability], axis=1),
            "class_label": tf.where(fraud, "fraud", "ok"),
        }

    served = tf.Module()
    served.serve = serve
    folder = tmp_path_factory.mktemp("model")
    tf.saved_model.save(served, str(folder), {"serving_default": serve})
    (folder / FEATURES_FILE).parent.mkdir()
    (folder / FEATURES_FILE).write_text(features.model_dump_json())
    return folder


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("amount\n7\n100\n")
    return path


def labels_by(model, rows):
    from tfx_rebalance.pipeline.predict import predict

    scored = rows.with_name("out.csv")
    assert predict(str(model), rows, scored) == 2
    with scored.open() as file:
        return [row["predicted_label"] for row in csv.DictReader(file)]


def uploaded(model, place):
    """Copies a model into a bucket."""
    import tensorflow as tf

    for path in (p for p in model.rglob("*") if p.is_file()):
        tf.io.gfile.makedirs(f"{place}/{path.parent.relative_to(model)}".removesuffix("/."))
        tf.io.gfile.copy(str(path), f"{place}/{path.relative_to(model)}")


def test_a_model_of_this_machine_scores(model, rows):
    assert labels_by(model, rows) == ["ok", "fraud"]


@pytest.mark.parametrize("given", ["serving/card-fraud/17", "serving/card-fraud"])
def test_a_model_in_a_bucket_scores_by_the_address_that_a_report_prints(
    monkeypatch, model, rows, given
):
    place = bucket(monkeypatch)
    uploaded(model, f"{place}/serving/card-fraud/17")
    assert labels_by(f"{place}/{given}", rows) == ["ok", "fraud"]


def test_a_bucket_without_a_model_is_named_as_it_was_given(monkeypatch, rows):
    place = bucket(monkeypatch)
    with pytest.raises(ConfigError, match=f"'{place}/serving' is no SavedModel"):
        labels_by(f"{place}/serving", rows)


def test_a_model_in_a_bucket_that_may_not_be_read_is_an_error(monkeypatch, model, rows):
    import tensorflow as tf

    place = bucket(monkeypatch)
    uploaded(model, f"{place}/17")

    def refused(*_):
        raise tf.errors.PermissionDeniedError(None, None, "403")

    monkeypatch.setattr(tf.io.gfile, "copy", refused)
    with pytest.raises(ModelError, match=f"the model in '{place}/17' cannot be read: 403"):
        labels_by(f"{place}/17", rows)


def test_the_command_leaves_an_address_as_it_is(rows):
    from click.testing import CliRunner

    from tfx_rebalance.pipeline.cli import main

    ended = CliRunner().invoke(main, ["predict", "ram://nobody/17", str(rows), f"{rows}.out"])
    assert (ended.exit_code, "'ram://nobody/17' is no SavedModel" in ended.stderr) == (2, True)
