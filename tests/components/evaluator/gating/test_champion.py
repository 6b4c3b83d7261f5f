"""The paired test against brute force: Tango's estimate, exact tails, and its errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binomtest, multinomial

from tfx_rebalance.components.evaluator.gating.champion import (
    EXACT_ROWS,
    Paired,
    difference_lower,
    difference_upper,
    judge_difference,
    least_gained,
    p_value,
    rows_needed,
    score,
    worst_tail,
)

DIFFERENCES = st.floats(-0.6, 0.6).filter(lambda d: abs(d) > 0.01)
CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95])


@st.composite
def pairs(draw, most=60):
    counts = draw(st.lists(st.integers(0, most // 4), min_size=4, max_size=4).filter(any))
    return Paired(*counts)


def mirrored(paired):
    return Paired(paired.both, paired.lost, paired.gained, paired.neither)


def every_outcome(rows):
    """Returns (gained, lost) of all outcomes, each (outcomes,)."""
    gained, lost = np.meshgrid(np.arange(rows + 1), np.arange(rows + 1))
    possible = gained + lost <= rows
    return gained[possible], lost[possible]


@given(paired=pairs(), difference=DIFFERENCES)
def test_the_score_has_the_variance_of_the_likeliest_shares(paired, difference):
    def unlikelihood(lost_share):
        shares = (lost_share + difference, lost_share)
        rest = 1 - sum(shares)
        counts = (paired.gained, paired.lost)
        found = sum(xlogy(n, max(s, 0)) for n, s in zip(counts, shares, strict=True))
        return -(found + xlogy(paired.both + paired.neither, max(rest, 0)))

    low, high = max(0.0, -difference), (1 - difference) / 2
    best = minimize_scalar(unlikelihood, bounds=(low, high), options={"xatol": 1e-10}).x
    excess = paired.gained - paired.lost - paired.rows * difference
    spread = np.sqrt(paired.rows * (2 * best + difference - difference**2))
    found = score(paired.gained, paired.lost, paired.rows, difference=difference)
    if spread > 1e-3:
        assert found == pytest.approx(excess / spread, rel=1e-3, abs=1e-6)


@given(rows=st.integers(1, 40), difference=DIFFERENCES)
def test_the_score_grows_with_every_row_gained_and_every_row_no_longer_lost(rows, difference):
    # Barnard's convexity: because of it the worst case has exactly the tested difference.
    def of(gained, lost):
        return score(gained, lost, rows, difference=difference)

    gained, lost = every_outcome(rows)
    here, room = of(gained, lost), gained + lost < rows
    assert (of(gained + 1, lost)[room] >= here[room] - 1e-9).all()
    assert (of(gained + 1, lost - 1)[lost > 0] >= here[lost > 0] - 1e-9).all()
    assert (of(gained, lost - 1)[lost > 0] >= here[lost > 0] - 1e-9).all()


@given(
    rows=st.integers(1, 25),
    difference=DIFFERENCES,
    value=st.floats(-3, 3),
    place=st.floats(0, 1),
)
def test_a_tail_is_the_sum_over_all_outcomes(rows, difference, value, place):
    discordant = abs(difference) + place * (1 - abs(difference))
    least = least_gained(rows, difference=difference, value=value)
    tail = worst_tail(rows, difference=difference, least=least, shares=np.array([discordant]))
    gained, lost = every_outcome(rows)
    shares = np.clip([discordant + difference, discordant - difference], 0, 2) / 2
    counts = np.stack([gained, lost, rows - gained - lost], axis=1)
    chances = multinomial.pmf(counts, rows, [*shares, 1 - shares.sum()])
    reached = score(gained, lost, rows, difference=difference) >= value - 1e-9
    assert tail == pytest.approx(np.nansum(chances[reached]), abs=1e-6)


@given(paired=pairs(), difference=DIFFERENCES, place=st.floats(0, 1))
def test_no_share_of_discordant_rows_is_worse_than_the_worst(paired, difference, place):
    discordant = abs(difference) + place * (1 - abs(difference))
    value = float(score(paired.gained, paired.lost, paired.rows, difference=difference))
    least = least_gained(paired.rows, difference=difference, value=value)
    there = worst_tail(
        paired.rows, difference=difference, least=least, shares=np.array([discordant])
    )
    assert there <= p_value(paired, difference=difference) + 2e-3


@pytest.mark.parametrize("rows", [20, 50, 200, 1000])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1, 0.2])
def test_its_exact_error_is_at_most_what_it_says_at_any_share(rows, margin):
    gained, lost = every_outcome(rows) if rows <= 50 else sampled(rows)
    passing = [
        (g, lost_)
        for g, lost_ in zip(gained.tolist(), lost.tolist(), strict=True)
        if p_value(Paired(0, g, lost_, rows - g - lost_), difference=-margin) <= 0.05
    ]
    if not passing:
        return
    least_value = min(float(score(g, n, rows, difference=-margin)) for g, n in passing)
    least = least_gained(rows, difference=-margin, value=least_value)
    shares = np.linspace(margin, 1, 2000)
    assert worst_tail(rows, difference=-margin, least=least, shares=shares) <= 0.0505


def sampled(rows):
    """Returns outcomes along lines of equal discordance: all of them would take minutes."""
    gained, lost = [], []
    for discordant in (rows // 20, rows // 8, rows // 3):
        gained.append(np.arange(0, discordant + 1, max(1, discordant // 12)))
        lost.append(discordant - gained[-1])
    return np.concatenate(gained), np.concatenate(lost)


@pytest.mark.parametrize("rows", [EXACT_ROWS + 1, 5000])
@pytest.mark.parametrize("margin", [0.05, 0.1, 0.2])
def test_beyond_the_exact_rows_the_approximation_errs_by_half_a_percent_at_most(rows, margin):
    least = least_gained(rows, difference=-margin, value=1.6448536)
    assert worst_tail(rows, difference=-margin, least=least) <= 0.055


@given(paired=pairs(), confidence=CONFIDENCES)
def test_the_bounds_hold_the_difference_and_are_each_others_mirror(paired, confidence):
    low = difference_lower(paired, confidence=confidence)
    high = difference_upper(paired, confidence=confidence)
    assert -1 <= low <= paired.difference <= high <= 1
    assert difference_upper(mirrored(paired), confidence=confidence) == -low


@given(paired=pairs(), margin=st.floats(0.02, 0.5), confidence=CONFIDENCES)
def test_the_verdict_is_that_of_the_bounds(paired, margin, confidence):
    verdict = judge_difference(paired, margin=margin, confidence=confidence)
    low = difference_lower(paired, confidence=confidence, tested=-margin)
    high = difference_upper(paired, confidence=confidence, tested=-margin)
    expected = "pass" if low >= -margin else "fail" if high <= -margin else "insufficient"
    if -margin not in (low, high):
        assert verdict == expected


def test_without_a_discordant_row_it_is_at_least_the_binomial_test():
    for rows in (10, 28, 29, 100):
        single = binomtest(0, rows, 0.1, alternative="less").pvalue
        assert p_value(Paired(rows, 0, 0, 0), difference=-0.1) >= single - 1e-12
    assert judge_difference(Paired(28, 0, 0, 0), margin=0.1, confidence=0.95) == "insufficient"
    assert judge_difference(Paired(29, 0, 0, 0), margin=0.1, confidence=0.95) == "pass"
    assert rows_needed(Paired(20, 0, 0, 0), margin=0.1, confidence=0.95) == 9


def test_no_row_says_nothing():
    nothing = Paired(0, 0, 0, 0)
    assert nothing.difference is None
    assert difference_lower(nothing, confidence=0.95) == -1
    assert difference_upper(nothing, confidence=0.95) == 1
    assert judge_difference(nothing, margin=0.1, confidence=0.95) == "insufficient"
    assert rows_needed(nothing, margin=0.1, confidence=0.95) == 29


def test_a_difference_of_the_margin_is_never_settled():
    assert rows_needed(Paired(60, 10, 20, 10), margin=0.1, confidence=0.95) is None


@given(paired=pairs(), margin=st.floats(0.05, 0.3))
def test_so_many_more_rows_settle_it(paired, margin):
    needed = rows_needed(paired, margin=margin, confidence=0.95)
    verdict = judge_difference(paired, margin=margin, confidence=0.95)
    assert (needed == 0) == (verdict != "insufficient")
    if needed:
        # Counts are whole, so it is asked of ten times the rows.
        times = 10 * (1 + needed / paired.rows)
        counts = (paired.both, paired.gained, paired.lost, paired.neither)
        more = Paired(*(round(n * times) for n in counts))
        assert judge_difference(more, margin=margin, confidence=0.95) != "insufficient"


def test_losing_what_the_champion_finds_fails_and_gaining_passes():
    assert judge_difference(Paired(50, 0, 40, 10), margin=0.1, confidence=0.95) == "fail"
    assert judge_difference(Paired(50, 40, 0, 10), margin=0.1, confidence=0.95) == "pass"
