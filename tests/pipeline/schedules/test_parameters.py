"""Values for a compiled pipeline's parameters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.compiled_specs import PIPELINE, small_spec

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.schedules.parameters import check_same_parameters, parameter_values


def spec_with(**definitions):
    root = {**PIPELINE["root"], "inputDefinitions": {"parameters": definitions}}
    return small_spec("vertex", root=root)


def test_every_parameter_gets_a_value_and_defaults_are_sent_too():
    found = parameter_values(small_spec("vertex"), ["bucket=gs://a=b"])
    assert found == {"run_date": "", "epochs": 3, "bucket": "gs://a=b"}


def test_a_run_date_is_the_value_of_its_parameter():
    found = parameter_values(small_spec("vertex"), ["bucket=b"], run_date="2026-03-01")
    assert found["run_date"] == "2026-03-01"


@pytest.mark.parametrize("text", ["", "2026-03-01", "2026-03-01T03:00:00Z"])
def test_a_run_date_may_also_be_a_time_or_nothing_as_a_parameter(text):
    found = parameter_values(small_spec("vertex"), ["bucket=b", f"run_date={text}"])
    assert found["run_date"] == text


def test_a_parameter_that_is_optional_may_be_left_away():
    spec = spec_with(a={"parameterType": "STRING", "isOptional": True})
    assert parameter_values(spec, []) == {}


def test_a_pipeline_without_parameters_gets_none():
    root = {"dag": PIPELINE["root"]["dag"]}
    assert parameter_values(small_spec("vertex", root=root), []) == {}


@given(value=st.integers())
def test_whole_numbers_arrive_as_such(value):
    spec = spec_with(n={"parameterType": "NUMBER_INTEGER"})
    found = parameter_values(spec, [f"n={value}"])["n"]
    assert (found, type(found)) == (value, int)


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_arrive_as_they_are_written(value):
    spec = spec_with(x={"parameterType": "NUMBER_DOUBLE"})
    assert parameter_values(spec, [f"x={value!r}"]) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("BOOLEAN", "true", True),
        ("LIST", '["a", 1]', ["a", 1]),
        ("STRUCT", '{"a": {"b": null}}', {"a": {"b": None}}),
        ("STRING", "007", "007"),
    ],
)
def test_other_types_are_read_as_json_and_text_as_it_is(kind, text, value):
    assert parameter_values(spec_with(p={"parameterType": kind}), [f"p={text}"]) == {"p": value}


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("NUMBER_INTEGER", "3.5", "must be a whole number, got '3.5'"),
        ("NUMBER_INTEGER", "", "must be a whole number, got ''"),
        ("NUMBER_DOUBLE", "NaN", "must be a number, got 'NaN'"),
        ("NUMBER_DOUBLE", "true", "must be a number"),
        ("BOOLEAN", "yes", "must be true or false, got 'yes'"),
        ("BOOLEAN", "1", "must be true or false"),
        ("LIST", "{}", "must be a list as JSON"),
        ("STRUCT", "[]", "must be an object as JSON"),
        ("TASK_FINAL_STATUS", "x", "its type TASK_FINAL_STATUS takes no value"),
    ],
)
def test_a_value_of_another_type_is_refused(kind, text, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        parameter_values(spec_with(p={"parameterType": kind}), [f"p={text}"])


@pytest.mark.parametrize(
    ("given_words", "run_date", "words"),
    [
        ([], None, "without a default and without a value: bucket. Give --param bucket=VALUE"),
        (["bukcet=b"], None, "no parameter 'bukcet' (did you mean 'bucket'?). It has: bucket"),
        (["bucket"], None, "--param takes KEY=VALUE"),
        (["=b"], None, "--param takes KEY=VALUE"),
        (["bucket=b", "bucket=c"], None, "--param bucket is given twice"),
        (["bucket={{$.pipeline_root}}"], None, "no backend fills in {{...}}"),
        (["bucket=b", "run_date=2026-03-01"], "2026-03-01", "say the same. Keep one"),
        (["bucket=b", "run_date=garbage"], None, "--param run_date must be a day such as 2026-03"),
        (["bucket=b", "run_date=2026-02-30"], None, "--param run_date must be a day"),
        (["bucket=b", "run_date=1970-01-01"], None, "--param run_date must be a day"),
        (["bucket=b"], "2026-02-30", "--run-date must be a day such as 2026-03-01, got"),
        (["bucket=b"], "1970-01-01", "--run-date must be a day such as 2026-03-01, got"),
        (["bucket=b"], "20260301", "--run-date must be a day"),
        (["bucket=b"], "yesterday", "--run-date must be a day"),
    ],
)
def test_what_is_missing_unknown_or_given_twice_is_named(given_words, run_date, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        parameter_values(small_spec("vertex"), given_words, run_date=run_date)


def test_a_run_date_for_a_pipeline_that_goes_by_no_day_is_refused():
    spec = spec_with(n={"parameterType": "STRING", "defaultValue": ""})
    with pytest.raises(ConfigError, match=r"has no parameter 'run_date'. It has: n."):
        parameter_values(spec, [], run_date="2026-03-01")


def test_the_same_run_may_have_come_back_with_other_number_types():
    check_same_parameters("r", {"epochs": 3.0, "b": "x"}, {"b": "x", "epochs": 3})


def test_another_run_of_the_same_name_is_told_by_its_parameters():
    with pytest.raises(ConfigError, match=r"'r' is there already with other .*: a, c\. Take"):
        check_same_parameters("r", {"a": 1, "b": 2}, {"a": 2, "b": 2, "c": 3})
