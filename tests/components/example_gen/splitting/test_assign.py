"""The split: exact shares of every class, by the rows alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.splitting import (
    Shares,
    row_keys,
    split_sizes,
    stratified_splits,
)
from tfx_rebalance.errors import DataError

NAMES = ("train", "val", "eval")
USUAL = Shares(NAMES, (0.6, 0.2, 0.2))


@st.composite
def shares(draw):
    parts = draw(st.lists(st.integers(1, 100), min_size=3, max_size=3))
    return Shares(NAMES, tuple(part / sum(parts) for part in parts))


@st.composite
def rows(draw):
    """Returns (classes, contents): three classes of 3 rows or more, with many duplicates."""
    sizes = [draw(st.integers(3, 30)) for _ in range(3)]
    classes = np.repeat(np.arange(3), sizes)
    low = draw(st.lists(st.integers(0, 9), min_size=len(classes), max_size=len(classes)))
    # A duplicate has its original's class too: the label is one of the cells.
    return classes, np.array(low, dtype=np.uint64) + classes.astype(np.uint64) * np.uint64(10)


def splits_of(classes, contents, *, seed=0, how=USUAL):
    return stratified_splits(classes, row_keys(contents), shares=how, names="abc", seed=seed)


def members(contents, splits):
    """Returns the multiset of contents in each split."""
    return [sorted(contents[splits == i].tolist()) for i in range(len(NAMES))]


@given(n=st.integers(0, 10_000), how=shares())
def test_the_sizes_add_up_to_the_rows(n, how):
    assert sum(split_sizes(n, how).values()) == n


@given(n=st.integers(0, 10_000), how=shares())
def test_each_size_is_within_one_of_its_share(n, how):
    sizes = split_sizes(n, how)
    filled = sum(n * share < 1 for share in how.values)  # They may take a row from the largest.
    for share, size in zip(how.values, sizes.values(), strict=True):
        assert abs(size - n * share) < 1 + 1e-6 + (filled if size == max(sizes.values()) else 0)


@given(n=st.integers(200, 10_000), how=shares())
def test_where_no_split_has_to_be_filled_up_no_size_is_a_row_off(n, how):
    if min(how.values) * n >= 1:
        off = np.array(list(split_sizes(n, how).values())) - n * np.array(how.values)
        assert np.abs(off).max() < 1 + 1e-6


@given(n=st.integers(3, 10_000), how=shares())
def test_from_three_rows_on_no_split_is_empty(n, how):
    assert min(split_sizes(n, how).values()) >= 1


@pytest.mark.parametrize("n", [5, 10, 60_000, 1_000_000_005])
def test_shares_that_come_out_even_are_exact(n):
    assert list(split_sizes(n, USUAL).values()) == [n * 3 // 5, n // 5, n // 5]


@given(rows=rows(), how=shares())
def test_each_class_has_the_announced_rows_in_each_split(rows, how):
    classes, contents = rows
    splits = splits_of(classes, contents, how=how)
    for label in range(3):
        sizes = np.bincount(splits[classes == label], minlength=3)
        assert sizes.tolist() == list(split_sizes((classes == label).sum(), how).values())


@given(rows=rows(), order=st.randoms(use_true_random=False), seed=st.integers(0, 2**40))
def test_the_order_of_the_rows_changes_no_split(rows, order, seed):
    classes, contents = rows
    shuffled = list(range(len(classes)))
    order.shuffle(shuffled)
    before = members(contents, splits_of(classes, contents, seed=seed))
    after = members(contents[shuffled], splits_of(classes[shuffled], contents[shuffled], seed=seed))
    assert before == after


@given(contents=st.lists(st.integers(0, 3), max_size=40))
def test_duplicates_have_keys_of_their_own(contents):
    assert len(set(row_keys(np.array(contents, dtype=np.uint64)).tolist())) == len(contents)


@given(contents=st.lists(st.integers(0, 3), max_size=40), order=st.randoms(use_true_random=False))
def test_the_set_of_keys_does_not_depend_on_the_order(contents, order):
    keys = row_keys(np.array(contents, dtype=np.uint64))
    order.shuffle(contents)
    assert set(row_keys(np.array(contents, dtype=np.uint64)).tolist()) == set(keys.tolist())


def test_duplicates_are_spread_over_the_splits():
    splits = splits_of(np.repeat([0, 1, 2], 100), np.repeat([7, 8, 9], 100).astype(np.uint64))
    assert np.bincount(splits).tolist() == [180, 60, 60]


def test_another_row_leaves_almost_all_others_where_they_are():
    contents = np.arange(3000, dtype=np.uint64)
    classes = (contents % 3).astype(np.int64)
    fewer = splits_of(classes[:-3], contents[:-3])
    moved = np.count_nonzero(fewer != splits_of(classes, contents)[:-3])
    assert moved <= 6  # At most one row per class over each of the two borders.


def test_another_seed_gives_another_split():
    contents = np.arange(3000, dtype=np.uint64)
    classes = (contents % 3).astype(np.int64)
    one, other = (splits_of(classes, contents, seed=seed) for seed in (0, 1))
    # Two unrelated splits agree where 0.6² + 0.2² + 0.2² of the rows are.
    agree = np.count_nonzero(one == other)
    assert abs(agree - 3000 * 0.44) <= 4 * np.sqrt(3000 * 0.44 * 0.56)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            [3, 2, 3],
            "class 'b' has 2 rows, too few for a row in each of the splits train, val, eval",
        ),
        ([3, 3, 0], "class 'c' has 0 rows, too few .*: train, val, eval would have none"),
    ],
)
def test_a_class_too_small_for_the_splits_is_refused(sizes, message):
    classes = np.repeat(np.arange(3), sizes)
    with pytest.raises(DataError, match=message) as error:
        splits_of(classes, np.arange(len(classes), dtype=np.uint64))
    assert "Bring at least 3 rows of it" in str(error.value)
