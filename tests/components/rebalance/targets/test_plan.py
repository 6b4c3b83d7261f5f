"""From counts to a decision per row: exact, and the same however the shards are grouped."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.targets import plan as plan_module
from tfx_rebalance.components.rebalance.targets.plan import (
    SplitPlan,
    copies_per_row,
    counts_of,
    grown_class,
    output_shards,
    priors,
    resampled_class,
    row_draws,
    with_cuts,
)
from tfx_rebalance.draws import shard_row_keys

SEEDS = st.integers(0, 2**40)
UNLABELLED = -1


@st.composite
def labelled(draw):
    """Returns (labels, targets): up to 3 classes, rows without one; targets they allow."""
    labels = np.array(draw(st.lists(st.integers(-1, 2), min_size=1, max_size=60)), dtype=np.int64)
    rows = counts_of(labels, "abc")[:-1].tolist()
    return labels, [draw(st.integers(0, 4 * n)) for n in rows]


def draws_of(labels, seed):
    return row_draws(shard_row_keys(0, len(labels)), seed=seed)


def plan_for(labels, draws, targets, *, upweight=False, pass_on=False):
    """Returns the plan of a split in memory: a cut is the n-th smallest of a class's draws."""
    rows = counts_of(labels, targets).tolist()
    classes = [
        resampled_class(n, target, upweight=upweight)
        for n, target in zip(rows, targets, strict=False)
    ]
    cuts = {
        i: np.sort(draws[labels == i])[of_class.extra - 1]
        for i, of_class in enumerate(classes)
        if of_class.extra
    }
    return with_cuts(SplitPlan(tuple(classes), rows[-1], pass_on, shards=1), cuts)


@given(rows=labelled(), seed=SEEDS, pass_on=st.booleans())
def test_each_class_gets_exactly_its_target(rows, seed, pass_on):
    labels, targets = rows
    draws = draws_of(labels, seed)
    plan = plan_for(labels, draws, targets, pass_on=pass_on)
    copies = copies_per_row(labels, draws, plan)
    emitted = np.repeat(labels, copies)
    assert [int((emitted == i).sum()) for i in range(3)] == targets
    assert len(emitted) == plan.rows


@given(rows=labelled(), seed=SEEDS, pass_on=st.booleans())
def test_rows_without_a_label_are_all_dropped_or_all_passed_on_once(rows, seed, pass_on):
    labels, targets = rows
    draws = draws_of(labels, seed)
    copies = copies_per_row(labels, draws, plan_for(labels, draws, targets, pass_on=pass_on))
    assert set(copies[labels == UNLABELLED].tolist()) <= {int(pass_on)}


@given(rows=labelled(), seed=SEEDS)
def test_no_row_is_emitted_more_than_once_oftener_than_another_of_its_class(rows, seed):
    labels, targets = rows
    draws = draws_of(labels, seed)
    copies = copies_per_row(labels, draws, plan_for(labels, draws, targets))
    for label, target in enumerate(targets):
        of_class = copies[labels == label]
        if len(of_class):
            assert set(of_class.tolist()) <= {target // len(of_class), target // len(of_class) + 1}


@given(rows=labelled(), seed=SEEDS)
def test_a_plan_says_how_many_rows_are_removed_and_kept(rows, seed):
    labels, targets = rows
    draws = draws_of(labels, seed)
    plan = plan_for(labels, draws, targets)
    copies = copies_per_row(labels, draws, plan)
    for label, of_class in enumerate(plan.classes):
        assert of_class.removed == int((copies[labels == label] == 0).sum())
        assert of_class.kept == int((copies[labels == label] > 0).sum())


@given(rows=labelled(), seed=SEEDS)
def test_upweighted_classes_keep_their_mass(rows, seed):
    labels, targets = rows
    for of_class in plan_for(labels, draws_of(labels, seed), targets, upweight=True).classes:
        if of_class.after:
            assert of_class.after * of_class.weight == pytest.approx(of_class.before, rel=1e-6)


@given(rows=labelled(), seed=SEEDS)
def test_without_upweight_every_row_weighs_one(rows, seed):
    labels, targets = rows
    plan = plan_for(labels, draws_of(labels, seed), targets)
    assert {of_class.weight for of_class in plan.classes} == {1.0}


@given(rows=labelled(), seed=SEEDS, data=st.data())
def test_any_grouping_of_shards_over_workers_gives_the_same_decisions(rows, seed, data):
    labels, targets = rows
    cuts = sorted(data.draw(st.lists(st.integers(0, len(labels)), max_size=4)))
    shards = np.split(labels, cuts)
    draws = [row_draws(shard_row_keys(i, len(s)), seed=seed) for i, s in enumerate(shards)]
    together = np.concatenate(draws)
    plan = plan_for(labels, together, targets)
    alone = [copies_per_row(s, d, plan) for s, d in zip(shards, draws, strict=True)]
    assert np.concatenate(alone).tolist() == copies_per_row(labels, together, plan).tolist()


def test_a_larger_target_keeps_what_a_smaller_one_kept():
    labels = np.zeros(100, dtype=np.int64)
    draws = draws_of(labels, 0)
    few, more = (copies_per_row(labels, draws, plan_for(labels, draws, [n])) for n in (20, 30))
    assert (few <= more).all()


def test_another_seed_keeps_other_rows():
    labels = np.zeros(1000, dtype=np.int64)
    kept = []
    for seed in (0, 1):
        draws = draws_of(labels, seed)
        kept.append(copies_per_row(labels, draws, plan_for(labels, draws, [500])))
    # Two unrelated halves share a quarter of the rows: hypergeometric.
    shared = np.count_nonzero(kept[0] & kept[1])
    assert abs(shared - 250) <= 4 * np.sqrt(1000 / 16)


@pytest.mark.parametrize("make", [lambda: resampled_class(0, 3, upweight=False),
                                  lambda: grown_class(0, 3)])  # fmt: skip
def test_rows_of_a_class_without_any_are_refused(make):
    with pytest.raises(ValueError, match=r"0.* got 3"):
        make()


@given(rows=st.integers(0, 10**9), more=st.integers(0, 10**9))
def test_a_class_that_grows_keeps_every_row_and_gets_the_rest_anew(rows, more):
    plan = grown_class(rows, rows + more if rows else 0)
    assert (plan.kept, plan.whole, plan.extra, plan.removed) == (rows, 1, 0, 0)
    assert plan.after == plan.before + plan.born


def test_a_class_that_grows_cannot_shrink():
    with pytest.raises(ValueError, match=r"target must be at least 5 .* got 4"):
        grown_class(5, 4)


@given(
    rows=st.integers(0, 10**9),
    shards=st.integers(1, 5000),
    bytes_per_row=st.floats(0, 10**6),
)
def test_output_shards_are_no_larger_than_they_may_and_as_many_as_the_inputs(
    rows, shards, bytes_per_row
):
    made = output_shards(rows=rows, shards=shards, bytes_per_row=bytes_per_row)
    assert 1 <= made <= max(1, rows)
    assert made >= min(shards, max(1, rows))
    if made < rows:
        assert rows * bytes_per_row / made <= plan_module.SHARD_BYTES
        # No more than that takes: with one less they would be too large, or fewer than came.
        fewer = made - 1
        assert made == shards or rows * bytes_per_row > fewer * plan_module.SHARD_BYTES


@given(labels=st.lists(st.integers(-1, 3)))
def test_counts_have_a_place_for_each_class_and_one_for_no_label(labels):
    counted = Counter(labels)
    found = counts_of(np.array(labels, dtype=np.int64), "abcd")
    assert found.tolist() == [*(counted[i] for i in range(4)), counted[UNLABELLED]]


@given(counts=st.dictionaries(st.text(), st.integers(0, 10**9), min_size=1))
def test_priors_sum_to_one_or_there_are_none(counts):
    if sum(counts.values()):
        assert sum(priors(counts).values()) == pytest.approx(1)
    else:
        with pytest.raises(ValueError, match="counts must have a positive sum"):
            priors(counts)
