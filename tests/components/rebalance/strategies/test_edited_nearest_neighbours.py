"""Edited nearest neighbours against imbalanced-learn, and what all cleaners have in common."""

import imblearn.under_sampling
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import mode
from support.splits import (
    AWKWARD,
    REAL,
    all_but_the_smallest,
    assert_kept,
    counts_of,
    grids,
    kept_by,
    mixed,
    one_hot,
    parameters_of,
    real_split,
    split_of,
    wanted_of,
)

from tfx_rebalance.components.rebalance.strategies.edited_nearest_neighbours import (
    EditedNearestNeighbours,
    most_common,
    others_near,
    smallest_class,
)
from tfx_rebalance.errors import ConfigError

BOTH_KINDS = pytest.mark.parametrize("kind", ["all", "mode"])
K = st.integers(1, 6)


def imbalanced_learn(chosen, **parameters):
    return imblearn.under_sampling.EditedNearestNeighbours(
        sampling_strategy=list(chosen), **parameters
    )


@BOTH_KINDS
@pytest.mark.parametrize("name", REAL)
def test_real_rows_stay_as_with_imbalanced_learn(name, kind, shared_data):
    split = real_split(shared_data, name)
    chosen = all_but_the_smallest(split)
    verdict = EditedNearestNeighbours(kind_sel=kind).judged(split, wanted_of(split, chosen=chosen))
    assert_kept(verdict, kept_by(imbalanced_learn(chosen, kind_sel=kind), split), split)


@BOTH_KINDS
@given(split=grids(), k=K, data=st.data())
def test_among_many_ties_the_same_rows_stay_as_with_imbalanced_learn(kind, split, k, data):
    chosen = data.draw(st.sets(st.sampled_from(list(counts_of(split))), min_size=1))
    ours = EditedNearestNeighbours(n_neighbors=k, kind_sel=kind)
    theirs = imbalanced_learn(chosen, n_neighbors=k, kind_sel=kind)
    verdict = ours.judged(split, wanted_of(split, chosen=sorted(chosen)))
    assert_kept(verdict, kept_by(theirs, split), split)


@BOTH_KINDS
@given(seed=st.integers(0, 2**32), k=K)
def test_with_categories_the_same_rows_stay_as_with_imbalanced_learn_on_one_hot_points(
    kind, seed, k
):
    split = mixed(60, seed=seed)
    ours = EditedNearestNeighbours(n_neighbors=k, kind_sel=kind)
    theirs = imbalanced_learn([1, 2], n_neighbors=k, kind_sel=kind)
    expected = kept_by(theirs, split, points=one_hot(split))
    assert_kept(ours.judged(split, wanted_of(split, chosen=[1, 2])), expected, split)


def test_with_categories_no_row_is_its_own_neighbour_even_among_equals():
    split = split_of(np.zeros((5, 1)), [0] * 5, [[1], [1], [1], [1], [2]])
    rows = np.arange(5)
    for k in (1, 2, 3):
        assert not (others_near(split.space, rows, k=k) == rows[:, np.newaxis]).any()


@BOTH_KINDS
@pytest.mark.parametrize("k", [1, 3, 100])
@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_split_keeps_a_row_of_every_class(name, k, kind):
    split = AWKWARD[name]
    strategy = EditedNearestNeighbours(n_neighbors=k, kind_sel=kind)
    verdict = strategy.judged(split, wanted_of(split, chosen=list(counts_of(split))))
    assert set(split.labels[verdict.kept].tolist()) == set(counts_of(split))


def test_of_a_class_that_would_end_a_drawn_row_stays_with_a_note():
    split = split_of(np.arange(9.0)[:, np.newaxis], [1, 1, 0, 1, 1, 0, 1, 1, 0])
    stays = set()
    for seed in range(40):
        strategy = EditedNearestNeighbours(n_neighbors=2)
        verdict = strategy.judged(split, wanted_of(split, chosen=[0], seed=seed))
        stays |= set(np.flatnonzero(verdict.kept & (split.labels == 0)).tolist())
        assert verdict.kept[split.labels == 1].all()
        assert verdict.notes == {
            0: ("The rule takes all 3 rows; the one with the smallest draw stays.",)
        }
    assert stays == {2, 5, 8}  # Each is missed by chance once in (3 / 2) ** 40 = 10 million.


@given(
    labels=st.integers(1, 7).flatmap(
        lambda k: st.lists(st.lists(st.integers(0, 4), min_size=k, max_size=k), min_size=1)
    )
)
def test_the_most_common_class_is_scipys_mode(labels):
    assert most_common(np.array(labels)).tolist() == mode(labels, axis=1).mode.tolist()


def test_the_smallest_class_has_rows_and_is_the_first_of_equals():
    assert smallest_class(np.array([5, 5, 3, 3, 7, 7, 7])) == 3


def test_a_cleaner_takes_from_the_classes_of_the_sampling_strategy_and_has_no_target():
    counts = {"a": 5, "b": 2, "c": 3}
    strategy = EditedNearestNeighbours()
    assert strategy.targets(counts, "auto") == counts
    assert strategy.chosen(counts, "auto") == ["a", "c"]
    assert strategy.chosen(counts, "all") == ["a", "b", "c"]
    with pytest.raises(ConfigError, match="decides by itself"):
        strategy.chosen(counts, {"a": 3})


def test_the_parameters_and_defaults_are_imbalanced_learns():
    theirs = parameters_of(imblearn.under_sampling.EditedNearestNeighbours)
    assert EditedNearestNeighbours().model_dump() == theirs


@pytest.mark.parametrize("wrong", [{"n_neighbors": 0}, {"kind_sel": "most"}, {"k": 3}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        EditedNearestNeighbours(**wrong)
