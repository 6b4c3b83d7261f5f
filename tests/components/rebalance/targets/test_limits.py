"""Shares against a search over all whole numbers, and what limits do to targets."""

import operator
import re
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.targets.limits import Limited, Limits, limited, set_aside
from tfx_rebalance.components.rebalance.targets.sampling_strategy import (
    oversampled,
    undersampled,
    wanted,
)
from tfx_rebalance.errors import ConfigError, DataError

WAYS = {"undersample": undersampled, "oversample": oversampled}
TINY = {"no": 100, "yes": 20, "seldom": 2, "never": 0}
both_ways = pytest.mark.parametrize("sampler", WAYS)


def classes(sizes):
    return {f"class {i}": n for i, n in enumerate(sizes)}


COUNTS = st.lists(st.integers(0, 60), min_size=2, max_size=5).filter(any).map(classes)


@st.composite
def rows_and_tenths(draw, *, left_out):
    """Draws rows per class and tenths of all rows, of all classes or of all but the last."""
    rows = draw(st.lists(st.integers(1, 5), min_size=2, max_size=3 + left_out))
    cut = st.sets(st.integers(1, 9), min_size=len(rows) - 1, max_size=len(rows) - 1)
    tenths = [b - a for a, b in pairwise([0, *sorted(draw(cut)), 10])]
    return rows, tenths[:-1] if left_out else tenths


def best_split(total, exact):
    """Returns the whole numbers of that sum nearest to `exact`, by trying all of them."""
    firsts = product(range(total + 1), repeat=len(exact) - 1)
    splits = [(*first, total - sum(first)) for first in firsts if sum(first) <= total]
    splits.sort(reverse=True)  # Of equally near ones that with more rows in the first class.
    return min(splits, key=lambda s: sum((a - b) ** 2 for a, b in zip(s, exact, strict=True)))


def reached(sampler, rows, targets):
    """Returns whether the sampler can do that, no class emptied."""
    grows = sampler == "oversample"
    return all(n <= t if grows else 1 <= t <= n for n, t in zip(rows, targets, strict=False))


def outcome(sampler, rows, tenths):
    """Returns the targets of the classes named, or None if they are refused."""
    try:
        shares = classes(n / 10 for n in tenths)
        targets = WAYS[sampler](classes(rows), dict(reversed(shares.items())))
    except ConfigError:
        return None
    assert list(targets.values())[len(tenths) :] == rows[len(tenths) :]
    return tuple(targets.values())[: len(tenths)]


@both_ways
@given(drawn=rows_and_tenths(left_out=True))
def test_shares_beside_a_class_left_out_are_the_nearest_whole_numbers(sampler, drawn):
    rows, tenths = drawn
    exact = [Fraction(n * rows[-1], 10 - sum(tenths)) for n in tenths]
    total = min(range(50), key=lambda n: (abs(n - sum(exact)), n % 2))
    best = best_split(total, exact)
    assert outcome(sampler, rows, tenths) == (best if reached(sampler, rows, best) else None)


@both_ways
@given(drawn=rows_and_tenths(left_out=False))
def test_shares_of_all_classes_take_the_least_or_most_rows_that_can_be(sampler, drawn):
    rows, tenths = drawn
    grows, pairs = sampler == "oversample", list(zip(rows, tenths, strict=True))
    fits = operator.ge if grows else operator.le
    fit = [t for t in range(51) if all(fits(n * t, 10 * r) for r, n in pairs)]
    total = min(fit) if grows else max(fit)
    exact = any(n * total == 10 * r for r, n in pairs)
    totals = [total] if exact else [total + (-1 if grows else 1), total]
    splits = [best_split(t, [Fraction(n * t, 10) for n in tenths]) for t in totals]
    best = next((split for split in splits if reached(sampler, rows, split)), None)
    assert outcome(sampler, rows, tenths) == best


@both_ways
@given(
    rows=st.lists(st.integers(1, 10**7), min_size=2, max_size=8),
    parts=st.lists(st.integers(1, 1000), min_size=8, max_size=8),
    left_out=st.booleans(),
)
def test_a_share_is_less_than_a_row_and_a_half_off(sampler, rows, parts, left_out):
    named = len(rows) - left_out
    shares = classes(n / sum(parts[: len(rows)]) for n in parts[:named])
    with suppress(ConfigError):
        targets = WAYS[sampler](classes(rows), shares)
        total = sum(targets.values())
        assert reached(sampler, rows, targets.values())
        assert all(abs(targets[c] - share * total) < 1.5 for c, share in shares.items())


@both_ways
@given(rows=st.lists(st.integers(1, 10**6), min_size=2, max_size=6))
def test_to_ask_for_the_shares_there_are_changes_nothing(sampler, rows):
    counts = classes(rows)
    shares = {label: n / sum(rows) for label, n in counts.items()}
    assert WAYS[sampler](counts, shares) == counts
    del shares["class 0"]
    assert WAYS[sampler](counts, shares) == counts


@both_ways
@pytest.mark.parametrize("thirds", [(0.3333, 0.3333, 0.3334), (0.333333,) * 3, (1 / 3,) * 3])
def test_a_third_may_be_written_short(sampler, thirds):
    assert WAYS[sampler](classes([10] * 3), classes(thirds)) == classes([10] * 3)


@both_ways
@given(
    rows=st.lists(st.integers(1, 10**6), min_size=2, max_size=4),
    share=st.floats(1e-7, 0.999),
    all_named=st.booleans(),
)
@example(rows=[10**6, 1], share=0.5, all_named=False)
def test_the_share_that_a_refusal_allows_is_not_refused(sampler, rows, share, all_named):
    counts = classes(rows)
    rest = {c: (1 - share) * counts[c] / sum(rows[1:]) for c in list(counts)[1:]}
    shares = {"class 0": share, **(rest if all_named else {})}
    if refused := refused_share(sampler, counts, shares):
        label, allowed = refused[0], float(refused[1])
        scale = (1 - allowed) / (1 - shares[label]) if all_named else 1
        shares = {c: n * scale for c, n in shares.items()} | {label: allowed}
        again = refused_share(sampler, counts, shares)
        assert not again or (all_named and again[0] != label)


def refused_share(sampler, counts, shares):
    """Returns the class and the share allowed, or None if nothing is refused."""
    try:
        WAYS[sampler](counts, shares)
    except ConfigError as error:
        [found] = re.findall(r"of '(.*?)', .* Allowed: at \w+ ([\d.]+), the other", str(error))
        return found
    return None


def refusal(way, counts, strategy):
    with pytest.raises(ConfigError) as error:
        way(counts, strategy)
    return str(error.value)


def test_a_share_out_of_reach_is_refused_with_the_share_now_and_what_is_allowed():
    counts = {"no": 100, "yes": 20}
    assert refusal(oversampled, counts, {"yes": 0.1}) == (
        "rebalance.sampling_strategy asks oversample for a share of 0.1 of 'yes', 11 rows; it has "
        "20, a share of 0.1667 now. Allowed: at least 0.1667, the other shares as they are; or use "
        "undersample."
    )
    assert refusal(undersampled, counts, {"yes": 0.5}).endswith(
        "Allowed: at most 0.1666, the other shares as they are; or use oversample."
    )
    assert refusal(undersampled, counts, {"yes": 0.001, "no": 0.999}) == (
        "rebalance.sampling_strategy asks undersample for a share of 0.001 of 'yes', 0 rows; it "
        "has 20, a share of 0.1667 now. Allowed: at least 0.009901, the other shares in "
        "proportion; or give rows per class."
    )


def test_shares_with_a_wrong_sum_are_refused_with_the_shares_now():
    counts = {"no": 60, "yes": 20, "never": 0}
    assert refusal(oversampled, counts, {"no": 0.6, "yes": 0.3}) == (
        "rebalance.sampling_strategy has shares with a sum of 0.9 and leaves no class with rows "
        "out (shares now: 'no' 0.75, 'yes' 0.25). Allowed: a sum of 1; or leave out a class that "
        "is to keep its rows."
    )
    assert refusal(oversampled, {**counts, "never": 20}, {"no": 0.6, "yes": 0.4}) == (
        "rebalance.sampling_strategy has shares with a sum of 1, but leaves out 'never', to keep "
        "20 rows (a share of 0.2 now). Allowed: a sum below 1; or name every class with rows."
    )


def test_a_class_grows_to_max_growth_times_its_rows_at_most():
    limits = Limits(max_growth=1.15, min_class_size=0)
    done = limited({"no": 50, "yes": 90}, counts={"no": 100, "yes": 20}, limits=limits)
    note = "Held at 23 rows instead of 90: it has 20, and max_growth is 1.15."
    assert done == Limited(targets={"no": 50, "yes": 23}, notes={"yes": note})


@given(counts=COUNTS, data=st.data(), growth=st.none() | st.floats(1, 9), size=st.integers(0, 9))
def test_limits_change_only_what_they_name(counts, data, growth, size):
    targets = {c: data.draw(st.integers(0, 500)) if n else 0 for c, n in counts.items()}
    done = limited(targets, counts=counts, limits=Limits(max_growth=growth, min_class_size=size))
    assert list(done.targets) == list(counts)
    for label, rows in counts.items():
        small, target = 0 < rows < size, done.targets[label]
        assert target == rows if small else rows <= target or target == targets[label]
        assert (small or target != targets[label]) == (label in done.notes)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"max_growth must be finite and >= 1, or None, got 0\.9"):
        Limits(max_growth=0.9, min_class_size=0)
    with pytest.raises(ValueError, match="every class that is not set aside, not 'b'"):
        limited({"a": 1}, counts={"a": 1, "b": 1}, limits=Limits(None, min_class_size=0))


def test_small_classes_are_set_aside_and_empty_ones_are_not():
    assert set_aside(TINY, 3) == {"no": 100, "yes": 20, "never": 0}
    assert set_aside(TINY, 2) == TINY
    assert set_aside(TINY, 100) == {"no": 100, "never": 0}


def test_a_size_that_no_class_has_is_refused():
    with pytest.raises(ConfigError) as error:
        set_aside(TINY, 101)
    assert str(error.value) == (
        "rebalance.min_class_size 101 leaves no class to resample: the largest, 'no', has 100 "
        "rows. Allowed: up to 100; or use strategy: none."
    )
    with pytest.raises(DataError, match="no rows to resample: 'a', 'b' have 0 each"):
        set_aside({"a": 0, "b": 0}, 0)


def test_a_class_left_alone_is_not_what_others_are_cut_or_raised_to():
    def ends_at(how, strategy):
        done = wanted(TINY, strategy=strategy, how=how, limits=Limits(3, min_class_size=3))
        assert done.notes["seldom"] == "Left alone: it has 2 rows, and min_class_size is 3."
        return done.targets

    assert ends_at(undersampled, "auto") == {"no": 20, "yes": 20, "seldom": 2, "never": 0}
    assert ends_at(undersampled, 0.5) == {"no": 40, "yes": 20, "seldom": 2, "never": 0}
    shares = {"no": 0.75, "yes": 0.25}
    assert ends_at(undersampled, shares) == {"no": 60, "yes": 20, "seldom": 2, "never": 0}
    assert ends_at(oversampled, "auto") == {"no": 100, "yes": 60, "seldom": 2, "never": 0}


def test_a_class_set_aside_or_empty_cannot_be_asked_for():
    def ask(_, strategy):
        limits = Limits(max_growth=None, min_class_size=3)
        return wanted(TINY, strategy=strategy, how=oversampled, limits=limits)

    assert refusal(ask, TINY, {"yes": 30, "seldom": 5}) == (
        "rebalance.sampling_strategy names 'seldom', which has 2 rows and is left alone: "
        "rebalance.min_class_size is 3. Allowed: classes of that size. Leave it out, or set "
        "min_class_size to 2."
    )
    assert "of 'never', which has 0 rows. Allowed: 'no', 'yes'." in refusal(ask, TINY, {"never": 5})
