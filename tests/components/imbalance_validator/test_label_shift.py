"""Classes that change their share, and labels that are new."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.imbalance_validator.label_shift import label_shift, unknown_labels
from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings

judge = partial(
    label_shift, other="previous", bars=ValidateSettings().label_shift, false_alarm=0.01
)


def verdicts(now, before):
    return {check.subject: check.verdict for check in judge(now, before)}


@pytest.mark.parametrize("rows", [5_000, 1_000_000])
def test_a_tenfold_shift_stops_in_both_directions(rows):
    rare, common = (
        {"a": rows - rows // 200, "b": rows // 200},
        {"a": rows - rows // 20, "b": rows // 20},
    )
    assert verdicts(rare, common) == verdicts(common, rare) == {"a": "ok", "b": "stop"}


def test_a_class_that_vanished_or_appeared_stops_with_a_finite_factor():
    some, none = {"a": 900, "b": 100}, {"a": 1000, "b": 0}
    for now, before in ((some, none), (none, some)):
        checks = {check.subject: check for check in judge(now, before)}
        assert checks["b"].verdict == "stop"
        assert 3 < checks["b"].value < 100


def test_two_rows_that_vanish_are_no_shift():
    assert set(verdicts({"a": 998, "b": 2}, {"a": 1000, "b": 0}).values()) == {"ok"}


@given(
    now=st.tuples(st.integers(0, 500), st.integers(1, 500)),
    before=st.tuples(st.integers(0, 500), st.integers(1, 500)),
)
def test_the_factor_is_the_same_both_ways_and_less_than_that_of_the_shares(now, before):
    one, other = (dict(zip("ab", counts, strict=True)) for counts in (now, before))
    there, back = judge(one, other), judge(other, one)
    assert [c.value for c in there] == pytest.approx([c.value for c in back])
    for check in there:
        shares = [counts[check.subject] / sum(counts.values()) for counts in (one, other)]
        if all(shares):
            assert 1 <= check.value <= max(shares[0] / shares[1], shares[1] / shares[0]) + 1e-9


def test_false_alarms_are_as_rare_as_asked():
    chance, alarms, runs = np.random.default_rng(0), 0, 400
    for _ in range(runs):
        now, before = (
            dict(zip("abc", chance.multinomial(n, [0.9, 0.08, 0.02]).tolist(), strict=True))
            for n in (400, 3000)
        )
        alarms += any(c.value > 1 for c in judge(now, before, false_alarm=0.1))
    assert alarms / runs <= 0.1 + 4 * np.sqrt(0.1 * 0.9 / runs)


@pytest.mark.parametrize("counts", [(None, {"a": 1}), ({"a": 1}, None), ({"a": 1}, {"a": 0})])
def test_what_is_not_measured_says_so(counts):
    [check] = judge(*counts)
    assert (check.verdict, check.sentence[:14]) == ("ok", "not measured: ")


def test_serving_labels_without_rows_in_train_are_listed_with_counts():
    known = {"a": 5, "b": 0}
    serving = {"a": 9, "b": 3, "c": 7, "d": 0}
    [check] = unknown_labels(serving, known, split="serving", mode="warn")
    assert check.sentence == "serving has 2 labels that training never saw: 'c' (7), 'b' (3)"
    assert (check.value, check.verdict) == (2, "warn")
    [check] = unknown_labels(serving, known, split="train", mode="stop")
    assert check.sentence == "train has 1 label outside the label's domain: 'c' (7)"
    assert check.verdict == "stop"


def test_no_new_labels_and_no_labels_at_all_are_told_apart():
    [none] = unknown_labels({"a": 1}, {"a": 5}, split="serving", mode="stop")
    [unlabelled] = unknown_labels(None, {"a": 5}, split="serving", mode="stop")
    assert (none.verdict, unlabelled.verdict) == ("ok", "ok")
    assert none.value == 0
    assert unlabelled.sentence.startswith("not measured: ")
