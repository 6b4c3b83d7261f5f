"""How uneven classes are, against scipy, and what is said of it."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from tfx_rebalance.components.imbalance_validator.class_skew import (
    class_skew,
    effective_classes,
    entropy,
    imbalance_ratio,
    normalized_entropy,
)
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings

COUNTS = st.dictionaries(st.text(max_size=5), st.integers(0, 10**7), min_size=2, max_size=9)


def checks(counts, **settings):
    return class_skew(counts, ValidateSettings(**settings))


@given(counts=COUNTS)
def test_entropy_is_scipys_and_its_forms_are_in_range(counts):
    assume(sum(counts.values()))
    assert entropy(counts) == pytest.approx(stats.entropy(list(counts.values())), abs=1e-12)
    assert -1e-12 <= normalized_entropy(counts) <= 1 + 1e-12
    assert 1 - 1e-12 <= effective_classes(counts) <= len(counts) + 1e-9


@given(rows=st.integers(1, 10**6), classes=st.integers(2, 9))
def test_balanced_classes_are_as_many_as_they_are(rows, classes):
    counts = {str(i): rows for i in range(classes)}
    assert effective_classes(counts) == pytest.approx(classes)
    assert normalized_entropy(counts) == pytest.approx(1)
    assert imbalance_ratio(counts) == 1


def test_one_in_a_thousand_warns_by_default_and_stops_where_asked():
    counts = {"ok": 100_000, "fraud": 100}
    [ratio] = [c for c in checks(counts) if c.verdict != "ok"]
    assert (ratio.name, ratio.subject, ratio.value) == ("imbalance_ratio", "fraud", 1000)
    assert ratio.sentence == "'ok' has 100,000 rows in train, 'fraud' 100: 1,000 to 1"
    stopped = checks(counts, imbalance_ratio={"stop": 999})
    assert {c.name for c in stopped if c.verdict == "stop"} == {"imbalance_ratio"}


def test_each_bar_judges_its_own_number():
    counts = {"a": 90, "b": 10}
    low = {"smallest_share": 0.11, "entropy": 0.5, "effective_classes": 1.5, "min_class_rows": 11}
    for name, bar in low.items():
        found = checks(counts, **{name: {"warn": bar, "stop": bar}})
        assert {c.name for c in found if c.verdict == "stop"} == {name}


def test_a_class_without_rows_has_no_finite_ratio_and_is_named():
    found = {(c.name, c.subject): c for c in checks({"a": 50, "b": 0})}
    assert math.isinf(imbalance_ratio({"a": 50, "b": 0}))
    assert found["imbalance_ratio", "b"].value is None
    assert found["imbalance_ratio", "b"].verdict == "warn"
    assert "'b' has 0, fewer than 20" in found["min_class_rows", "b"].sentence


def test_no_rows_at_all_stop():
    assert [c.verdict for c in checks({"a": 0, "b": 0})] == ["stop"]
