"""The value difference metric: tables in parts, and imbalanced-learn's distances."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from imblearn.metrics.pairwise import ValueDifferenceMetric

from tfx_rebalance.components.rebalance.neighbours.categories import (
    by_difference,
    merged_tables,
    table_of,
)
from tfx_rebalance.components.rebalance.neighbours.exact import squared_distances
from tfx_rebalance.components.rebalance.neighbours.space import Space

CLASSES = 3
CODES = st.sampled_from([-(2**63), -5, 0, 1, 7, 2**62])  # Like fingerprints of words.
PAIRS = st.lists(st.tuples(CODES, st.integers(-1, CLASSES - 1)), min_size=1, max_size=25)


def arrays_of(pairs):
    codes, labels = np.array(pairs, dtype=np.int64).T
    return codes, labels


@given(pairs=PAIRS)
def test_a_table_counts_values_by_class_without_unlabelled_rows(pairs):
    table = table_of(*arrays_of(pairs), CLASSES)
    counts = Counter(pairs)
    expected = sorted({code for code, label in pairs if label >= 0})
    assert table.values.tolist() == expected
    assert table.counts.tolist() == [[counts[v, c] for c in range(CLASSES)] for v in expected]


@given(pairs=PAIRS, cuts=st.lists(st.integers(0, 25), max_size=4).map(sorted))
def test_tables_of_parts_are_that_of_the_whole_whatever_the_split(pairs, cuts):
    codes, labels = arrays_of(pairs)
    parts = zip(np.split(codes, cuts), np.split(labels, cuts), strict=True)
    found = merged_tables([table_of(c, y, CLASSES) for c, y in parts])
    whole = table_of(codes, labels, CLASSES)
    np.testing.assert_array_equal(found.values, whole.values)
    np.testing.assert_array_equal(found.counts, whole.counts)


@given(seed=st.integers(0, 2**32), rows=st.integers(2, 40), columns=st.integers(1, 4))
def test_squared_distances_are_imbalanced_learns_value_difference_metric(seed, rows, columns):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, [2, 3, 5, 9][:columns], (rows, columns))
    _, labels = np.unique(rng.integers(0, CLASSES, rows), return_inverse=True)
    # Any int may stand for a value, and a class may have no rows.
    space = Space(np.empty((rows, 0)), 3 * codes - 7)
    tables = [table_of(column, labels, CLASSES + 1) for column in space.nominal.T]
    ours = by_difference(space, tables)
    oracle = ValueDifferenceMetric(n_categories=[9] * columns).fit(codes.astype(np.int32), labels)
    np.testing.assert_allclose(
        squared_distances(ours, ours), oracle.pairwise(codes.astype(np.int32)), atol=1e-12
    )


def test_differences_are_those_of_the_papers_formula():
    # a: classes 1 and 1; b: classes 0 and 0; c: one of each.
    labels = np.array([1, 1, 0, 0, 0, 1])
    table = table_of(np.array([0, 0, 1, 1, 2, 2]), labels, 2)
    assert table.differences.tolist() == [[0, 2, 1], [2, 0, 1], [1, 1, 0]]


def test_the_space_by_difference_drops_nothing_else():
    space = Space(np.ones((2, 1)), np.array([[5], [9]]), mismatch=4.0)
    table = table_of(np.array([9, 5, 2]), np.array([0, 1, 1]), 2)
    found = by_difference(space, [table])
    assert found.nominal.tolist() == [[1], [2]]
    assert found.numeric is space.numeric
    assert found.mismatch == 4.0
    assert by_difference(space, []).nominal is space.nominal
