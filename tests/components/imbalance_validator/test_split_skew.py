"""Splits that differ by more than chance are told, others are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tfx_rebalance.components.imbalance_validator.settings import ValidateSettings
from tfx_rebalance.components.imbalance_validator.split_skew import holm, same_share, split_skew
from tfx_rebalance.intervals import Share

SHARES = st.integers(1, 300).flatmap(
    lambda n: st.builds(Share, hits=st.integers(0, n), trials=st.just(n))
)


def verdicts(counts, dependence="", **settings):
    checks = split_skew(counts, ValidateSettings(**settings), dependence=dependence)
    return {c.subject: c.verdict for c in checks}


@given(one=SHARES, other=SHARES)
def test_the_p_value_is_scipys_exact_where_rows_are_few_and_close_elsewhere(one, other):
    table = [[s.hits, s.trials - s.hits] for s in (one, other)]
    exact = stats.fisher_exact(table)[1]
    p = same_share(one, other)
    hits = one.hits + other.hits
    smallest = min(hits, one.trials + other.trials - hits) * min(one.trials, other.trials)
    if smallest < 5 * (one.trials + other.trials):
        assert p == pytest.approx(exact)
    else:
        assert p <= exact + 1e-9 or p == pytest.approx(exact, abs=0.05)


@given(ps=st.lists(st.floats(0, 1), min_size=1, max_size=12), alpha=st.floats(0.001, 0.5))
def test_holm_rejects_step_by_step(ps, alpha):
    adjusted = holm(ps)
    rejected = 0
    for i, p in enumerate(sorted(ps)):
        if p * (len(ps) - i) >= alpha:
            break
        rejected += 1
    assert sum(p < alpha for p in adjusted) == rejected
    assert all(raw <= p <= 1 for raw, p in zip(ps, adjusted, strict=True))


def test_false_alarms_are_as_rare_as_asked():
    chance, alarms, runs = np.random.default_rng(0), 0, 400
    shares = [0.7, 0.25, 0.04, 0.01]
    for _ in range(runs):
        counts = {
            split: dict(zip("abcd", chance.multinomial(n, shares).tolist(), strict=True))
            for split, n in (("train", 2000), ("val", 300), ("eval", 300))
        }
        alarms += "warn" in verdicts(counts, split_skew=0.05).values()
    assert alarms / runs <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / runs)


def test_a_class_in_one_split_only_is_told_and_stops_if_it_is_far():
    counts = {"train": {"a": 900, "b": 100}, "val": {"a": 300, "b": 0}}
    assert verdicts(counts) == {"a: train, val": "warn", "b: train, val": "stop"}
    assert set(verdicts(counts, label_shift={"stop": None}).values()) == {"warn"}


def test_where_rows_depend_on_each_other_it_only_warns_and_says_so():
    counts = {"train": {"a": 900, "b": 100}, "val": {"a": 300, "b": 0}}
    checks = split_skew(counts, ValidateSettings(), dependence="the splits keep groups whole")
    assert {c.verdict for c in checks} == {"warn"}
    assert all("(the splits keep groups whole, so" in c.sentence for c in checks)


def test_what_is_not_measured_says_so():
    counts = {"train": {"a": 9, "b": 1}}
    for check in (
        *split_skew(counts, ValidateSettings()),
        *split_skew(counts | {"val": {"a": 0, "b": 9}}, ValidateSettings(split_skew=None)),
    ):
        assert check.verdict == "ok"
        assert check.sentence.startswith("not measured: ")
