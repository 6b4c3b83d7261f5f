"""The bars of the validator: what is left out keeps its default, and nonsense is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tfx_rebalance.components.imbalance_validator.settings import Bars, ValidateSettings


def test_a_bar_left_out_keeps_its_default_and_null_takes_it_away():
    settings = ValidateSettings(imbalance_ratio={"stop": 1000}, drift={"warn": None})
    assert settings.imbalance_ratio == Bars(warn=200, stop=1000)
    assert settings.drift == Bars()


def test_settings_travel_as_json():
    settings = ValidateSettings(label_shift={"warn": None, "stop": 10}, split_skew=None)
    assert ValidateSettings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"imbalance_ratio": {"warn": 10, "stop": 5}},
        {"entropy": {"warn": 0.2, "stop": 0.5}},
        {"drift": {"warning": 1}},
        {"drift": 0.1},
        {"drift": {"warn": -1}},
        {"split_skew": 1},
        {"support": "on"},
        {"previous": ""},
        {"sql": "SELECT 1"},
    ],
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ValidateSettings(**wrong)


@given(value=st.floats(0, 10), warn=st.floats(0, 5), more=st.floats(0, 5))
def test_a_worse_number_has_no_better_verdict_and_the_bar_itself_passes(value, warn, more):
    high, low = Bars(warn=warn, stop=warn + more), Bars(warn=warn + more, stop=warn)
    assert high.verdict(value) == (
        "stop" if value > warn + more else "warn" if value > warn else "ok"
    )
    assert low.verdict(value, bad="low") == (
        "stop" if value < warn else "warn" if value < warn + more else "ok"
    )
    assert Bars().verdict(value) == "ok"


def test_the_bar_shown_is_the_one_passed_or_the_next():
    bars = Bars(warn=1, stop=2)
    assert [bars.shown(bars.verdict(value)) for value in (0, 1.5, 3)] == [1, 1, 2]
    assert Bars(stop=2).shown("ok") == 2
