"""Rows taken and put together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.rows import Rows, concatenated

LAYOUT = Layout(
    (
        Column("a", "float", "numeric", size=2),
        Column("b", "string", "nominal"),
        Column("c", "int", "numeric"),
    ),
    scaled=False,
)


def rows(*, count=7):
    return Rows(np.arange(count * 3.0).reshape(count, 3), np.arange(count).reshape(count, 1))


def assert_same(one, other):
    for mine, yours in zip(vars(one).values(), vars(other).values(), strict=True):
        assert (mine.dtype, mine.shape) == (yours.dtype, yours.shape)
        np.testing.assert_array_equal(mine, yours)


@given(cuts=st.lists(st.integers(0, 7), max_size=4).map(sorted))
def test_parts_put_together_are_the_whole(cuts):
    whole = rows()
    parts = [whole.take(part) for part in np.split(np.arange(7), cuts)]
    assert_same(concatenated(parts, LAYOUT), whole)


def test_no_parts_are_no_rows_of_the_layouts_shape():
    assert_same(concatenated([], LAYOUT), rows(count=0))
    assert len(concatenated([], LAYOUT)) == 0


def test_rows_are_taken_by_index_or_mask():
    places = np.array([4, 1, 1])
    assert rows().take(places).nominal[:, 0].tolist() == [4, 1, 1]
    assert rows().take(np.arange(7) > 4).numeric[:, 0].tolist() == [15.0, 18.0]
