"""Holm's correction against its definition: every intersection of hypotheses is rejected."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.evaluator.gating.holm import adjusted

P_VALUES = st.lists(st.floats(0, 1), max_size=6)


def closed(p_values):
    """Returns adjusted p-values by the closure of Bonferroni's test, subset by subset."""
    tests = range(len(p_values))
    subsets = [s for size in tests for s in combinations(tests, size + 1)]
    return [
        max(min(1.0, len(s) * min(p_values[j] for j in s)) for s in subsets if i in s)
        for i in tests
    ]


@given(p_values=P_VALUES)
def test_it_is_the_closed_bonferroni_test(p_values):
    assert adjusted(p_values) == pytest.approx(closed(p_values))


@given(p_values=P_VALUES)
def test_it_never_lowers_and_keeps_the_order(p_values):
    found = adjusted(p_values)
    assert all(after >= before for before, after in zip(p_values, found, strict=True))
    by_before = sorted(range(len(found)), key=lambda i: (p_values[i], found[i]))
    assert [found[i] for i in by_before] == sorted(found)


def test_a_worked_example():
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted([]) == []


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(ValueError, match=r"p-values must be in \[0, 1\], got"):
        adjusted([0.5, p])
