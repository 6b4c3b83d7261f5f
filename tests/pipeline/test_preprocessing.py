"""Raw columns to model inputs, through TFT on a few rows."""

import functools
import json
import math
import warnings

import pytest
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Feature, Features
from tfx_rebalance.pipeline.preprocessing import preprocessing_fn

pytestmark = pytest.mark.tfx

INPUTS = {  # dtype, categorical, optional.
    "price": ("float", False, False),
    "income": ("float", False, True),
    "age": ("int", False, True),
    "tax": ("float", False, False),
    "hour": ("int", True, False),
    "country": ("string", True, True),
}
ROWS = [
    {"price": 1.0, "income": [3.0], "age": [10], "hour": 3, "country": [b"DE"], "y": b"no"},
    {"price": 3.0, "income": [], "age": [30], "hour": 3, "country": [b"DE"], "y": b"no"},
    {"price": 5.0, "income": [5.0], "age": [], "hour": 3, "country": [], "y": b"yes"},
    {"price": 7.0, "income": [7.0], "age": [20], "hour": 12, "country": [b"DE"], "y": b"yes"},
]
TYPES = {"float": tf.float32, "int": tf.int64, "string": tf.string}


def transform(rows, new=(), *, folder, names, log=(), size=100):
    """Returns the outputs for `rows`, which are analysed, and for `new`, which are not."""
    inputs = [
        Feature(name=name, dtype=dtype, categorical=categorical, optional=optional)
        for name, (dtype, categorical, optional) in ((n, INPUTS[n]) for n in names)
    ]
    features = Features(
        inputs=tuple(inputs), label="y", label_dtype="string", classes=("no", "yes")
    )
    spec = {
        f.name: tf.io.VarLenFeature(TYPES[f.dtype])
        if f.optional
        else tf.io.FixedLenFeature([], TYPES[f.dtype])
        for f in inputs
    }
    metadata = dataset_metadata.DatasetMetadata.from_feature_spec(
        {**spec, "y": tf.io.FixedLenFeature([], tf.string)}
    )
    custom = {
        "features": features.model_dump_json(),
        "transform": json.dumps({"log": list(log), "vocabulary_size": size}),
    }
    function = functools.partial(preprocessing_fn, custom_config=custom)
    chosen = [{n: row[n] for n in (*names, "y")} for row in (*rows, *new)]
    analysed, others = chosen[: len(rows)], chosen[len(rows) :]
    with tft_beam.Context(temp_dir=folder):
        (out, _), graph = (analysed, metadata) | tft_beam.AnalyzeAndTransformDataset(function)
        more = ((others, metadata), graph) | tft_beam.TransformDataset() if others else ([], None)
    return columns_of(out), columns_of(more[0])


def columns_of(rows):
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}


def z_scores(values):
    """Returns the z-scores of what is there, and 0 where nothing is."""
    present = [v for v in values if v is not None]
    mean = sum(present) / len(present)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in present) / len(present))
    return [0.0 if v is None else (v - mean) / deviation for v in values]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Returns the outputs for the rows, and for one with values never seen."""
    new = {"price": 4.0, "income": [5.0], "age": [], "hour": 23, "country": [b"XX"], "y": b"?"}
    folder = str(tmp_path_factory.mktemp("tft"))
    return transform(ROWS, [new], folder=folder, names=tuple(ROWS[0])[:-1])


def test_numbers_are_z_scores_of_the_cells_that_are_there(outputs):
    columns, _ = outputs
    assert columns["price"] == pytest.approx(z_scores([1, 3, 5, 7]), abs=1e-6)
    assert columns["income"] == pytest.approx(z_scores([3, None, 5, 7]), abs=1e-6)
    assert columns["age"] == pytest.approx(z_scores([10, 30, None, 20]), abs=1e-6)


def test_columns_that_may_be_missing_have_a_companion_that_says_where(outputs):
    columns, _ = outputs
    assert columns["income_missing"] == [0, 1, 0, 0]
    assert columns["age_missing"] == [0, 0, 1, 0]
    assert not {"price_missing", "hour_missing", "country_missing"} & set(columns)


def test_a_value_has_an_index_by_frequency_that_no_other_column_shares(outputs):
    columns, _ = outputs
    hours, countries = columns["hour"], columns["country"]
    assert hours[0] == hours[1] == hours[2] != hours[3]
    assert countries[0] == countries[1] == countries[3] != countries[2]
    assert {hours[0], countries[0]} == {0, 1}  # Three rows each.
    assert {hours[3], countries[2]} == {2, 3}  # One row each; a missing cell is a value too.


def test_what_was_never_seen_has_the_index_after_the_last(outputs):
    _, new = outputs
    assert new["hour"] == new["country"] == [4]


def test_new_rows_are_scaled_by_the_analysed_ones(outputs):
    _, new = outputs
    assert new["price"] == pytest.approx([0], abs=1e-6)
    assert new["income"] == pytest.approx([0], abs=1e-6)
    assert (new["age"], new["age_missing"]) == ([0], [1])


def test_the_label_is_its_place_among_the_classes(outputs):
    columns, new = outputs
    assert columns["y"] == [0, 0, 1, 1]
    assert new["y"] == [-1]


NAN = float("nan")
ODD = [
    {"price": -10.0, "income": [1.0], "age": [], "tax": 5.0, "hour": 1, "y": b"no"},
    {"price": 0.0, "income": [float("inf")], "age": [], "tax": 5.0, "hour": 1, "y": b"no"},
    {"price": 3.0, "income": [3.0], "age": [], "tax": 5.0, "hour": 1, "y": b"no"},
    {"price": 1000.0, "income": [NAN], "age": [], "tax": 5.0, "hour": 2, "y": b"no"},
    {"price": 1.0, "income": [-float("inf")], "age": [], "tax": 5.0, "hour": 2, "y": b"no"},
    {"price": 1.0, "income": [], "age": [], "tax": 5.0, "hour": 3, "y": b"no"},
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Returns the outputs for rows with a long tail, infinities, and columns that say nothing."""
    folder = str(tmp_path_factory.mktemp("tft"))
    with warnings.catch_warnings():
        # TFT's own, where a column has no value at all.
        warnings.filterwarnings("ignore", "invalid value encountered in divide", RuntimeWarning)
        return transform(ODD, folder=folder, names=tuple(ODD[0])[:-1], log=("price",), size=2)[0]


def test_a_column_in_log_is_scaled_after_its_signed_logarithm(odd):
    logs = [math.copysign(math.log1p(abs(row["price"])), row["price"]) for row in ODD]
    assert odd["price"] == pytest.approx(z_scores(logs), abs=1e-5)


def test_infinite_and_nan_cells_count_as_missing(odd):
    assert odd["income"] == pytest.approx(z_scores([1, None, 3, None, None, None]), abs=1e-6)
    assert odd["income_missing"] == [0, 1, 0, 1, 1, 1]


def test_a_constant_and_an_empty_column_become_zero(odd):
    assert odd["tax"] == odd["age"] == [0] * 6
    assert odd["age_missing"] == [1] * 6


def test_only_the_most_frequent_values_have_an_index_of_their_own(odd):
    assert odd["hour"] == [0, 0, 0, 1, 1, 2]


def test_an_image_without_a_size_is_refused_when_the_graph_is_made():
    photo = Feature(name="photo", dtype="string", categorical=False, optional=False, image=True)
    features = Features(inputs=(photo,), label="y", label_dtype="string", classes=("no", "yes"))
    custom = {
        "features": features.model_dump_json(),
        "transform": json.dumps({"log": [], "vocabulary_size": 1, "image": None}),
    }
    inputs = {"photo": tf.constant([[b"x"]]), "y": tf.constant([[b"no"]])}
    with pytest.raises(ConfigError, match=r"transform.image is null, but .* image 'photo'. Set"):
        preprocessing_fn(inputs, custom)
