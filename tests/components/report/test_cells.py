"""The order of cells, and what is known of the champion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.run_facts import gate, slice_cell

from tfx_rebalance.components.report.cells import ORDER, recalls_of, worst_first
from tfx_rebalance.components.report.headline import only_insufficient

CELLS = st.lists(
    st.builds(
        slice_cell,
        st.sampled_from("ab"),
        st.just({"f": "v"}),
        verdict=st.sampled_from(["pass", "fail", "insufficient", None]),
        value=st.floats(0, 1),
        blocks=st.booleans(),
    )
)


@given(cells=CELLS)
def test_a_cell_is_never_before_a_worse_one(cells):
    ordered = worst_first(cells)

    assert sorted(map(repr, ordered)) == sorted(map(repr, cells))
    keys = [(not c.blocks, ORDER[c.verdict], c.low - c.bar) for c in ordered]
    assert keys == sorted(keys)


def test_the_champions_recall_is_what_both_and_it_alone_find():
    [first, *_] = recalls_of(gate())
    assert first.champion_recall == pytest.approx((80 + 5) / 100)


def test_without_a_champion_there_is_no_recall_of_it():
    assert {recall.champion_recall for recall in recalls_of(gate(champion="off"))} == {None}


def test_too_few_rows_is_said_only_where_nothing_else_blocks():
    assert only_insufficient(gate(passed=False, blocked="insufficient"))
    assert not only_insufficient(gate(passed=False))
    assert not only_insufficient(gate())
    bad = slice_cell("rare", {"a": "b"}, verdict="fail", blocks=True)
    assert not only_insufficient(gate(passed=False, blocked="insufficient", slices=(bad,)))
