"""The bars of the release gate."""

import pytest
from pydantic import ValidationError

from tfx_rebalance.components.evaluator.settings import GateSettings, bar_of


@pytest.mark.parametrize(
    ("bars", "bar"),
    [({"yes": 0.9, "default": 0.5}, 0.9), ({"default": 0.5}, 0.5), ({"no": 0.9}, None)],
)
def test_a_class_has_its_own_bar_else_the_default_else_none(bars, bar):
    assert bar_of(bars, "yes") == bar
    assert GateSettings(min_recall=bars).bar("yes") == bar


@pytest.mark.parametrize("bar", [0, -0.1, 1.01, 90])
def test_a_bar_is_a_share(bar):
    with pytest.raises(ValidationError, match="Input should be"):
        GateSettings(min_recall={"yes": bar})


def test_a_gate_without_any_bar_is_refused():
    with pytest.raises(ValidationError, match="at least 1 item"):
        GateSettings(min_recall={})


def test_the_same_slices_twice_are_refused_whatever_their_order():
    bars = {"min_recall": {"default": 0.5}}
    with pytest.raises(ValidationError, match="slices lists a x b more than once"):
        GateSettings(slices=[{"features": ("a", "b"), **bars}, {"features": ("b", "a"), **bars}])
