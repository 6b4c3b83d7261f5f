"""One-sided selection against imbalanced-learn with the same seeds."""

import imblearn.under_sampling
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
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

from tfx_rebalance.components.rebalance.strategies.one_sided_selection import (
    OneSidedSelection,
    seeds_of,
)
from tfx_rebalance.components.rebalance.strategy import Split
from tfx_rebalance.draws import keyed_draws


class Dealt(np.random.RandomState):
    """Draws what it was dealt."""

    def __init__(self, hands):
        super().__init__(0)
        self._hands = list(hands)

    def randint(self, low, high, size):
        hand = self._hands.pop(0)
        assert len(hand) == size
        assert all(low <= place < high for place in hand)
        return hand


def places_of_seeds(split, label, *, seeds, seed):
    """Returns where in its class a class's seeds are."""
    keys = split.keys[split.labels == label]
    draws = keyed_draws(keys, seed=seed, purpose="one-sided selection")
    return seeds_of(np.arange(len(keys)), draws, seeds)


def imbalanced_learn(split, chosen, *, n_neighbors, seeds, seed=0):
    dealt = [places_of_seeds(split, c, seeds=seeds, seed=seed) for c in sorted(chosen)]
    return imblearn.under_sampling.OneSidedSelection(
        sampling_strategy=list(chosen),
        n_neighbors=n_neighbors,
        n_seeds_S=seeds,
        random_state=Dealt(dealt),
    )


@pytest.mark.parametrize(("k", "seeds"), [(1, 1), (1, 20), (3, 5)])
@pytest.mark.parametrize("name", REAL)
def test_real_rows_stay_as_with_imbalanced_learn_from_the_same_seeds(name, k, seeds, shared_data):
    split = real_split(shared_data, name)
    chosen = all_but_the_smallest(split)
    theirs = imbalanced_learn(split, chosen, n_neighbors=k, seeds=seeds, seed=7)
    strategy = OneSidedSelection(n_neighbors=k, n_seeds_S=seeds)
    verdict = strategy.judged(split, wanted_of(split, chosen=chosen, seed=7))
    assert_kept(verdict, kept_by(theirs, split), split)


@given(split=grids(), k=st.integers(1, 3), seeds=st.integers(1, 5), data=st.data())
def test_among_many_ties_the_same_rows_stay_as_with_imbalanced_learn_from_the_same_seeds(
    split, k, seeds, data
):
    chosen = data.draw(st.sets(st.sampled_from(all_but_the_smallest(split)), min_size=1))
    assume(min(counts_of(split).values()) + seeds >= k)
    theirs = imbalanced_learn(split, chosen, n_neighbors=k, seeds=seeds)
    strategy = OneSidedSelection(n_neighbors=k, n_seeds_S=seeds)
    verdict = strategy.judged(split, wanted_of(split, chosen=sorted(chosen)))
    assert_kept(verdict, kept_by(theirs, split), split)


@given(seed=st.integers(0, 2**32))
def test_with_categories_the_same_rows_stay_as_with_imbalanced_learn_on_one_hot_points(seed):
    split = mixed(80, seed=seed)
    assume(counts_of(split).get(0, 99) < min(counts_of(split)[c] for c in (1, 2)))
    theirs = imbalanced_learn(split, [1, 2], n_neighbors=1, seeds=3, seed=seed)
    verdict = OneSidedSelection(n_seeds_S=3).judged(
        split, wanted_of(split, chosen=[1, 2], seed=seed)
    )
    assert_kept(verdict, kept_by(theirs, split, points=one_hot(split)), split)


def test_a_chosen_smallest_class_loses_tomek_links_where_imbalanced_learn_leaves_its_seeds():
    places = [0.0, 1.0, 2.0, 3.0, 4.0, 9.0, 9.1, 20.0, 21.0, 22.0]
    split = split_of(np.array(places)[:, np.newaxis], [0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    verdict = OneSidedSelection().judged(split, wanted_of(split, chosen=[1]))
    assert np.flatnonzero(~verdict.kept).tolist() == [6]
    theirs = imblearn.under_sampling.OneSidedSelection(sampling_strategy=[1], random_state=0)
    assert kept_by(theirs, split)[split.labels == 1].sum() <= 1


def test_the_order_of_the_rows_has_no_part_in_which_ones_stay():
    split = mixed(200, seed=3)
    order = np.random.default_rng(0).permutation(200)
    moved = Split(
        split.rows.take(order),
        split.labels[order],
        split.keys[order],
        split.scale,
        split.space.take(order),
    )
    here, there = (
        OneSidedSelection(n_seeds_S=4).judged(s, wanted_of(s, chosen=[1, 2])).kept
        for s in (split, moved)
    )
    assert (here[order] == there).all()


def test_another_seed_takes_other_seeds():
    split = split_of(np.random.default_rng(0).normal(size=(300, 2)), [0] * 250 + [1] * 50)
    kept = [
        OneSidedSelection().judged(split, wanted_of(split, chosen=[0], seed=seed)).kept.tobytes()
        for seed in (0, 1)
    ]
    assert kept[0] != kept[1]


@pytest.mark.parametrize("parameters", [(1, 1), (3, 2), (100, 1), (1, 100)])
@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_split_keeps_a_row_of_every_class(name, parameters):
    split = AWKWARD[name]
    strategy = OneSidedSelection(n_neighbors=parameters[0], n_seeds_S=parameters[1])
    verdict = strategy.judged(split, wanted_of(split, chosen=list(counts_of(split))))
    assert set(split.labels[verdict.kept].tolist()) == set(counts_of(split))


def test_the_parameters_are_imbalanced_learns_and_its_none_neighbors_is_the_one_it_means():
    theirs = parameters_of(imblearn.under_sampling.OneSidedSelection)
    assert OneSidedSelection().model_dump() == {**theirs, "n_neighbors": 1}
    assert theirs["n_neighbors"] is None


@pytest.mark.parametrize("wrong", [{"n_neighbors": 0}, {"n_seeds_S": 0}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        OneSidedSelection(**wrong)
