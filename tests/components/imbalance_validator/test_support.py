"""Whether eval can prove the gate's bars at all."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.imbalance_validator.support import support
from tfx_rebalance.intervals import clopper_pearson_lower

judge = partial(support, confidence=0.95, mode="warn")


def test_too_few_rows_are_told_with_what_is_needed():
    [check] = judge({"fraud": 12, "ok": 500}, {"fraud": 0.9, "ok": None})
    assert check.sentence == (
        "with 12 rows of 'fraud' in eval no model can show a recall of 0.9 at 95 % confidence; "
        "29 are needed"
    )
    assert (check.value, check.bar, check.verdict) == (12, 29, "warn")
    assert judge({"fraud": 12}, {"fraud": 0.9}, mode="stop")[0].verdict == "stop"


@given(rows=st.integers(0, 200), bar=st.floats(0.01, 0.99), confidence=st.floats(0.5, 0.999))
def test_it_warns_exactly_where_no_misses_at_all_are_not_enough(rows, bar, confidence):
    [check] = support({"a": rows}, {"a": bar}, confidence=confidence, mode="warn")
    lower = clopper_pearson_lower(rows, rows, confidence=confidence)
    if abs(lower - bar) > 1e-9:
        assert (check.verdict == "ok") == (lower >= bar)


def test_a_class_that_eval_has_not_is_told_and_a_bar_of_one_cannot_be_proven():
    missing, certain = judge({"b": 10**6}, {"a": 0.5, "b": 1.0})
    assert (missing.value, missing.verdict, certain.verdict) == (0, "warn", "warn")
    assert certain.sentence.endswith("no number of rows is enough")


@pytest.mark.parametrize(
    ("counts", "bars", "mode", "why"),
    [
        (None, {"a": 0.9}, "warn", "nobody counted"),
        ({"a": 1}, {"a": None}, "warn", "no class has a bar"),
        ({"a": 1}, {"a": 0.9}, "off", "validate.support is off"),
    ],
)
def test_what_is_not_measured_says_so(counts, bars, mode, why):
    [check] = judge(counts, bars, mode=mode)
    assert check.verdict == "ok"
    assert check.sentence.startswith(f"not measured: support of eval: {why}")
