"""The SavedModel in plain TensorFlow equals the Python model, whatever it is made of."""

import functools
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io

from tfx_rebalance.components.trainer.averaging import natural_probabilities
from tfx_rebalance.components.trainer.calibration.maps import Isotonic
from tfx_rebalance.components.trainer.columns import Columns
from tfx_rebalance.components.trainer.deciding import decide
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.serving import MISSING_INT, ServedModel
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.training import learn
from tfx_rebalance.features import VOCABULARY, Feature, Features
from tfx_rebalance.pipeline.preprocessing import preprocessing_fn

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

CLASSES = ("no", "maybe", "yes")
SPEC = {
    "price": tf.io.FixedLenFeature([], tf.float32),
    "age": tf.io.VarLenFeature(tf.int64),
    "country": tf.io.VarLenFeature(tf.string),
    "hour": tf.io.FixedLenFeature([], tf.int64),
    "y": tf.io.FixedLenFeature([], tf.string),
}
FEATURES = Features(
    inputs=(
        Feature(name="price", dtype="float", categorical=False, optional=False),
        Feature(name="age", dtype="int", categorical=False, optional=True),
        Feature(name="country", dtype="string", categorical=True, optional=True),
        Feature(name="hour", dtype="int", categorical=True, optional=False),
    ),
    label="y",
    label_dtype="string",
    classes=CLASSES,
)
ROWS = 3_000
CASES = {
    "mlp, isotonic, f1": {"calibration": "isotonic", "decision": "f1"},
    "wide and deep, focal, bagging, vector scaling, cost": {
        "model": "wide_and_deep",
        "loss": "focal",
        "ensemble": {"method": "bagging", "members": 2},
        "calibration": "vector_scaling",
        "decision": "cost",
        "decision_parameters": {"cost": [[0, 1, 5], [2, 0, 3], [40, 4, 0]]},
    },
    "residual, ldam, self-paced, min_recall": {
        "model": "residual_mlp",
        "loss": "ldam",
        "class_weights": "none",
        "ensemble": {"method": "self_paced", "members": 2},
        "decision": "min_recall",
        "decision_parameters": {"min_recall": {"yes": 0.2}},
    },
}


def simulated():
    """Returns rows as TFT takes them; an age or a country may be missing."""
    random = np.random.default_rng(0)
    labels = random.choice(3, size=ROWS, p=[0.7, 0.2, 0.1])
    price, age = random.normal(labels, 1.5), random.integers(18, 80, ROWS) + 10 * labels
    country = random.choice([b"DE", b"FR", b"IT"], size=ROWS)
    return [
        {
            "price": float(price[i]),
            "age": [] if i % 7 == 0 else [int(age[i])],
            "country": [] if i % 11 == 0 else [country[i]],
            "hour": int(i % 24),
            "y": CLASSES[labels[i]].encode(),
        }
        for i in range(ROWS)
    ]


@pytest.fixture(scope="module")
def transformed(tmp_path_factory):
    """Returns the raw rows, the transform graph and the transformed columns."""
    folder, rows = tmp_path_factory.mktemp("transform"), simulated()
    custom = {
        "features": FEATURES.model_dump_json(),
        "transform": json.dumps({"log": [], "vocabulary_size": 100}),
    }
    function = functools.partial(preprocessing_fn, custom_config=custom)
    metadata = dataset_metadata.DatasetMetadata.from_feature_spec(SPEC)
    with warnings.catch_warnings(), tft_beam.Context(temp_dir=str(folder / "temp")):
        warnings.simplefilter("ignore", RuntimeWarning)  # TFT divides by an empty batch's size.
        (out, _), graph = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(function)
        _ = graph | tft_beam.WriteTransformFn(str(folder / "graph"))
    metadata_io.write_metadata(metadata, str(folder / "graph/metadata"))
    return rows, tft.TFTransformOutput(str(folder / "graph")), out


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def served(request, transformed, tmp_path_factory):
    """Returns the folder of a SavedModel, and what the Python model makes of the rows."""
    rows, graph, out = transformed
    spec = graph.transformed_feature_spec()
    columns = Columns(
        numeric=tuple(name for name in sorted(spec) if spec[name].dtype == tf.float32),
        categorical=("country", "hour"),
        vocabulary_size=graph.vocabulary_size_by_name(VOCABULARY) + 1,
        label="y",
    )
    stacked = {name: tf.constant(np.array([row[name] for row in out])) for name in spec}
    labels = stacked["y"]
    mass = np.bincount(labels, minlength=3).astype(float)
    split = Split((), columns, ROWS, mass, (columns.pack(stacked), labels, tf.ones(ROWS)))
    settings = TrainerSettings(epochs=2, learning_rate=0.01, **CASES[request.param])
    learned = learn(split, split, settings, classes=CLASSES)
    decided = decide(learned, split, settings, natural=mass / mass.sum(), classes=CLASSES)
    folder = tmp_path_factory.mktemp("model")
    model = ServedModel(
        learned.models, decided, features=FEATURES, columns=columns, transform=graph
    )
    model.save(str(folder))
    corrections = tf.constant(decided.corrections, tf.float32)
    raw = natural_probabilities(learned.models, corrections, columns.pack(stacked)).numpy()
    probabilities = decided.map.apply(raw.astype(np.float64))
    scores = decided.decision.scores(probabilities)
    return rows, folder, probabilities, scores, _steepest(decided.map)


def _steepest(fitted):
    """Returns what rounding before a calibration is at most multiplied with; 1 for most."""
    if not isinstance(fitted, Isotonic):
        return 1
    return max(1, *(np.max(np.diff(curve.y) / np.diff(curve.x)) for curve in fitted.curves))


PLAIN = """
import sys
sys.modules["tfx_rebalance"] = sys.modules["tensorflow_transform"] = None
import numpy as np, tensorflow as tf
examples = list(tf.data.TFRecordDataset(sys.argv[2]).as_numpy_iterator())
model = tf.saved_model.load(sys.argv[1])
out = model.signatures["serving_default"](examples=tf.constant(examples))
np.savez(sys.argv[3], **{
    name: value.numpy().astype("S") if value.dtype == tf.string else value.numpy()
    for name, value in out.items()
})
"""


def example(row):
    def feature(value):
        values = value if isinstance(value, list) else [value]
        if not values:
            return tf.train.Feature()
        if isinstance(values[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    named = {name: feature(value) for name, value in row.items()}
    return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()


def test_plain_tensorflow_gives_what_the_python_model_does(served, tmp_path):
    rows, folder, probabilities, scores, steepest = served
    records, out = tmp_path / "rows.tfrecord", tmp_path / "out.npz"
    with tf.io.TFRecordWriter(str(records)) as writer:
        for row in rows:
            writer.write(example(row))
    command = [sys.executable, "-W", "ignore", "-c", PLAIN, str(folder), str(records), str(out)]
    subprocess.run(command, check=True, cwd=tmp_path, env={"TF_CPP_MIN_LOG_LEVEL": "3"})
    plain = np.load(out)
    near = 1e-6 * steepest
    np.testing.assert_allclose(plain["probabilities"], probabilities, atol=near)
    largest = max(1, np.abs(scores).max())
    np.testing.assert_allclose(plain["decision_scores"], scores, atol=near * largest)
    assert (plain["class_index"] == plain["decision_scores"].argmax(axis=1)).all()
    names = [CLASSES[i].encode() for i in plain["class_index"]]
    assert plain["class_label"].tolist() == names
    assert len(set(names)) > 1


def test_raw_rows_and_examples_agree(served):
    rows, folder, *_ = served
    model = tf.saved_model.load(str(folder))
    raw = {
        "price": tf.constant([row["price"] for row in rows], tf.float32),
        "age": tf.constant([(row["age"] or [MISSING_INT])[0] for row in rows], tf.int64),
        "country": tf.constant([(row["country"] or [b""])[0] for row in rows]),
        "hour": tf.constant([row["hour"] for row in rows], tf.int64),
    }
    of_raw = model.signatures["serving_raw"](**raw)
    of_examples = model.signatures["serving_default"](
        examples=tf.constant([example(row) for row in rows])
    )
    for name, value in of_raw.items():
        if value.dtype == tf.float32:
            np.testing.assert_allclose(value, of_examples[name], rtol=1e-5, atol=1e-6)
        else:
            assert (value.numpy() == of_examples[name].numpy()).mean() > 0.999
