"""Rebalance's settings: what they take, and what they refuse before anything runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tfx_rebalance.components.rebalance.registry import STRATEGIES
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategies.smote import SMOTE

NAMES = ("auto", "minority", "majority", "not minority", "not majority", "all")
SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)
LABELS = st.text(min_size=1, max_size=3)
HOW = st.one_of(
    st.sampled_from(NAMES),
    st.floats(0, 1, exclude_min=True),
    st.dictionaries(LABELS, st.integers(1, 2**40), min_size=1),
    st.dictionaries(LABELS, SHARES, min_size=1),
    st.lists(LABELS, min_size=1).map(tuple),
)


@given(how=HOW)
def test_every_form_of_sampling_strategy_comes_through_json_as_it_was(how):
    settings = RebalanceSettings(sampling_strategy=how)
    again = RebalanceSettings.model_validate_json(settings.model_dump_json())
    assert again == settings
    assert again.sampling_strategy == how
    assert type(again.sampling_strategy) is type(how)


def test_a_share_stays_a_share_and_a_count_a_count():
    how = RebalanceSettings(sampling_strategy={"a": 1, "b": 0.25}).sampling_strategy
    assert {label: type(n) for label, n in how.items()} == {"a": int, "b": float}


@pytest.mark.parametrize(
    "how", [0, 1.5, -0.1, float("nan"), "minorty", {"a": 0}, {"a": 1.5}, {"a": -3}, {"a": "b"}]
)
def test_a_sampling_strategy_of_no_form_is_refused(how):
    with pytest.raises(ValidationError, match="sampling_strategy"):
        RebalanceSettings(sampling_strategy=how)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_growth", 0.9),
        ("max_growth", float("inf")),
        ("min_class_size", -1),
        ("max_missing_labels", 1),
        ("memory_gib", 0),
        ("missing_labels", "guess"),
        ("splits", ["eval"]),
        ("seed", -1),
        ("scaling", "robust"),
        ("stratgy", "smote"),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_key(key, value):
    with pytest.raises(ValidationError, match=key):
        RebalanceSettings(**{key: value})


def test_an_unknown_strategy_is_refused_with_the_nearest_name():
    with pytest.raises(ValidationError, match=r"must be one of none, .*did you mean 'smote'"):
        RebalanceSettings(strategy="smoote")


def test_the_strategy_has_the_parameters_given():
    settings = RebalanceSettings(strategy="smote", parameters={"k_neighbors": 3})
    assert settings.chosen == SMOTE(k_neighbors=3)
    assert settings.chosen is settings.chosen


@pytest.mark.parametrize(
    ("strategy", "parameters", "words"),
    [
        ("smote", {"k_neighbours": 3}, "k_neighbours .* It takes: k_neighbors"),
        ("smote", {"k_neighbors": 0}, "k_neighbors .*greater than or equal to 1, got 0"),
        ("undersample", {"k_neighbors": 3}, "k_neighbors .* It takes: none"),
        ("none", {"x": 1}, "parameters.x of strategy: none is wrong"),
        ("augment_images", {}, "parameters.operations of strategy: augment_im.*Field required"),
    ],
)
def test_a_wrong_parameter_is_refused_with_those_it_takes(strategy, parameters, words):
    with pytest.raises(ValidationError, match=words):
        RebalanceSettings(strategy=strategy, parameters=parameters)


@pytest.mark.parametrize("strategy", sorted(set(STRATEGIES) - {"undersample", "augment_images"}))
def test_only_undersampling_upweights(strategy):
    with pytest.raises(ValidationError, match="upweight goes with strategy: undersample"):
        RebalanceSettings(strategy=strategy, upweight=True)


@pytest.mark.parametrize("key", ["group_key", "provenance"])
@pytest.mark.parametrize("strategy", ["none", "undersample", "oversample"])
def test_what_is_about_parents_is_refused_where_there_are_none(strategy, key):
    value = {"group_key": "patient", "provenance": True}[key]
    with pytest.raises(ValidationError, match=f"{key} is about the parents .* {strategy}"):
        RebalanceSettings(strategy=strategy, **{key: value})


@pytest.mark.parametrize("strategy", ["smote_tomek", "polynom_fit_smote", "tomek_links"])
def test_a_strategy_that_does_not_keep_to_groups_refuses_a_group_key(strategy):
    with pytest.raises(ValidationError, match=f"group_key .* strategy: {strategy} cannot"):
        RebalanceSettings(strategy=strategy, group_key="patient")


@pytest.mark.parametrize("strategy", ["smote", "borderline_smote", "adasyn"])
def test_a_strategy_that_keeps_to_groups_takes_a_group_key(strategy):
    assert RebalanceSettings(strategy=strategy, group_key="patient").group_key == "patient"


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        RebalanceSettings().seed = 3
