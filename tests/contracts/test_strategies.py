"""What every strategy of Rebalance promises, whatever its name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tfx_rebalance.components.rebalance.registry import STRATEGIES, strategy_named
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.errors import ConfigError

COUNTS = (
    st.lists(st.integers(0, 1000), min_size=2, max_size=5)
    .filter(any)
    .map(lambda sizes: {f"class {i}": n for i, n in enumerate(sizes)})
)
HOW = st.one_of(
    st.sampled_from(["auto", "minority", "majority", "not minority", "not majority", "all"]),
    st.floats(0.001, 1),
    st.dictionaries(st.sampled_from(["class 0", "class 1"]), st.integers(1, 2000)),
)

pytestmark = pytest.mark.parametrize("name", STRATEGIES)


def targets_or_none(name, counts, how):
    """Returns the targets, or None where the strategy says that it cannot reach them."""
    try:
        return strategy_named(name).targets(counts, how)
    except ConfigError:
        return None


def test_it_loads_by_name_and_the_config_takes_it(name):
    assert callable(strategy_named(name).targets)
    assert RebalanceSettings(strategy=name).strategy == name


def test_its_name_can_be_written_in_a_config_and_a_wrong_one_is_put_right(name):
    assert re.fullmatch(r"[a-z][a-z_]*", name)
    with pytest.raises(ValidationError, match=f"did you mean {name!r}"):
        RebalanceSettings(strategy=name + "s")


@given(counts=COUNTS, how=HOW)
def test_it_gives_a_count_of_rows_for_every_class_and_no_other(name, counts, how):
    targets = targets_or_none(name, counts, how)
    if targets is not None:
        assert list(targets) == list(counts)
        assert all(isinstance(n, int) and n >= 0 for n in targets.values())


@given(counts=COUNTS, how=HOW)
def test_it_leaves_a_class_without_rows_without(name, counts, how):
    targets = targets_or_none(name, counts, how)
    if targets is not None:
        assert all(targets[label] == 0 for label, n in counts.items() if n == 0)


@given(counts=COUNTS, how=HOW)
def test_it_empties_no_class(name, counts, how):
    targets = targets_or_none(name, counts, how)
    if targets is not None:
        assert all(targets[label] >= 1 for label, n in counts.items() if n)


@given(counts=COUNTS, how=HOW)
def test_it_goes_the_way_its_name_says(name, counts, how):
    targets = targets_or_none(name, counts, how)
    if targets is None:
        return
    change = [targets[label] - n for label, n in counts.items()]
    assert name != "none" or not any(change)
    assert name != "undersample" or max(change) <= 0
    assert name != "oversample" or min(change) >= 0


@given(counts=COUNTS, how=HOW)
def test_what_it_cannot_reach_is_refused_with_the_key_to_change(name, counts, how):
    if targets_or_none(name, counts, how) is None:
        with pytest.raises(ConfigError, match=r"^rebalance\.sampling_strategy "):
            strategy_named(name).targets(counts, how)


@given(counts=COUNTS, how=HOW)
def test_it_does_not_change_what_it_was_given(name, counts, how):
    before = dict(counts)
    targets_or_none(name, counts, how)
    assert counts == before
