"""The binomial bounds against scipy's, and what holds for them whatever the numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tfx_rebalance.intervals import (
    Share,
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    least_factor,
    positives_to_prove,
    wilson_lower,
    wilson_upper,
)

CONFIDENCES = st.floats(0.5, 0.999)
BARS = st.floats(0.05, 0.99)


@st.composite
def hits_of_trials(draw):
    trials = draw(st.integers(1, 5000))
    return draw(st.integers(0, trials)), trials


@given(counts=hits_of_trials(), confidence=CONFIDENCES)
def test_the_two_sided_interval_is_scipys_exact_one(counts, confidence):
    ours = clopper_pearson(*counts, confidence=confidence)
    theirs = binomtest(*counts).proportion_ci(confidence, method="exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(counts=hits_of_trials(), confidence=CONFIDENCES)
def test_the_lower_bound_is_scipys_one_sided_one(counts, confidence):
    ours = clopper_pearson_lower(*counts, confidence=confidence)
    theirs = binomtest(*counts, alternative="greater").proportion_ci(confidence, method="exact")
    assert ours == pytest.approx(theirs.low, abs=1e-9)


@pytest.mark.parametrize(
    ("method", "lower", "upper"),
    [
        ("exact", clopper_pearson_lower, clopper_pearson_upper),
        ("wilson", wilson_lower, wilson_upper),
    ],
)
@given(counts=hits_of_trials(), confidence=CONFIDENCES)
def test_the_one_sided_bounds_are_scipys(method, lower, upper, counts, confidence):
    low = binomtest(*counts, alternative="greater").proportion_ci(confidence, method=method).low
    high = binomtest(*counts, alternative="less").proportion_ci(confidence, method=method).high
    assert lower(*counts, confidence=confidence) == pytest.approx(low, abs=1e-9)
    assert upper(*counts, confidence=confidence) == pytest.approx(high, abs=1e-9)


@given(counts=hits_of_trials(), confidence=CONFIDENCES)
def test_the_interval_holds_the_observed_share(counts, confidence):
    hits, trials = counts
    interval = clopper_pearson(hits, trials, confidence=confidence)
    assert 0 <= interval.low <= hits / trials <= interval.high <= 1


@given(counts=hits_of_trials(), confidence=CONFIDENCES)
def test_another_hit_raises_the_bound_and_another_miss_lowers_it(counts, confidence):
    hits, trials = counts
    bound = clopper_pearson_lower(hits, trials, confidence=confidence)
    assert clopper_pearson_lower(hits + 1, trials + 1, confidence=confidence) > bound
    assert clopper_pearson_lower(hits, trials + 1, confidence=confidence) <= bound


@given(counts=hits_of_trials(), confidences=st.tuples(CONFIDENCES, CONFIDENCES))
def test_more_confidence_means_a_wider_interval(counts, confidences):
    less, more = (clopper_pearson(*counts, confidence=c) for c in sorted(confidences))
    assert more.low <= less.low + 1e-12
    assert more.high >= less.high - 1e-12


def test_no_trial_says_nothing():
    assert clopper_pearson(0, 0).low == 0
    assert clopper_pearson(0, 0).high == 1
    for lower, upper in (
        (clopper_pearson_lower, clopper_pearson_upper),
        (wilson_lower, wilson_upper),
    ):
        assert (lower(0, 0), upper(0, 0)) == (0, 1)


@pytest.mark.parametrize(("bar", "positives"), [(0.80, 14), (0.90, 29), (0.95, 59)])
def test_so_many_rows_prove_the_usual_bars(bar, positives):
    assert positives_to_prove(bar) == positives


@given(bar=BARS, confidence=CONFIDENCES)
def test_positives_to_prove_is_the_fewest_that_prove(bar, confidence):
    n = positives_to_prove(bar, confidence=confidence)
    assert clopper_pearson_lower(n, n, confidence=confidence) >= bar - 1e-7
    assert clopper_pearson_lower(n - 1, n - 1, confidence=confidence) < bar


@given(bars=st.tuples(BARS, BARS))
def test_a_higher_bar_never_needs_fewer_rows(bars):
    low, high = sorted(bars)
    assert positives_to_prove(low) <= positives_to_prove(high)


@pytest.mark.parametrize(("hits", "trials"), [(-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_are_refused(hits, trials):
    for bound in (clopper_pearson, clopper_pearson_lower, clopper_pearson_upper, wilson_lower):
        with pytest.raises(ValueError, match=r"hits must be in \[0, trials\], got"):
            bound(hits, trials)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 95, float("nan")])
def test_a_confidence_outside_0_and_1_is_refused(confidence):
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got"):
        clopper_pearson(1, 2, confidence=confidence)
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got"):
        positives_to_prove(0.9, confidence=confidence)


@pytest.mark.parametrize("bar", [0, 1, 80, float("nan")])
def test_a_bar_outside_0_and_1_is_refused(bar):
    with pytest.raises(ValueError, match=r"bar must be in \(0, 1\), got"):
        positives_to_prove(bar)


@given(now=hits_of_trials(), before=hits_of_trials(), confidence=CONFIDENCES)
def test_the_least_factor_is_one_where_intervals_meet_and_that_between_them_elsewhere(
    now, before, confidence
):
    now, before = Share(*now), Share(*before)
    factor = least_factor(now, before, confidence=confidence)
    assert factor == least_factor(before, now, confidence=confidence)
    each = (1 + confidence) / 2
    a, b = (clopper_pearson(s.hits, s.trials, confidence=each) for s in (now, before))
    if a.low <= b.high and b.low <= a.high:
        assert factor == 1
    else:
        assert 1 < factor < float("inf")


def test_no_trials_say_nothing_of_a_factor():
    assert least_factor(Share(0, 0), Share(500, 1000)) == 1
