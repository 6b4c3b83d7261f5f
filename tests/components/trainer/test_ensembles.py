"""Which rows each member sees: counts, what is kept, what is preferred."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.trainer.ensembles import Ensemble, member_rows

COUNTS = st.lists(st.integers(1, 200), min_size=2, max_size=4)


def labels_of(counts, seed=0):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(seed).permutation(labels).astype(np.int64)


@given(COUNTS, st.integers(0, 5), st.sampled_from([1.0, 1.5, 10.0]), st.booleans())
def test_an_undersample_has_at_most_ratio_times_the_rarest(counts, member, ratio, paced):
    method = "self_paced" if paced else "easy_ensemble"
    ensemble, labels = Ensemble(method=method, members=6, ratio=ratio), labels_of(counts)
    hardness = np.random.default_rng(1).random(len(labels)) if paced and member else None
    rows = member_rows(ensemble, member, labels, seed=3, hardness=hardness)
    assert len(np.unique(rows)) == len(rows)
    assert (np.diff(rows) > 0).all()
    wanted = [min(n, int(ratio * min(counts))) for n in counts]
    assert np.bincount(labels[rows], minlength=len(counts)).tolist() == wanted


@given(COUNTS, st.integers(0, 5))
def test_bagging_draws_as_many_rows_of_each_class_as_there_are(counts, member):
    labels = labels_of(counts)
    rows = member_rows(Ensemble(method="bagging"), member, labels, seed=3)
    assert np.bincount(labels[rows]).tolist() == counts


def test_bagging_leaves_out_the_share_of_rows_it_should():
    rows = member_rows(Ensemble(method="bagging"), 0, labels_of([20_000, 20_000]), seed=0)
    assert len(np.unique(rows)) / 40_000 == pytest.approx(1 - np.exp(-1), abs=0.01)


@pytest.mark.parametrize("method", ["easy_ensemble", "bagging"])
def test_members_differ_and_come_again(method):
    ensemble, labels = Ensemble(method=method), labels_of([500, 50])
    first, second = (member_rows(ensemble, m, labels, seed=0) for m in (0, 1))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, member_rows(ensemble, 0, labels, seed=0))
    assert not np.array_equal(first, member_rows(ensemble, 0, labels, seed=1))


def test_the_rarest_class_is_in_every_undersample_whole():
    labels = labels_of([500, 50])
    for member in range(3):
        rows = member_rows(Ensemble(method="easy_ensemble"), member, labels, seed=0)
        assert set(np.flatnonzero(labels == 1)) <= set(rows)


def test_every_frequent_row_is_as_likely_as_another():
    labels, seen = labels_of([200, 50]), np.zeros(250)
    for seed in range(400):
        seen[member_rows(Ensemble(method="easy_ensemble"), 0, labels, seed=seed)] += 1
    of_common = seen[labels == 0] / 400
    assert of_common.mean() == pytest.approx(0.25)
    assert np.abs(of_common - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 400)


def harmonised(hardness, pace, bins):
    """The expected rows of each bin by the paper's formula, where no bin runs short."""
    edges = np.linspace(hardness.min(), hardness.max(), bins + 1)
    of_row = np.clip(np.searchsorted(edges, hardness, side="right") - 1, 0, bins - 1)
    means = np.array([hardness[of_row == b].mean() for b in range(bins)])
    weights = 1 / (means + pace)
    return of_row, weights / weights.sum()


@pytest.mark.parametrize("member", [1, 2, 3])
def test_self_paced_fills_the_bins_of_hardness_as_the_paper_says(member):
    labels = np.repeat([0, 1], [40_000, 1_000]).astype(np.int64)
    hardness = np.random.default_rng(0).random(len(labels))
    ensemble = Ensemble(method="self_paced", members=5, bins=10)
    rows = member_rows(ensemble, member, labels, seed=0, hardness=hardness)
    of_row, shares = harmonised(hardness[:40_000], np.tan(np.pi / 2 * member / 4), 10)
    taken = np.bincount(of_row[rows[rows < 40_000]], minlength=10)
    assert np.abs(taken - 1_000 * shares).max() < 1


def test_the_first_members_prefer_easy_rows_the_last_take_all_bins_alike():
    labels = np.repeat([0, 1], [40_000, 1_000]).astype(np.int64)
    hardness = np.random.default_rng(0).random(len(labels))
    ensemble = Ensemble(method="self_paced", members=5, bins=10)
    means = [
        hardness[
            [r for r in member_rows(ensemble, m, labels, seed=0, hardness=hardness) if r < 40_000]
        ].mean()
        for m in (1, 2, 4)
    ]
    assert means[0] < means[1] < means[2] == pytest.approx(0.5, abs=0.02)


def test_a_bin_that_runs_short_is_made_up_for():
    labels = np.repeat([0, 1], [100, 60]).astype(np.int64)
    hardness = np.concatenate([np.zeros(5), np.ones(95), np.zeros(60)])
    ensemble = Ensemble(method="self_paced", members=3, bins=4)
    rows = member_rows(ensemble, 1, labels, seed=0, hardness=hardness)
    assert np.bincount(labels[rows]).tolist() == [60, 60]
    assert set(range(5)) <= set(rows)  # Easy rows are preferred, and there are only five.


@pytest.mark.parametrize(
    "wrong", [{"members": 1}, {"ratio": 0.5}, {"method": "boosting"}, {"bins": 0}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Ensemble(**{"method": "bagging", **wrong})
