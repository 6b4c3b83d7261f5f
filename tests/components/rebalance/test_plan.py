"""From counts to a decision per row: exact, and the same however the shards are grouped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.plan import (
    copies_per_row,
    emission_order,
    plan_class,
    priors,
    row_draws,
)
from tfx_rebalance.draws import shard_row_keys

SEEDS = st.integers(0, 2**40)


@st.composite
def labelled(draw):
    """Returns (labels, targets): up to 3 classes, each target possible for its class."""
    labels = np.array(draw(st.lists(st.integers(0, 2), min_size=1, max_size=60)), dtype=np.int64)
    rows = np.bincount(labels, minlength=3).tolist()
    return labels, [draw(st.integers(0, 4 * n)) for n in rows]


def plans_for(labels, draws, targets, *, upweight=False):
    return [
        plan_class(draws[labels == i], target=target, upweight=upweight)
        for i, target in enumerate(targets)
    ]


@given(rows=labelled(), seed=SEEDS)
def test_each_class_gets_exactly_its_target(rows, seed):
    labels, targets = rows
    draws = row_draws(shard_row_keys(0, len(labels)), seed=seed)
    copies = copies_per_row(labels, draws, plans_for(labels, draws, targets))
    assert np.bincount(labels, weights=copies, minlength=3).tolist() == targets


@given(rows=labelled(), seed=SEEDS)
def test_no_row_is_emitted_more_than_once_oftener_than_another_of_its_class(rows, seed):
    labels, targets = rows
    draws = row_draws(shard_row_keys(0, len(labels)), seed=seed)
    copies = copies_per_row(labels, draws, plans_for(labels, draws, targets))
    for label, target in enumerate(targets):
        of_class = copies[labels == label]
        if len(of_class):
            assert set(of_class.tolist()) <= {target // len(of_class), target // len(of_class) + 1}


@given(rows=labelled(), seed=SEEDS)
def test_upweighted_classes_keep_their_mass(rows, seed):
    labels, targets = rows
    draws = row_draws(shard_row_keys(0, len(labels)), seed=seed)
    for plan in plans_for(labels, draws, targets, upweight=True):
        if plan.after:
            assert plan.after * plan.weight == pytest.approx(plan.before, rel=1e-6)


@given(rows=labelled(), seed=SEEDS)
def test_without_upweight_every_row_weighs_one(rows, seed):
    labels, targets = rows
    draws = row_draws(shard_row_keys(0, len(labels)), seed=seed)
    assert {plan.weight for plan in plans_for(labels, draws, targets)} == {1.0}


@given(rows=labelled(), seed=SEEDS, data=st.data())
def test_any_grouping_of_shards_over_workers_gives_the_same_decisions(rows, seed, data):
    labels, targets = rows
    cuts = sorted(data.draw(st.lists(st.integers(0, len(labels)), max_size=4)))
    shards = np.split(labels, cuts)
    draws = [row_draws(shard_row_keys(i, len(s)), seed=seed) for i, s in enumerate(shards)]
    together = np.concatenate(draws)
    plans = plans_for(labels, together, targets)
    alone = [copies_per_row(s, d, plans) for s, d in zip(shards, draws, strict=True)]
    assert np.concatenate(alone).tolist() == copies_per_row(labels, together, plans).tolist()
    order = data.draw(st.permutations(range(len(shards))))
    mixed_labels = np.concatenate([shards[i] for i in order])
    mixed_draws = np.concatenate([draws[i] for i in order])
    assert plans_for(mixed_labels, mixed_draws, targets) == plans


def test_a_larger_target_keeps_what_a_smaller_one_kept():
    draws = row_draws(shard_row_keys(0, 100), seed=0)
    labels = np.zeros(100, dtype=np.int64)
    few, more = (copies_per_row(labels, draws, plans_for(labels, draws, [n])) for n in (20, 30))
    assert (few <= more).all()


def test_another_seed_keeps_other_rows():
    labels = np.zeros(1000, dtype=np.int64)
    kept = []
    for seed in (0, 1):
        draws = row_draws(shard_row_keys(0, 1000), seed=seed)
        kept.append(copies_per_row(labels, draws, plans_for(labels, draws, [500])))
    # Two unrelated halves share a quarter of the rows: hypergeometric.
    shared = np.count_nonzero(kept[0] & kept[1])
    assert abs(shared - 250) <= 4 * np.sqrt(1000 / 16)


def test_rows_of_a_class_without_any_are_refused():
    with pytest.raises(ValueError, match="target must be 0 for a class without rows, got 3"):
        plan_class(np.empty(0, dtype=np.uint64), target=3, upweight=False)


@given(copies=st.lists(st.integers(0, 5), max_size=40), seed=SEEDS)
def test_the_order_of_emission_holds_each_row_as_often_as_it_is_emitted(copies, seed):
    copies = np.array(copies, dtype=np.int64)
    order = emission_order(copies, shard_row_keys(0, len(copies)), seed=seed)
    assert np.bincount(order, minlength=len(copies)).tolist() == copies.tolist()


def test_copies_of_a_row_do_not_lie_side_by_side():
    copies = np.full(100, 10)
    order = emission_order(copies, shard_row_keys(0, 100), seed=0)
    together = np.count_nonzero(order[1:] == order[:-1])
    expected = 999 * 9 / 999  # Chance that a neighbour is one of the other nine copies.
    assert together <= expected + 4 * np.sqrt(expected)


@given(counts=st.dictionaries(st.text(), st.integers(0, 10**9), min_size=1))
def test_priors_sum_to_one_or_there_are_none(counts):
    if sum(counts.values()):
        assert sum(priors(counts).values()) == pytest.approx(1)
    else:
        with pytest.raises(ValueError, match="counts must have a positive sum"):
            priors(counts)
