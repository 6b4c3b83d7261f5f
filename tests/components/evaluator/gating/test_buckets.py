"""Buckets of a numeric feature."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.evaluator.gating.buckets import MISSING, bucket_names, buckets_of

NUMBERS = st.floats(-1e6, 1e6)
EDGES = st.lists(st.integers(-1000, 1000), min_size=1, max_size=5, unique=True).map(sorted)


def test_an_edge_belongs_to_the_bucket_above_it():
    found = buckets_of([17.9, 18, 64, 65, float("nan")], [18, 65]).tolist()
    assert found == ["below 18", "18 to below 65", "18 to below 65", "65 and above", MISSING]


def test_an_edge_belongs_there_as_tf_examples_hold_it_too():
    values, edges = np.array([0.01, 0.0099, 0.1, 0.7], np.float32), [0.01, 0.1, 0.7]
    assert values[0] < 0.01
    expected = buckets_of([0.01, 0.0099, 0.1, 0.7], edges).tolist()
    assert buckets_of(values, edges).tolist() == expected
    assert expected[0] == "0.01 to below 0.1"


@given(values=st.lists(NUMBERS, max_size=20), edges=EDGES)
def test_it_is_the_number_of_edges_that_a_value_has_reached(values, edges):
    names = bucket_names(edges)
    assert len(set(names)) == len(edges) + 1
    expected = [names[sum(value >= edge for edge in edges)] for value in values]
    assert buckets_of(np.array(values), edges).tolist() == expected
