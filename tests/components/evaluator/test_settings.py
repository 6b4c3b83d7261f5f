"""The bars of the release gate."""

import pytest
from pydantic import ValidationError

from tfx_rebalance.components.evaluator.settings import GateSettings, SliceSettings, bar_of


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


SLICE = {"features": ("age",), "min_recall": {"default": 0.5}}


@pytest.mark.parametrize(
    ("policies", "yes", "no"),
    [
        ("pass", "pass", "pass"),
        ("fail", "fail", "fail"),
        ({"yes": "pass"}, "pass", "fail"),
        ({"default": "pass", "yes": "fail"}, "fail", "pass"),
    ],
)
def test_what_too_few_rows_do_is_one_word_or_one_by_class(policies, yes, no):
    settings = GateSettings(insufficient=policies)
    assert (settings.policy("yes"), settings.policy("no")) == (yes, no)
    assert GateSettings.model_validate_json(settings.model_dump_json()) == settings


def test_too_few_rows_block_a_class_and_not_a_slice_unless_said_otherwise():
    assert GateSettings().policy("yes") == "fail"
    assert SliceSettings(**SLICE).policy("yes") == "pass"
    assert SliceSettings(**SLICE, insufficient={"yes": "fail"}).policy("yes") == "fail"
    assert SliceSettings(**SLICE, insufficient={"yes": "fail"}).policy("no") == "pass"
    assert GateSettings().champion.insufficient == "fail"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"insufficient": "maybe"}, "Input should be 'pass' or 'fail'"),
        ({"interval": "wald"}, "Input should be 'clopper_pearson' or 'wilson'"),
        ({"correction": "bonferroni"}, "Input should be 'none' or 'holm'"),
        ({"confidence": 0.5}, "greater than 0.5"),
        ({"min_precision": {"yes": 0}}, "greater than 0"),
        ({"max_calibration_error": {"yes": 1.5}}, "less than or equal to 1"),
        ({"champion": {"margin": 0}}, "greater than 0"),
        ({"champion": {"margin": 1}}, "less than 1"),
        ({"max_recall_drop": 0.1}, "Extra inputs are not permitted"),
        ({"slices": [{**SLICE, "buckets": {"age": []}}]}, "at least 1 item"),
        ({"slices": [{**SLICE, "buckets": {"age": [2, 1]}}]}, "must meet at finite, ascending"),
        ({"slices": [{**SLICE, "buckets": {"age": [1, 1]}}]}, "must meet at finite, ascending"),
        ({"slices": [{**SLICE, "buckets": {"sum": [1]}}]}, "'sum', which is not among the feat"),
        ({"slices": [{**SLICE, "features": ("age", "age")}]}, "lists age more than once"),
    ],
)
def test_what_the_gate_does_not_know_is_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        GateSettings(**wrong)


def test_no_champion_is_a_choice():
    assert GateSettings(champion=None).champion is None
