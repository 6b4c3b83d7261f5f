"""Wanted counts against imbalanced-learn's for every form of `sampling_strategy`."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from imblearn.utils import check_sampling_strategy

from tfx_rebalance.components.rebalance.targets.limits import Limits
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    cleaned,
    named_classes,
    oversampled,
    undersampled,
    wanted,
)
from tfx_rebalance.errors import ConfigError

NAMES = ["auto", "minority", "majority", "not minority", "not majority", "all"]
# In the order of their names, as in imbalanced-learn: of equal ones the first is the minority.
COUNTS = st.lists(st.integers(1, 60), min_size=2, max_size=5).map(
    lambda sizes: {f"class {i}": n for i, n in enumerate(sizes)}
)
TWO = COUNTS.map(lambda counts: dict(list(counts.items())[:2]))


def imbalanced_learn(sampler, counts, strategy):
    """Returns the class counts that imbalanced-learn ends at."""
    labels = np.repeat(list(counts), list(counts.values()))
    rows = np.zeros((len(labels), 1))
    return dict(
        Counter(sampler(sampling_strategy=strategy, random_state=0).fit_resample(rows, labels)[1])
    )


def not_a_whole_number_by_a_rounding_error(rows):
    """Returns whether flooring `rows` means the same to everybody."""
    return abs(rows - round(rows)) > 1e-6


@pytest.mark.parametrize("name", [n for n in NAMES if n != "minority"])  # It has none.
@given(counts=COUNTS)
def test_undersampling_by_name_is_imbalanced_learns(name, counts):
    assert undersampled(counts, name) == imbalanced_learn(RandomUnderSampler, counts, name)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "majority"])  # It has none.
@given(counts=COUNTS)
def test_oversampling_by_name_is_imbalanced_learns(name, counts):
    assert oversampled(counts, name) == imbalanced_learn(RandomOverSampler, counts, name)


@given(counts=TWO, ratio=st.floats(0.05, 1))
def test_undersampling_by_ratio_is_imbalanced_learns(counts, ratio):
    assume(ratio >= min(counts.values()) / max(counts.values()))
    assume(not_a_whole_number_by_a_rounding_error(min(counts.values()) / ratio))
    assert undersampled(counts, ratio) == imbalanced_learn(RandomUnderSampler, counts, ratio)


@given(counts=TWO, ratio=st.floats(0.05, 1))
def test_oversampling_by_ratio_is_imbalanced_learns(counts, ratio):
    assume(int(ratio * max(counts.values())) > min(counts.values()))
    assume(not_a_whole_number_by_a_rounding_error(ratio * max(counts.values())))
    assert oversampled(counts, ratio) == imbalanced_learn(RandomOverSampler, counts, ratio)


@given(counts=COUNTS, data=st.data())
def test_undersampling_by_mapping_is_imbalanced_learns(counts, data):
    rows = {c: data.draw(st.integers(1, n)) for c, n in counts.items() if data.draw(st.booleans())}
    assert undersampled(counts, rows) == imbalanced_learn(RandomUnderSampler, counts, rows)


@given(counts=COUNTS, data=st.data())
def test_oversampling_by_mapping_is_imbalanced_learns(counts, data):
    rows = {c: data.draw(st.integers(n, 99)) for c, n in counts.items() if data.draw(st.booleans())}
    assert oversampled(counts, rows) == imbalanced_learn(RandomOverSampler, counts, rows)


def test_a_ratio_that_comes_out_whole_is_not_a_row_short():
    assert oversampled({"no": 100, "yes": 1}, 0.29) == {"no": 100, "yes": 29}
    assert undersampled({"no": 100, "yes": 29}, 0.58) == {"no": 50, "yes": 29}
    assert oversampled({"no": 100, "yes": 29}, 1) == {"no": 100, "yes": 100}


def test_a_ratio_too_low_for_undersampling_is_refused_with_what_is_allowed():
    with pytest.raises(ConfigError) as error:
        undersampled({"no": 100, "yes": 20}, 0.1)
    assert str(error.value) == (
        "rebalance.sampling_strategy 0.1 would need 200 rows of 'no', which has 100: the ratio is "
        "already 0.2. Allowed: above that and up to 1."
    )


def test_a_ratio_too_low_for_oversampling_is_refused_with_what_is_allowed():
    with pytest.raises(ConfigError, match=r"0.1 would leave 10 .*of 'yes', which has 20"):
        oversampled({"no": 100, "yes": 20}, 0.1)


def test_undersampling_refuses_to_grow_a_class():
    with pytest.raises(ConfigError, match="asks undersample for 21 rows of 'yes', which has 20"):
        undersampled({"no": 100, "yes": 20}, {"yes": 21})


def test_oversampling_refuses_to_shrink_a_class():
    with pytest.raises(ConfigError, match="asks oversample for 19 rows of 'yes', which has 20"):
        oversampled({"no": 100, "yes": 20}, {"yes": 19})


def test_oversampling_refuses_to_invent_rows_of_an_empty_class():
    with pytest.raises(ConfigError, match="asks oversample for 5 rows of 'yes', which has 0"):
        oversampled({"no": 100, "yes": 0}, {"yes": 5})


@pytest.mark.parametrize("targets", [undersampled, oversampled])
@pytest.mark.parametrize("counts", [{"a": 1, "b": 2, "c": 3}, {"a": 5, "b": 0}])
def test_a_ratio_needs_two_classes_with_rows(targets, counts):
    with pytest.raises(ConfigError, match="as a ratio needs 2 classes with rows, got"):
        targets(counts, 0.5)


@pytest.mark.parametrize("name", NAMES)
def test_a_class_without_rows_stays_without_and_is_nobodys_minority(name):
    counts = {"a": 0, "b": 5, "c": 9}
    for targets, idle in ((undersampled, "minority"), (oversampled, "majority")):
        if name != idle:
            assert targets(counts, name) == {"a": 0, **targets({"b": 5, "c": 9}, name)}


@pytest.mark.parametrize(
    ("targets", "name"), [(undersampled, "minority"), (oversampled, "majority")]
)
def test_a_name_that_would_do_nothing_is_refused_as_in_imbalanced_learn(targets, name):
    sampler = RandomUnderSampler if targets is undersampled else RandomOverSampler
    with pytest.raises(ConfigError, match=f"sampling_strategy {name!r} .* would do nothing"):
        targets({"a": 3, "b": 5}, name)
    with pytest.raises(ValueError, match="sampling_strategy"):
        imbalanced_learn(sampler, {"a": 3, "b": 5}, name)


def test_auto_stands_for_what_the_caller_says():
    counts = {"a": 1, "b": 5, "c": 9}
    assert named_classes(counts, "auto", auto="not minority") == ["b", "c"]
    assert named_classes(counts, "auto", auto="not majority") == ["a", "b"]


@pytest.mark.parametrize("name", [n for n in NAMES if n != "minority"])
@given(counts=COUNTS)
def test_a_cleaner_by_name_takes_rows_of_imbalanced_learns_classes(name, counts):
    assert cleaned(counts, name) == cleaned_by_imbalanced_learn(counts, name)


@given(counts=COUNTS, data=st.data())
def test_a_cleaner_by_list_takes_rows_of_imbalanced_learns_classes(counts, data):
    listed = data.draw(st.lists(st.sampled_from(list(counts))))
    assert cleaned(counts, listed) == cleaned_by_imbalanced_learn(counts, listed)


def cleaned_by_imbalanced_learn(counts, strategy):
    """Returns the classes that imbalanced-learn's cleaners look at."""
    labels = np.repeat(list(counts), list(counts.values()))
    return list(check_sampling_strategy(strategy, labels, "clean-sampling"))


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("minority", "'minority' would have a cleaning strategy take rows of the minority alone"),
        (0.5, "0.5 says how many rows are to stay, but a cleaning strategy decides by itself"),
        ({"no": 3}, "{'no': 3} says how many rows are to stay, but a cleaning strategy decides by"),
        ({"no": 0.5}, "{'no': 0.5} says how many rows are to stay, but a cleaning strategy"),
    ],
)
def test_a_cleaner_refuses_with_a_reason_what_imbalanced_learn_refuses(strategy, message):
    counts = {"no": 5, "yes": 3}
    with pytest.raises(ConfigError) as error:
        cleaned(counts, strategy)
    assert str(error.value).startswith(f"rebalance.sampling_strategy {message}")
    assert "or a list of classes" in str(error.value)
    with pytest.raises(ValueError, match="sampl"):
        cleaned_by_imbalanced_learn(counts, strategy)


def test_a_cleaner_takes_no_rows_of_a_class_without_rows():
    assert cleaned({"a": 0, "b": 5, "c": 9}, "all") == ["b", "c"]
    with pytest.raises(
        ConfigError, match=r"names 'a', which has 0 rows. Allowed: 'b', 'c'\. Leave"
    ):
        cleaned({"a": 0, "b": 5, "c": 9}, ["a", "c"])


@pytest.mark.parametrize("targets", [undersampled, oversampled])
def test_a_list_is_refused_where_the_rows_must_be_known(targets):
    with pytest.raises(
        ConfigError, match=r"^rebalance.sampling_strategy \['no'\] says which class"
    ):
        targets({"no": 5, "yes": 3}, ["no"])


def asked_for(counts, strategy):
    limits = Limits(max_growth=None, min_class_size=1)
    return wanted(counts, strategy=strategy, how=undersampled, limits=limits)


@pytest.mark.parametrize(
    ("targets", "strategy"),
    [
        (undersampled, {"fruad": 3}),
        (oversampled, {"fruad": 0.3}),
        (oversampled, {"fraud": 30, "fruad": 3}),
        (cleaned, ["fruad"]),
        (asked_for, {"fruad": 3}),
    ],
)
def test_an_unknown_class_is_refused_with_the_nearest_and_all_of_them(targets, strategy):
    with pytest.raises(ConfigError) as error:
        targets({"fraud": 5, "fine": 9, "never seen": 0}, strategy)
    assert str(error.value).startswith("rebalance.sampling_strategy ")
    assert str(error.value).endswith(
        "'fruad', which is no class (did you mean 'fraud'?). Allowed: 'fraud', 'fine'."
    )


@pytest.mark.parametrize("targets", [undersampled, oversampled, cleaned])
def test_an_unknown_name_is_refused_with_the_nearest(targets):
    with pytest.raises(ConfigError, match=r"sampling_strategy must be .*mean 'not majority'\?"):
        targets({"no": 5, "yes": 3}, "not_majority")


@pytest.mark.parametrize("targets", [undersampled, oversampled])
def test_rows_and_shares_do_not_mix(targets):
    with pytest.raises(
        ConfigError, match=r"mixes rows {'yes': 3} and shares {'no': 0.5}\. Allowed"
    ):
        targets({"no": 5, "yes": 3}, {"no": 0.5, "yes": 3})


@pytest.mark.parametrize("targets", [undersampled, oversampled])
@pytest.mark.parametrize("value", [0, -1, 0.0, 1.0, 5.0, -0.5, float("nan"), float("inf")])
def test_a_target_is_a_row_or_more_or_a_share_between_0_and_1(targets, value):
    with pytest.raises(ConfigError, match=r"^rebalance.sampling_strategy asks .* Allowed: whole"):
        targets({"no": 5, "yes": 3}, {"no": value})
