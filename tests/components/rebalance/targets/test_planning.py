"""From what was counted to the plan of a split: refused early, exact for every kind of strategy."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.targets.planning import (
    SplitCounts,
    check_counts,
    check_memory,
    cleaned_classes,
    indices_of,
    limited_targets,
    plan_of,
    sized,
)
from tfx_rebalance.errors import ConfigError, DataError

SIZES = st.lists(st.integers(0, 1000), min_size=2, max_size=5).filter(any)
NAMES = st.sampled_from(["auto", "minority", "majority", "not minority", "not majority", "all"])
STRATEGIES = st.sampled_from(["none", "undersample", "oversample", "smote", "prowsyn", "near_miss"])


def counted(*sizes, unlabelled=0, size=10_000, shards=3):
    return SplitCounts(
        classes=tuple("abcdefgh"[: len(sizes)]),
        counts=np.array([*sizes, unlabelled]),
        split="train",
        size=size,
        shards=shards,
    )


def planned(counts, settings):
    return plan_of(counts, settings, limited_targets(counts, settings))


@given(sizes=SIZES, strategy=STRATEGIES, how=NAMES)
def test_a_plan_emits_what_the_targets_say_and_accounts_for_every_row(sizes, strategy, how):
    counts = counted(*sizes)
    settings = RebalanceSettings(strategy=strategy, sampling_strategy=how)
    try:
        aims = limited_targets(counts, settings)
    except ConfigError:
        assume(False)
    plan = plan_of(counts, settings, aims)
    for name, of_class in zip(counts.classes, plan.classes, strict=True):
        assert of_class.before == counts.by_class[name]
        assert of_class.before * of_class.whole + of_class.extra + of_class.born == of_class.after
        # A strategy that looks at all rows says later which of them go.
        if strategy != "near_miss":
            assert of_class.after == aims.targets[name]


def test_a_class_that_a_limit_holds_back_says_so_in_its_plan():
    settings = RebalanceSettings(strategy="oversample", max_growth=1.5, min_class_size=5)
    plan = planned(counted(100, 10, 4), settings)
    assert [c.after for c in plan.classes] == [100, 15, 4]
    assert [bool(c.notes) for c in plan.classes] == [False, True, True]
    assert "max_growth is 1.5" in plan.classes[1].notes[0]
    assert "min_class_size is 5" in plan.classes[2].notes[0]


def test_upweight_gives_each_class_its_own_weight():
    settings = RebalanceSettings(strategy="undersample", upweight=True)
    assert [c.weight for c in planned(counted(100, 40, 10, 0), settings).classes] == [10, 4, 1, 1]


@pytest.mark.parametrize(("missing_labels", "rows"), [("keep", 27), ("drop", 20)])
def test_rows_without_a_label_are_planned_as_the_settings_say(missing_labels, rows):
    settings = RebalanceSettings(strategy="undersample", missing_labels=missing_labels)
    assert planned(counted(100, 10, unlabelled=7), settings).rows == rows


def test_there_are_as_many_shards_as_came_or_more_where_they_would_be_large():
    settings = RebalanceSettings(strategy="oversample")
    assert planned(counted(100, 10), settings).shards == 3
    # 110 rows of 4 MiB become 200: 800 MiB in shards of 64.
    plan = planned(counted(100, 10, size=110 * 2**22), settings)
    assert plan.shards == 13
    assert sized(plan, counted(100, 10)).shards == 3


def test_a_split_without_a_labelled_row_is_refused_by_name():
    with pytest.raises(DataError, match="split 'train' has no row with a label \\(0 without one"):
        check_counts(counted(0, 0), RebalanceSettings())
    with pytest.raises(DataError, match="split 'train' has no row with a label \\(9 without one"):
        check_counts(counted(0, 0, unlabelled=9), RebalanceSettings(max_missing_labels=0.99))


@given(labelled=st.integers(1, 1000), unlabelled=st.integers(0, 1000), bound=st.floats(0, 0.99))
def test_more_rows_without_a_label_than_allowed_are_refused(labelled, unlabelled, bound):
    counts = counted(labelled, 0, unlabelled=unlabelled)
    settings = RebalanceSettings(max_missing_labels=bound)
    if unlabelled / (labelled + unlabelled) <= bound:
        check_counts(counts, settings)
        return
    with pytest.raises(DataError) as error:
        check_counts(counts, settings)
    for word in ("'train'", f"{unlabelled} of {labelled + unlabelled}", "max_missing_labels"):
        assert word in str(error.value)


def test_a_split_that_one_worker_cannot_hold_is_refused_before_it_is_read():
    layout = Layout((Column("x", "float", "numeric", size=30),), scaled=False)
    settings = RebalanceSettings(strategy="tomek_links", memory_gib=1)
    check_memory(counted(1_000_000, 1000), layout, settings)
    with pytest.raises(ConfigError) as error:
        check_memory(counted(2_000_000, 1000), layout, settings)
    for word in ("tomek_links", "'train'", "2001000 rows", "memory_gib", "allows 1"):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("auto", (0, 1)),
        ("majority", (0,)),
        ("not majority", (1, 2)),
        ("all", (0, 1, 2)),
        (["c"], (2,)),
        (["b", "a"], (0, 1)),
    ],
)
def test_a_cleaner_may_take_rows_of_the_classes_that_are_named(how, expected):
    settings = RebalanceSettings(strategy="tomek_links", sampling_strategy=how)
    assert cleaned_classes(counted(90, 20, 10), settings) == expected


@pytest.mark.parametrize(
    ("how", "expected"), [("auto", (0,)), ("not majority", (1,)), ("all", (0, 1)), (["b"], (1,))]
)
def test_a_class_below_min_class_size_is_neither_cleaned_nor_the_smallest(how, expected):
    settings = RebalanceSettings(strategy="tomek_links", sampling_strategy=how, min_class_size=15)
    assert cleaned_classes(counted(90, 20, 10), settings) == expected


def test_a_listed_class_below_min_class_size_is_refused():
    settings = RebalanceSettings(
        strategy="tomek_links", sampling_strategy=["a", "c"], min_class_size=15
    )
    with pytest.raises(ConfigError, match=r"lists 'c', which has 10 rows .* min_class_size to 10"):
        cleaned_classes(counted(90, 20, 10), settings)


@pytest.mark.parametrize("strategy", ["undersample", "smote", "prowsyn", "near_miss"])
def test_only_a_cleaner_cleans(strategy):
    assert cleaned_classes(counted(90, 20), RebalanceSettings(strategy=strategy)) == ()


def test_class_names_become_indices_in_the_order_asked():
    assert indices_of(["c", "a"], ["a", "b", "c"]) == (2, 0)
