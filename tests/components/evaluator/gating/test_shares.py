"""Verdicts on shares against scipy's exact test, and the rows that would settle them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tfx_rebalance.components.evaluator.gating.shares import (
    Rule,
    bounds,
    judge,
    p_value,
    rows_needed,
)

BARS = st.floats(0.05, 1)
RULES = st.builds(
    Rule,
    bar=BARS,
    confidence=st.floats(0.6, 0.99),
    interval=st.sampled_from(["clopper_pearson", "wilson"]),
    fewest=st.integers(1, 50),
    factor=st.none() | st.floats(1, 50),
)


@st.composite
def shares(draw, most=500):
    rows = draw(st.integers(1, most))
    return draw(st.integers(0, rows)), rows


@given(share=shares(), bar=BARS)
def test_the_p_value_is_scipys_exact_one_sided_one(share, bar):
    theirs = binomtest(*share, p=bar, alternative="less").pvalue
    assert p_value(*share, bar=bar) == pytest.approx(theirs, abs=1e-9)


@given(share=shares(), bar=st.floats(0.05, 0.99), confidence=st.floats(0.6, 0.99))
def test_with_exact_bounds_the_verdicts_are_those_of_two_exact_tests(share, bar, confidence):
    verdict = judge(*share, Rule(bar, confidence=confidence))
    shown = binomtest(*share, p=bar, alternative="greater").pvalue
    refuted = binomtest(*share, p=bar, alternative="less").pvalue
    level = 1 - confidence
    if min(abs(shown - level), abs(refuted - level)) > 1e-9:
        expected = "pass" if shown <= level else "fail" if refuted <= level else "insufficient"
        assert verdict == expected


@given(share=shares(), rule=RULES)
def test_a_verdict_says_what_the_bounds_say(share, rule):
    verdict = judge(*share, rule)
    found = bounds(*share, confidence=rule.confidence, interval=rule.interval)
    assert found.low <= share[0] / share[1] <= found.high
    if verdict == "pass":
        assert found.low >= rule.bar - 1e-9
        assert share[1] >= rule.fewest
    if verdict == "fail":
        assert found.high < rule.bar
        assert share[1] >= rule.fewest


@given(share=shares(), rule=RULES)
def test_a_correction_only_ever_spares_a_cell(share, rule):
    harder = replace(rule, factor=(rule.factor or 1) * 2)
    assert (judge(*share, rule), judge(*share, harder)) in {
        ("pass", "pass"),
        ("fail", "fail"),
        ("fail", "insufficient"),
        ("insufficient", "insufficient"),
    }


@pytest.mark.parametrize(
    ("hits", "rows", "verdict", "needed"),
    [
        (20, 20, "pass", 0),
        (19, 20, "insufficient", 3),
        (16, 20, "insufficient", None),
        (12, 20, "fail", 0),
        (0, 0, "insufficient", 14),
    ],
)
def test_twenty_rows_at_a_bar_of_eight_tenths(hits, rows, verdict, needed):
    assert judge(hits, rows, Rule(0.8)) == verdict
    assert rows_needed(hits, rows, Rule(0.8)) == needed


def test_wilson_shows_with_nineteen_of_twenty_what_clopper_pearson_does_not():
    assert judge(19, 20, Rule(0.8, interval="wilson")) == "pass"


def test_a_share_as_high_as_its_bar_is_never_settled():
    assert rows_needed(7, 10, Rule(0.7)) is None
    assert rows_needed(7000, 10000, Rule(0.7)) is None


def test_below_the_fewest_rows_nothing_is_judged_and_those_are_needed():
    rule = Rule(0.5, fewest=30)
    assert judge(12, 12, rule) == "insufficient"
    assert rows_needed(12, 12, rule) == 18


@given(share=shares(most=200), rule=RULES)
def test_so_many_more_rows_settle_it_and_one_fewer_do_not(share, rule):
    hits, rows = share
    needed = rows_needed(hits, rows, rule)
    if needed is None:
        # Only what is as good as the bar, or a bar that no number of rows can prove.
        assert abs(hits / rows - rule.bar) < 1e-3
    elif needed:
        after = rows + needed
        assert judge(hits / rows * after, after, rule) != "insufficient"
        assert judge(hits / rows * (after - 1), after - 1, rule) == "insufficient"
    else:
        assert judge(hits, rows, rule) != "insufficient"
