"""The nearest rows of a split in parts, against one plain search over all of its rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.neighbours import around
from tfx_rebalance.components.rebalance.neighbours.around import SPARE, Near, merged_near, near_in
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.draws import shard_row_keys

KINDS = ("grid", "copies", "wide", "mixed", "categories")


@st.composite
def splits(draw):
    """Returns the points of a split, many of them equally near, and which are of the class."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, kind = draw(st.integers(2, 60)), draw(st.sampled_from(KINDS))
    numeric = rng.integers(0, 3, (rows, 2)).astype(float)
    nominal, differences = np.empty((rows, 0), dtype=np.int64), ()
    if kind == "copies":
        numeric = rng.normal(size=(4, 3))[rng.integers(0, 4, rows)]
    if kind == "wide":  # Too wide for a tree: distances by matrix product, with its rounding.
        numeric = 100 + rng.normal(size=(rows // 2 + 1, 20))[rng.integers(0, rows // 2 + 1, rows)]
    if kind in ("mixed", "categories"):
        nominal = rng.integers(0, 3, (rows, 2))
    if kind == "categories":
        numeric = np.empty((rows, 0))
        differences = tuple(np.abs(t - t.T) for t in rng.random((2, 3, 3)))
    of_class = rng.random(rows) < 0.3
    of_class[0] = True
    return Space(numeric, nominal, 0.3, differences), of_class


def nearest_of(row, space, keys, m):
    """Returns [(distance, key, row)] of the m nearest others, sums taken in plain Python."""
    found = []
    for other in range(len(space)):
        square = 0.0
        for a, b in zip(*space.numeric[[row, other]].tolist(), strict=True):
            square += (a - b) * (a - b)
        for column, (a, b) in enumerate(space.nominal[[row, other]].T):
            if space.differences:
                square += float(space.differences[column][a, b] * space.differences[column][a, b])
            else:
                square += space.mismatch * float(a != b)
        if other != row:
            found.append((square**0.5, int(keys[other]), other))
    return sorted(found)[:m]


def near_of(space, keys, of_class, *, rows, m):
    part = space.take(rows)
    # A part comes with a mismatch of its own, which does not count.
    part = Space(part.numeric, part.nominal, 7.0, part.differences)
    own = np.flatnonzero(of_class)
    return near_in(space.take(own), keys[own], part, keys[rows], other=~of_class[rows], m=m)


@given(split=splits(), m=st.integers(1, 7), data=st.data())
def test_any_parts_in_any_order_give_what_one_search_over_everything_gives(split, m, data):
    space, of_class = split
    rows = np.array(data.draw(st.permutations(range(len(space)))))
    keys = np.random.default_rng(len(rows)).permutation(shard_row_keys(3, len(rows)))
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=4).map(sorted))
    parts = [near_of(space, keys, of_class, rows=r, m=m) for r in np.split(rows, cuts)]
    while len(parts) > 1:  # In pairs, wherever they are.
        one = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        other = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        parts.append(merged_near([one, other], m))
    [found] = parts
    for place, row in enumerate(np.flatnonzero(of_class)):
        expected = nearest_of(row, space, keys, m)
        there = np.isfinite(found.distances[place])
        assert found.keys[place, there].tolist() == [key for _, key, _ in expected]
        assert found.distances[place, there].tolist() == [near for near, _, _ in expected]
        others = [not of_class[other] for _, _, other in expected]
        assert found.other[place, there].tolist() == others
        assert found.others[place] == sum(others)


@given(split=splits())
def test_all_parts_at_once_are_merged_as_two_by_two(split):
    space, of_class = split
    keys = shard_row_keys(0, len(space))
    parts = [
        near_of(space, keys, of_class, rows=rows, m=3)
        for rows in np.array_split(np.arange(len(space)), 3)
    ]
    one, other = merged_near(parts, 3), merged_near([merged_near(parts[:2], 3), parts[2]], 3)
    for mine, yours in zip(vars(one).values(), vars(other).values(), strict=True):
        np.testing.assert_array_equal(mine, yours)


def test_of_many_equal_rows_the_smallest_keys_are_found(monkeypatch):
    monkeypatch.setattr(around, "BLOCK_CELLS", 2 * 100)  # Two rows at a time.
    space = Space(np.zeros((100, 2)), np.empty((100, 0), dtype=np.int64))
    keys = shard_row_keys(0, 100)[::-1].copy()
    found = near_of(space, keys, np.arange(100) < 5, rows=np.arange(100), m=3)
    assert SPARE + 3 < 100
    assert found.keys.tolist() == [[0, 1, 2]] * 5
    assert found.others.tolist() == [3] * 5


def test_fewer_rows_than_asked_for_are_nobody_in_the_places_left():
    space = Space(np.array([[0.0], [1.0]]), np.empty((2, 0), dtype=np.int64))
    keys = shard_row_keys(0, 2)
    found = near_of(space, keys, np.array([True, True]), rows=np.arange(2), m=5)
    assert found.distances.tolist() == [[1.0, np.inf], [1.0, np.inf]]
    assert found.others.tolist() == [0, 0]


def test_no_rows_are_nobody():
    space = Space(np.zeros((3, 1)), np.empty((3, 0), dtype=np.int64))
    of_class = np.ones(3, dtype=bool)
    found = near_of(space, shard_row_keys(0, 3), of_class, rows=np.empty(0, dtype=int), m=2)
    assert found.distances.shape == (3, 0)
    assert found.others.tolist() == [0, 0, 0]


def test_nobody_is_not_of_another_class():
    near = Near(np.array([[1.0, np.inf]]), np.zeros((1, 2), np.uint64), np.ones((1, 2), bool))
    assert near.others.tolist() == [1]


def test_codes_of_one_space_are_not_compared_with_those_of_another():
    nominal = np.zeros((2, 1), dtype=np.int64)
    space = Space(np.empty((2, 0)), nominal, differences=(np.zeros((1, 1)),))
    keys, other = shard_row_keys(0, 2), np.zeros(2, dtype=bool)
    with pytest.raises(ValueError, match="must both have differences, or neither"):
        near_in(space, keys, Space(np.empty((2, 0)), nominal), keys, other=other, m=1)
