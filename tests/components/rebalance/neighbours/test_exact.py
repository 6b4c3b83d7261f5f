"""Exact neighbours against distances taken one by one, above all among equal points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tfx_rebalance.components.rebalance.neighbours import exact as neighbours
from tfx_rebalance.components.rebalance.neighbours.exact import (
    NOBODY,
    SMALL_GROUP,
    distances_to,
    nearest,
    nearest_in_groups,
    nearest_others,
    squared_distances,
)
from tfx_rebalance.components.rebalance.neighbours.space import Space

KINDS = ("numbers", "mixed", "categories", "differences", "equal")


@st.composite
def spaces(draw, *, smallest=1, largest=30):
    """Returns points with many ties: on a small grid, or all equal."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, kind = draw(st.integers(smallest, largest)), draw(st.sampled_from(KINDS))
    numeric = rng.integers(0, 3, (rows, draw(st.sampled_from([1, 2, 20])))).astype(float)
    nominal = rng.integers(0, 3, (rows, draw(st.integers(1, 3))))
    if kind in ("categories", "differences"):
        numeric = numeric[:, :0]
    if kind == "numbers":
        nominal = nominal[:, :0]
    if kind == "equal":
        numeric, nominal = numeric[:1].repeat(rows, axis=0), nominal[:1].repeat(rows, axis=0)
    differences = ()
    if kind == "differences":
        tables = rng.random((nominal.shape[1], 3, 3))
        differences = tuple(np.abs(t - t.T) for t in tables)
    return Space(numeric, nominal, draw(st.sampled_from([0.0, 0.3, 1.0])), differences)


def distance(one, other, space):
    """Returns the distance of two rows, taken column by column."""
    squares = sum((a - b) ** 2 for a, b in space.numeric[[one, other]].T)
    for column, (a, b) in enumerate(space.nominal[[one, other]].T):
        if space.differences:
            squares += space.differences[column][a, b] ** 2
        else:
            squares += space.mismatch * (a != b)
    return squares**0.5


def distances(space):
    rows = range(len(space))
    return np.array([[distance(i, j, space) for j in rows] for i in rows])


def assert_nearest(found, everywhere, k):
    """Asserts that what was found are k of the nearest, whichever of equally near ones."""
    expected = np.sort(everywhere, axis=1)[:, :k]
    np.testing.assert_allclose(found.distances, expected, atol=1e-7)
    chosen = np.take_along_axis(everywhere, found.indices, axis=1)
    np.testing.assert_allclose(chosen, expected, atol=1e-7)
    assert all(len(set(row)) == len(row) for row in found.indices.tolist())
    assert found.indices.dtype == np.int64


@given(space=spaces(), k=st.integers(1, 12), data=st.data())
def test_the_nearest_are_those_of_a_plain_search(space, k, data):
    some = data.draw(st.lists(st.integers(0, len(space) - 1), max_size=5))
    found = nearest(space.take(np.array(some, dtype=int)), space, k)
    assert_nearest(found, distances(space)[some].reshape(-1, len(space)), min(k, len(space)))


@given(space=spaces(), k=st.integers(1, 12))
def test_the_nearest_others_are_those_of_a_plain_search(space, k):
    found = nearest_others(space, space, k, own=np.arange(len(space)))
    everywhere = distances(space)
    np.fill_diagonal(everywhere, np.inf)
    assert_nearest(found, everywhere, min(k, len(space) - 1))


@given(space=spaces(), k=st.integers(1, 12), data=st.data())
def test_nobody_is_its_own_neighbour_even_among_equal_points(space, k, data):
    copies = data.draw(st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=40))
    crowd = space.take(np.array(copies))
    for place in range(0, len(crowd), 5):
        own = np.array([place])
        found = nearest_others(crowd.take(own), crowd, k, own=own)
        assert place not in found.indices
        assert found.indices.shape[1] == min(k, len(crowd) - 1)


def test_points_of_equal_categories_and_no_numbers_are_found():
    space = Space(np.empty((4, 0)), np.ones((4, 2), dtype=np.int64))
    assert_nearest(nearest(space, space, 2), np.zeros((4, 4)), 2)


def test_a_query_whose_category_nobody_has_is_as_far_from_all():
    space = Space(np.zeros((3, 1)), np.ones((3, 1), dtype=np.int64), mismatch=4.0)
    stranger = Space(np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64))
    assert nearest(stranger, space, 3).distances.tolist() == [[2, 2, 2]]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_the_smallest_classes_have_all_the_neighbours_there_are(rows):
    space = Space(np.zeros((rows, 2)), np.empty((rows, 0), dtype=np.int64))
    found = nearest_others(space, space, 5, own=np.arange(rows))
    assert found.indices.shape == found.distances.shape == (rows, max(0, rows - 1))
    assert found.indices.tolist() == {0: [], 1: [[]], 2: [[1], [0]]}[rows]


def test_k_has_to_be_positive():
    space = Space(np.zeros((2, 1)), np.empty((2, 0), dtype=np.int64))
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        nearest(space, space, 0)


@given(space=spaces(largest=25), k=st.integers(1, 6), data=st.data())
def test_neighbours_in_groups_are_the_nearest_of_the_same_group(space, k, data):
    groups = np.array([data.draw(st.integers(-2, 3)) for _ in range(len(space))])
    found, everywhere = nearest_in_groups(space, groups, k), distances(space)
    assert found.indices.shape == found.distances.shape == (len(space), k)
    for row, indices in enumerate(found.indices):
        others = np.flatnonzero((groups == groups[row]) & (np.arange(len(space)) != row))
        width = min(k, len(others))
        assert set(indices[:width].tolist()) <= set(others.tolist())
        assert indices[width:].tolist() == [NOBODY] * (k - width)
        expected = [*np.sort(everywhere[row, others])[:width], *[np.inf] * (k - width)]
        np.testing.assert_allclose(found.distances[row], expected, atol=1e-7)


def test_large_groups_do_not_cross_either():
    rows = 2 * SMALL_GROUP + 40
    numeric = np.random.default_rng(0).normal(size=(rows, 2))
    groups = np.arange(rows) % 2
    groups[:20] = 7
    space = Space(numeric, np.empty((rows, 0), dtype=np.int64))
    found = nearest_in_groups(space, groups, 5)
    assert (groups[found.indices] == groups[:, np.newaxis]).all()
    assert (found.indices != np.arange(rows)[:, np.newaxis]).all()
    apart = np.where(groups[:, np.newaxis] == groups, distances_to_all(space), np.inf)
    np.fill_diagonal(apart, np.inf)
    np.testing.assert_allclose(found.distances, np.sort(apart, axis=1)[:, :5])


def distances_to_all(space):
    every = np.broadcast_to(np.arange(len(space)), (len(space), len(space)))
    return distances_to(space, space, every)


def test_no_points_have_no_groups():
    space = Space(np.empty((0, 2)), np.empty((0, 1), dtype=np.int64))
    assert nearest_in_groups(space, np.empty(0, dtype=np.int64), 3).indices.shape == (0, 3)


@given(space=spaces())
def test_squared_distances_are_those_taken_one_by_one(space):
    found = squared_distances(space, space)
    np.testing.assert_allclose(found, distances(space) ** 2, atol=1e-9)
    assert (found >= 0).all()


def test_distances_far_from_the_origin_keep_their_digits():
    steps = np.array([[0.0], [1.0], [3.0]])
    space = Space(1.7e15 + steps, np.array([[0], [0], [1]]), mismatch=0.0)
    assert squared_distances(space, space).tolist() == ((steps - steps.T) ** 2).tolist()
    assert nearest(space, space, 2).indices.tolist() == [[0, 1], [1, 0], [2, 1]]


@given(space=spaces(), data=st.data())
def test_a_distance_depends_on_two_points_alone_to_the_last_bit(space, data):
    moved = Space(space.numeric + 0.1, space.nominal, space.mismatch, space.differences)
    whole = distances_to_all(moved)
    np.testing.assert_allclose(whole, distances(moved), atol=1e-12)
    np.testing.assert_array_equal(whole, whole.T)
    rows = st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=4)
    asking, among = np.array(data.draw(rows)), np.array(data.draw(rows))
    every = np.broadcast_to(np.arange(len(among)), (len(asking), len(among)))
    part = distances_to(moved.take(asking), moved.take(among), every)
    np.testing.assert_array_equal(part, whole[asking][:, among])


def test_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    space = Space(rng.normal(size=(50, 2)), rng.integers(0, 2, (50, 1)))
    whole = nearest(space, space, 4)
    monkeypatch.setattr(neighbours, "BLOCK_CELLS", 3 * 50)
    parts = nearest(space, space, 4)
    np.testing.assert_array_equal(whole.indices, parts.indices)
    np.testing.assert_allclose(whole.distances, parts.distances)


def test_which_of_equally_near_points_is_found_does_not_depend_on_threads():
    numeric = np.random.default_rng(0).integers(0, 2, (400, 20)).astype(float)
    space = Space(numeric, np.empty((400, 0), dtype=np.int64))
    found = []
    for threads in (1, 4):
        with threadpool_limits(limits=threads):
            found.append(nearest(space, space, 5))
    np.testing.assert_array_equal(found[0].indices, found[1].indices)
