"""How many rows of a class each split gets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.splitting.shares import Shares, split_sizes

NAMES = ("train", "val", "eval")
USUAL = Shares(NAMES, (0.6, 0.2, 0.2))


@st.composite
def shares(draw):
    parts = draw(st.lists(st.integers(1, 100), min_size=3, max_size=3))
    return Shares(NAMES, tuple(part / sum(parts) for part in parts))


@given(n=st.integers(0, 10_000), how=shares(), minimum=st.integers(0, 20))
def test_the_sizes_add_up_to_the_rows(n, how, minimum):
    assert sum(split_sizes(n, how, minimum=minimum).values()) == n


@given(n=st.integers(0, 10_000), how=shares())
def test_without_a_minimum_each_size_is_within_one_of_its_share(n, how):
    off = np.array(list(split_sizes(n, how, minimum=0).values())) - n * np.array(how.values)
    assert np.abs(off).max() < 1 + 1e-6


@given(n=st.integers(0, 10_000), how=shares())
def test_each_size_is_within_one_of_its_share(n, how):
    sizes = split_sizes(n, how)
    filled = sum(n * share < 1 for share in how.values)  # They may take a row from the largest.
    for share, size in zip(how.values, sizes.values(), strict=True):
        assert abs(size - n * share) < 1 + 1e-6 + (filled if size == max(sizes.values()) else 0)


@given(n=st.integers(0, 10_000), how=shares(), minimum=st.integers(0, 20))
def test_where_there_are_enough_rows_each_split_has_the_minimum(n, how, minimum):
    if n >= 3 * minimum:
        assert min(split_sizes(n, how, minimum=minimum).values()) >= minimum


@given(n=st.integers(2, 10_000), part=st.floats(0.01, 0.99))
def test_a_split_without_a_share_gets_nothing(n, part):
    sizes = split_sizes(n, Shares(NAMES, (part, 1 - part, 0.0)))
    assert sizes["eval"] == 0
    assert min(sizes["train"], sizes["val"]) >= 1


@pytest.mark.parametrize("n", [5, 10, 60_000, 1_000_000_005])
def test_shares_that_come_out_even_are_exact(n):
    assert list(split_sizes(n, USUAL).values()) == [n * 3 // 5, n // 5, n // 5]
