"""The SavedModel of a network of images: encoded bytes in, what the Python model says out."""

import functools
import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from support.examples import example
from support.images import bmp, gif, jpeg, png
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io

from tfx_rebalance.components.trainer.calibration.choice import choose
from tfx_rebalance.components.trainer.columns import Columns, ImageColumn
from tfx_rebalance.components.trainer.deciding import Decided
from tfx_rebalance.components.trainer.models.cnn import CNN
from tfx_rebalance.components.trainer.run_fn import _columns
from tfx_rebalance.components.trainer.serving import ServedModel
from tfx_rebalance.components.trainer.thresholds.rule import FittedDecision
from tfx_rebalance.features import Feature, Features
from tfx_rebalance.pipeline.preprocessing import preprocessing_fn

pytestmark = pytest.mark.tfx

CLASSES = ("no", "maybe", "yes")
SHAPE = (12, 10, 3)
CORRECTION = np.array([[1.0, 0.5, 3.0]])
FEATURES = Features(
    inputs=(
        Feature(name="the photo", dtype="string", categorical=False, optional=False, image=True),
        Feature(name="price", dtype="float", categorical=False, optional=True),
    ),
    label="y",
    label_dtype="string",
    classes=CLASSES,
)
CHANCE = np.random.default_rng(0)
COLOURS = CHANCE.integers(0, 256, (4, *SHAPE)).astype(np.uint8)
FILES = [
    png(COLOURS[0]),
    bmp(COLOURS[1]),
    jpeg(COLOURS[2]),
    png(COLOURS[3][..., :1]),
    gif(CHANCE.integers(0, 128, SHAPE[:2])),
    png(CHANCE.integers(0, 256, (40, 7, 4)).astype(np.uint8)),
]
PRICES = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0]


@pytest.fixture(scope="module")
def transform(tmp_path_factory):
    """Returns the transform graph of the rows, and the rows as it makes them."""
    folder = tmp_path_factory.mktemp("graph")
    metadata = dataset_metadata.DatasetMetadata.from_feature_spec(
        {
            "the photo": tf.io.FixedLenFeature([1], tf.string),
            "price": tf.io.VarLenFeature(tf.float32),
            "y": tf.io.FixedLenFeature([1], tf.string),
        }
    )
    custom = {
        "features": FEATURES.model_dump_json(),
        "transform": json.dumps(
            {
                "log": [],
                "vocabulary_size": 9,
                "image": dict(zip(("height", "width", "channels"), SHAPE, strict=True)),
            }
        ),
    }
    rows = [
        {"the photo": [file], "price": [price], "y": [b"yes"]}
        for file, price in zip(FILES, PRICES, strict=True)
    ]
    function = functools.partial(preprocessing_fn, custom_config=custom)
    with tft_beam.Context(temp_dir=str(folder / "temp")):
        (out, _), graph = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(function)
        _ = graph | tft_beam.WriteTransformFn(str(folder / "out"))
    metadata_io.write_metadata(metadata, str(folder / "out" / "metadata"))
    return tft.TFTransformOutput(str(folder / "out")), out


@pytest.fixture(scope="module")
def model(transform):
    columns = _columns(FEATURES, transform[0])
    return CNN(filters=(3, 4), hidden_units=(5,)).build(columns, classes=3, seed=0)


@pytest.fixture(scope="module")
def served(transform, model, tmp_path_factory):
    """Returns the SavedModel, loaded."""
    graph, _ = transform
    even = np.full((3, 3), 1 / 3)
    calibration = choose(even, np.arange(3), classes=CLASSES, seed=0, methods=("none",))
    decision = FittedDecision(
        rule="argmax",
        classes=CLASSES,
        thresholds=(1.0, 1.0, 1.0),
        gains=tuple(map(tuple, np.eye(3).tolist())),
        outcomes=(),
    )
    decided = Decided(np.full(3, 1 / 3), CORRECTION, calibration, decision, {})
    folder = str(tmp_path_factory.mktemp("model"))
    columns = _columns(FEATURES, graph)
    ServedModel([model], decided, features=FEATURES, columns=columns, transform=graph).save(folder)
    return tf.saved_model.load(folder).signatures


def examples_of(files, prices=PRICES):
    return [
        example(**{"the photo": file, "price": price})
        for file, price in zip(files, prices, strict=False)
    ]


def test_the_columns_are_read_from_the_graph(transform):
    graph, rows = transform
    assert _columns(FEATURES, graph) == Columns(
        numeric=("price", "price_missing"),
        categorical=(),
        vocabulary_size=0,
        label="y",
        images=(ImageColumn("the photo", SHAPE),),
    )
    assert rows[0]["the photo"] == pytest.approx(COLOURS[0] / 255, abs=1e-6)
    assert {row["the photo"].shape for row in rows} == {SHAPE}


def test_encoded_bytes_give_what_the_python_model_says_of_the_transformed_rows(
    served, model, transform
):
    rows = transform[1]
    numbers = np.array([[row["price"], row["price_missing"]] for row in rows], np.float32)
    images = np.array([row["the photo"] for row in rows])
    logits = model({"image": images, "numeric": numbers}, training=False).numpy()
    odds = np.exp(logits) * CORRECTION
    expected = odds / odds.sum(axis=1, keepdims=True)

    outputs = served["serving_default"](examples=tf.constant(examples_of(FILES)))

    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-6)
    assert outputs["class_index"].numpy().tolist() == expected.argmax(axis=1).tolist()


def test_raw_tensors_and_examples_agree(served):
    by_example = served["serving_default"](examples=tf.constant(examples_of(FILES)))
    by_tensor = served["serving_raw"](
        the_photo=tf.constant(FILES), price=tf.constant(PRICES, tf.float32)
    )
    assert set(by_example) == set(by_tensor)
    for name, value in by_example.items():
        assert np.array_equal(value, by_tensor[name])


def test_one_image_gives_what_it_gives_among_others(served):
    together = served["serving_default"](examples=tf.constant(examples_of(FILES)))
    for place, file in enumerate(FILES):
        records = examples_of([file], [PRICES[place]])
        alone = served["serving_default"](examples=tf.constant(records))
        np.testing.assert_allclose(
            alone["probabilities"][0], together["probabilities"][place], atol=1e-6
        )


def test_what_is_no_image_is_refused_when_it_is_sent(served):
    with pytest.raises(tf.errors.InvalidArgumentError):
        served["serving_default"](examples=tf.constant(examples_of([b"no image"])))
