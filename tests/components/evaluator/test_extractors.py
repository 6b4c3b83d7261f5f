"""Buckets of numeric columns as features that TFMA slices by."""

import apache_beam as beam
import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from apache_beam.testing.test_pipeline import TestPipeline as BeamPipeline
from apache_beam.testing.util import assert_that
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_model_analysis.api.types import VarLenTensorValue

from tfx_rebalance.components.evaluator.extractors import (
    bucketed_name,
    custom_extractors,
    original_name,
)
from tfx_rebalance.components.evaluator.gating.buckets import bucket_names

pytestmark = pytest.mark.tfx

EDGES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=4, unique=True).map(sorted)
AGE = "age in buckets at 18.0, 65.5"
LOW, MIDDLE, HIGH = "below 18", "18 to below 65.5", "65.5 and above"


def config_of(*slices):
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key="y", prediction_key="p")],
        slicing_specs=[tfma.SlicingSpec(feature_keys=keys) for keys in slices],
    )


def extractors_of(*slices):
    return custom_extractors(
        eval_shared_model=None, eval_config=config_of(*slices), tensor_adapter_config=None
    )


def check_buckets(features, expected, *slices):
    """Raises unless a batch of rows gets the expected features, and keeps all it had."""
    [ours] = [one for one in extractors_of(*slices) if one.stage_name == "ExtractBuckets"]

    def are_expected(batches):
        [batch] = batches
        found = batch[tfma.FEATURES_KEY]
        assert batch["other"] == 1
        assert set(found) == {*features, *expected}
        assert {name: found[name].tolist() for name in expected} == expected

    with BeamPipeline() as pipeline:
        batches = pipeline | beam.Create([{tfma.FEATURES_KEY: features, "other": 1}])
        assert_that(batches | ours.ptransform, are_expected)


@given(edges=EDGES, feature=st.sampled_from(["age", "a b", "in buckets at", "größe", "a, b"]))
def test_a_name_says_what_it_was_made_of(edges, feature):
    assert original_name(bucketed_name(feature, edges)) == feature
    assert original_name(feature) == feature


@pytest.mark.parametrize("edge", [0.0, 1 / 3, -1e-7, 1e16, 123456.789])
def test_a_name_keeps_every_digit_of_where_its_buckets_meet(edge):
    name = bucketed_name("age", [edge])
    below, above = bucket_names([edge])
    values = np.array([np.nextafter(edge, -np.inf), edge])
    check_buckets({"age": values}, {name: [below, above]}, [name])


def test_an_edge_belongs_to_the_bucket_above_and_nan_to_none():
    ages = np.array([[17.9], [18.0], [65.4], [65.5], [np.nan], [np.inf]])
    check_buckets({"age": ages}, {AGE: [LOW, MIDDLE, MIDDLE, HIGH, "missing", HIGH]}, [AGE])


@pytest.mark.parametrize("as_read", [np.array, lambda values: sparse(values, [0, 1], 2)])
def test_an_edge_belongs_to_the_bucket_above_also_in_the_precision_of_tf_examples(as_read):
    shares = as_read(np.array([0.01, 0.0099], np.float32))
    name = bucketed_name("share", [0.01])
    check_buckets({"share": shares}, {name: ["0.01 and above", "below 0.01"]}, [name])


def test_whole_numbers_have_buckets_too():
    check_buckets({"age": np.array([17, 18, 66])}, {AGE: [LOW, MIDDLE, HIGH]}, [AGE])


def sparse(values, rows, size):
    indices = np.array([[row, 0] for row in rows], np.int64).reshape(-1, 2)
    return VarLenTensorValue(np.array(values), indices, np.array([size, min(len(rows), 1)]))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (sparse([70.0, 3.0], [1, 2], 4), ["missing", HIGH, LOW, "missing"]),
        (sparse([70], [0], 1), [HIGH]),
        (sparse([], [], 3), ["missing"] * 3),
        (VarLenTensorValue.from_dense_rows([np.array([]), np.array([])]), ["missing"] * 2),
    ],
)
def test_a_row_without_a_value_is_in_the_bucket_of_those_missing(column, expected):
    check_buckets({"age": column}, {AGE: expected}, [AGE])


def test_a_feature_may_have_several_ways_of_buckets_and_be_crossed():
    other = bucketed_name("age", [40.0])
    features = {"age": np.array([20.0, 50.0]), "sex": np.array(["f", "m"])}
    expected = {AGE: [MIDDLE, MIDDLE], other: ["below 40", "40 and above"]}
    check_buckets(features, expected, [AGE], [other, "sex"])


def test_without_buckets_the_extractors_are_tfmas():
    names = [one.stage_name for one in extractors_of(["sex"])]
    config = config_of(["sex"])
    assert names == [one.stage_name for one in tfma.default_extractors(eval_config=config)]


def test_buckets_are_made_of_the_features_before_anything_is_sliced():
    names = [one.stage_name for one in extractors_of([AGE])]
    stock = [one.stage_name for one in tfma.default_extractors(eval_config=config_of([AGE]))]
    assert names == [stock[0], "ExtractBuckets", *stock[1:]]
    assert names.index("ExtractBuckets") < names.index("ExtractSliceKeys")
