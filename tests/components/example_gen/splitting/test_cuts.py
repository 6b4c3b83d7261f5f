"""Cut points found in a stream, against sorting everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from tfx_rebalance.components.example_gen.splitting import cuts
from tfx_rebalance.components.example_gen.splitting.cuts import Units, cut_points

SIZES = (0.6, 0.2, 0.2)


@st.composite
def units(draw):
    """Returns units of three strata, their draws all over or crowded into one bin."""
    n = draw(st.integers(0, 60))
    largest = draw(st.sampled_from([4000, 2**64 - 2]))
    draws = draw(nps.arrays(np.uint64, n, elements=st.integers(0, largest), unique=True))
    strata = draw(nps.arrays(np.int64, n, elements=st.integers(0, 2)))
    weights = draw(nps.arrays(np.int64, n, elements=st.integers(1, 9)))
    return Units(draws, strata, weights)


def sizes(weight):
    first = int(weight * SIZES[0])
    second = int(weight * SIZES[1])
    return [first, second, weight - first - second]


def found(whole, pieces, **how):
    """Returns the split of each unit when the units come in pieces."""
    parts = np.array_split(np.arange(len(whole.draws)), pieces)
    return cut_points(lambda: map(whole.only, parts), strata=3, sizes=sizes, **how).splits(whole)


def weights_of(whole, splits, stratum):
    inside = whole.strata == stratum
    return np.bincount(splits[inside], whole.weights[inside], minlength=3)


@given(whole=units(), pieces=st.integers(1, 5))
def test_pieces_of_the_units_change_nothing(whole, pieces):
    assert found(whole, pieces).tolist() == found(whole, 1).tolist()


@given(whole=units())
def test_within_a_stratum_splits_follow_the_draws(whole):
    splits = found(whole, 2)
    for stratum in range(3):
        inside = np.flatnonzero(whole.strata == stratum)
        ranked = splits[inside[np.argsort(whole.draws[inside], kind="stable")]]
        assert (np.diff(ranked) >= 0).all()


@given(whole=units())
def test_units_of_weight_one_are_dealt_exactly(whole):
    rows = Units(whole.draws, whole.strata, np.ones_like(whole.weights))
    splits = found(rows, 3)
    for stratum in range(3):
        total = int((rows.strata == stratum).sum())
        assert weights_of(rows, splits, stratum).tolist() == sizes(total)


@given(whole=units())
def test_heavier_units_come_as_near_as_a_unit_allows(whole):
    splits = found(whole, 2)
    for stratum in range(3):
        inside = whole.only(whole.strata == stratum)
        got = np.cumsum(weights_of(whole, splits, stratum))[:-1]
        want = np.cumsum(sizes(int(inside.weights.sum())))[:-1]
        assert (2 * np.abs(got - want) <= inside.weights.max(initial=0)).all()


@pytest.mark.parametrize("few", [1 << 16, 0])
def test_each_split_is_filled_where_there_are_enough_units(few, monkeypatch):
    monkeypatch.setattr(cuts, "FEW", few)
    whole = Units(
        np.array([1, 2, 3], np.uint64) << np.uint64(60), np.zeros(3, np.int64), np.full(3, 10)
    )
    dealt = weights_of(whole, found(whole, 1, fill=True), 0).tolist()
    assert dealt == ([10, 10, 10] if few else [20, 0, 10])


@given(whole=units())
def test_filling_leaves_no_split_empty(whole):
    splits = found(whole, 2, fill=True)
    for stratum in range(3):
        inside = whole.strata == stratum
        if inside.sum() >= 3:
            assert len(set(splits[inside].tolist())) == 3
