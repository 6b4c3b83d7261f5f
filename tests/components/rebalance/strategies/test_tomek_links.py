"""Tomek links against imbalanced-learn, and where it cannot go: categories, tiny splits."""

import imblearn.under_sampling
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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

from tfx_rebalance.components.rebalance.strategies.tomek_links import TomekLinks


def imbalanced_learn(chosen):
    return imblearn.under_sampling.TomekLinks(sampling_strategy=list(chosen))


@pytest.mark.parametrize("name", REAL)
def test_real_rows_stay_as_with_imbalanced_learn(name, shared_data):
    split = real_split(shared_data, name)
    chosen = all_but_the_smallest(split)
    verdict = TomekLinks().judged(split, wanted_of(split, chosen=chosen))
    assert_kept(verdict, kept_by(imbalanced_learn(chosen), split), split)


@given(split=grids(), data=st.data())
def test_among_many_ties_the_same_rows_stay_as_with_imbalanced_learn(split, data):
    chosen = data.draw(st.sets(st.sampled_from(list(counts_of(split))), min_size=1))
    verdict = TomekLinks().judged(split, wanted_of(split, chosen=sorted(chosen)))
    assert_kept(verdict, kept_by(imbalanced_learn(chosen), split), split)


@given(seed=st.integers(0, 2**32))
def test_with_categories_the_same_rows_stay_as_with_imbalanced_learn_on_one_hot_points(seed):
    split = mixed(60, seed=seed)
    expected = kept_by(imbalanced_learn([1, 2]), split, points=one_hot(split))
    assert_kept(TomekLinks().judged(split, wanted_of(split, chosen=[1, 2])), expected, split)


def test_of_a_link_only_the_end_in_a_chosen_class_goes():
    split = split_of([[0.0], [1.0], [5.0], [5.1], [9.0]], [0, 0, 0, 1, 1])
    for chosen, gone in (([], []), ([0], [2]), ([1], [3]), ([0, 1], [2, 3])):
        verdict = TomekLinks().judged(split, wanted_of(split, chosen=chosen))
        assert np.flatnonzero(~verdict.kept).tolist() == gone


def test_with_categories_equal_rows_of_two_classes_are_a_link():
    places = np.array([[0.0], [5.0], [0.0], [5.1]])
    split = split_of(places, [0, 0, 1, 0], [[0], [1], [0], [1]])
    verdict = TomekLinks().judged(split, wanted_of(split, chosen=[0]))
    assert verdict.kept.tolist() == [False, True, True, True]


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_split_keeps_a_row_of_every_class(name):
    split = AWKWARD[name]
    verdict = TomekLinks().judged(split, wanted_of(split, chosen=list(counts_of(split))))
    assert set(split.labels[verdict.kept].tolist()) == set(counts_of(split))


def test_there_are_no_parameters_as_in_imbalanced_learn():
    assert TomekLinks().model_dump() == parameters_of(imblearn.under_sampling.TomekLinks) == {}
