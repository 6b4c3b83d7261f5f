"""SMOTE, then the rows that their neighbours outvote taken out, old and new ones together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.under_sampling import EditedNearestNeighbours
from support.smote_family import SEEDS, assert_same, overlapping, splits, with_new_rows
from support.splits import split_of, wanted_of

from tfx_rebalance.components.rebalance.strategies.smote_enn import SMOTEENN
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    around_class,
    class_draws,
    smote_pairs,
)


def judged(strategy, split, new, *, seed=0):
    """Returns the verdict on class 1 growing by `new` rows, and all of SMOTE's pairs."""
    target = int(np.count_nonzero(split.labels == 1)) + new
    draws = class_draws(split, 1, seed=seed)
    pairs = smote_pairs(around_class(split, 1, k=5), new, draws=draws).pairs
    wanted = wanted_of(split, targets={1: target}, seed=seed)
    return strategy.judged(split, wanted), pairs


@given(split=splits(), new=st.integers(1, 60), seed=SEEDS)
def test_what_stays_are_rows_and_pairs_of_smote_and_some_of_each_class(split, new, seed):
    verdict, pairs = judged(SMOTEENN(), split, new, seed=seed)
    stay = np.isin(pairs.gap, verdict.pairs[1].gap)
    assert_same(pairs.take(stay), verdict.pairs[1])
    left = np.append(split.labels[verdict.kept], np.ones(len(verdict.pairs[1])))
    assert set(left.tolist()) == set(split.labels.tolist())


@pytest.mark.parametrize("kind_sel", ["all", "mode"])
@pytest.mark.parametrize("n_neighbors", [3, 5])
def test_what_goes_is_what_imbalanced_learn_takes_from_the_same_rows(kind_sel, n_neighbors):
    split = split_of(*overlapping(rows=300))
    strategy = SMOTEENN(n_neighbors=n_neighbors, kind_sel=kind_sel)
    verdict, pairs = judged(strategy, split, 150)
    reference = EditedNearestNeighbours(
        sampling_strategy="all", n_neighbors=n_neighbors, kind_sel=kind_sel
    )
    reference.fit_resample(*with_new_rows(split, pairs))
    expected = np.zeros(450, dtype=bool)
    expected[reference.sample_indices_] = True
    assert verdict.kept.tolist() == expected[:300].tolist()
    assert_same(verdict.pairs[1], pairs.take(expected[300:]))


def test_no_row_that_stays_was_outvoted():
    split = split_of(*overlapping(rows=300))
    verdict, pairs = judged(SMOTEENN(), split, 150)
    numeric, labels = with_new_rows(split, pairs)
    stay = np.append(verdict.kept, np.isin(pairs.gap, verdict.pairs[1].gap))
    for row in range(len(labels)):
        distances = np.linalg.norm(numeric - numeric[row], axis=1)
        distances[row] = np.inf
        nearest = np.argsort(distances)[:3]
        assert stay[row] == (labels[nearest] == labels[row]).all()


def test_a_class_of_one_row_is_repeated():
    split = split_of([[0.0], [1.0], [2.0], [3.0], [90.0]], [0, 0, 0, 0, 1])
    verdict, _ = judged(SMOTEENN(), split, 3)
    assert verdict.kept.all()
    assert len(verdict.pairs[1]) == 3
