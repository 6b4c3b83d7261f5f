"""Points stand for rows: their distances, and which rows are equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from tfx_rebalance.components.rebalance.neighbours.exact import squared_distances
from tfx_rebalance.components.rebalance.neighbours.points import WIDTH, copies_before, points_of
from tfx_rebalance.components.rebalance.neighbours.space import Space

SEEDS = st.integers(0, 2**32)


def no_categories(rows):
    return np.empty((rows, 0), dtype=np.int64)


def ratios(space):
    """Returns the points' squared distances over the rows', where those differ."""
    expected = squared_distances(space, space)
    found = cdist(*[points_of(space).astype(float)] * 2, "sqeuclidean")
    return found[expected > 1e-9] / expected[expected > 1e-9]


@given(seed=SEEDS, rows=st.integers(2, 30), width=st.integers(0, 4), mismatch=st.floats(0.1, 9))
def test_distances_are_those_of_the_rows_but_for_one_factor(seed, rows, width, mismatch):
    rng = np.random.default_rng(seed)
    space = Space(rng.normal(size=(rows, width)), rng.integers(-2, 6, (rows, 4)), mismatch)
    found = ratios(space)
    np.testing.assert_allclose(found, found[:1].repeat(len(found)), rtol=1e-3)


def test_many_categories_are_projected_within_a_fifth():
    rng = np.random.default_rng(0)
    space = Space(np.empty((300, 0)), rng.integers(0, 50, (300, 10)))
    found = ratios(space)
    assert points_of(space).shape == (300, WIDTH)
    # A projected square deviates by sqrt(2 / width).
    assert found.std() / found.mean() == pytest.approx((2 / WIDTH) ** 0.5, rel=0.25)


def test_unequal_differences_that_fit_into_a_line_are_kept():
    rng = np.random.default_rng(0)
    places = [rng.normal(size=7), rng.normal(size=30)]
    tables = tuple(np.abs(place[:, np.newaxis] - place) for place in places)
    nominal = np.stack([rng.integers(0, 7, 90), rng.integers(0, 30, 90)], axis=1)
    space = Space(np.empty((90, 0)), nominal, differences=tables)
    found = ratios(space)
    np.testing.assert_allclose(found, found[:1].repeat(len(found)), rtol=1e-2)


@given(seed=SEEDS, offset=st.floats(-1e9, 1e9), factor=st.floats(1e-6, 1e12))
def test_points_keep_their_digits_wherever_the_numbers_are(seed, offset, factor):
    numeric = np.random.default_rng(seed).normal(size=(20, 3)) * factor
    here = points_of(Space(numeric, no_categories(20)))
    there = points_of(Space(numeric + offset * factor, no_categories(20)))
    np.testing.assert_allclose(here, there, atol=1e-5)
    assert np.abs(here).max() == pytest.approx(1)


def test_rows_without_columns_are_points_at_the_origin():
    space = Space(np.empty((3, 0)), np.ones((3, 2), dtype=np.int64))
    assert points_of(space).tolist() == [[0], [0], [0]]


@given(data=st.data(), width=st.integers(0, 2), nominal=st.integers(0, 2))
def test_copies_are_counted_as_a_plain_loop_counts_them(data, width, nominal):
    row = st.tuples(
        *[st.sampled_from([0.0, -0.0, 1.0, -1.0])] * width, *[st.sampled_from([0, 1, -1])] * nominal
    )
    rows = data.draw(st.lists(row, max_size=25))
    table = np.array(rows, dtype=float).reshape(len(rows), width + nominal)
    space = Space(table[:, :width], table[:, width:].astype(np.int64))
    assert copies_before(space).tolist() == [rows[:i].count(row) for i, row in enumerate(rows)]
