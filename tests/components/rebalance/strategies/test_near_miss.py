"""NearMiss against imbalanced-learn, and its exact counts where that falls short."""

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

from tfx_rebalance.components.rebalance.strategies import near_miss
from tfx_rebalance.components.rebalance.strategies.near_miss import NearMiss

VERSIONS = pytest.mark.parametrize("version", [1, 2, 3])


def imbalanced_learn(targets, **parameters):
    return imblearn.under_sampling.NearMiss(sampling_strategy=dict(targets), **parameters)


def kept(strategy, split, targets):
    """Returns which rows stay, after a look at the counts."""
    wanted = wanted_of(split, targets=targets)
    verdict = strategy.judged(split, wanted)
    stay = np.bincount(split.labels[verdict.kept], minlength=len(wanted.targets))
    assert stay.tolist() == [wanted.targets.get(label, 0) for label in range(len(stay))]
    return verdict.kept, verdict.notes


def even(split):
    """Returns the targets that `auto` stands for."""
    counts = counts_of(split)
    return {label: min(counts.values()) for label in all_but_the_smallest(split)}


def assert_as_imbalanced_learn(ours, theirs, split):
    """Asserts the same rows; where imbalanced-learn falls short, its rows and others, noted."""
    stay, notes = ours
    for label in counts_of(split):
        of_class = split.labels == label
        if (stay & of_class).sum() > (theirs & of_class).sum():
            assert (stay >= theirs)[of_class].all()
            assert f"proposes {(theirs & of_class).sum()} of" in notes[label][0]
        else:
            assert (stay == theirs)[of_class].all()
            assert label not in notes


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", REAL)
def test_real_rows_stay_as_with_imbalanced_learn(name, version, shared_data):
    split = real_split(shared_data, name)
    theirs = kept_by(imbalanced_learn(even(split), version=version), split)
    assert (kept(NearMiss(version=version), split, even(split))[0] == theirs).all()


@pytest.mark.parametrize("name", REAL)
def test_version_3_keeps_the_real_rows_of_imbalanced_learn_and_more_only_where_it_lacks_some(
    name, shared_data
):
    split = real_split(shared_data, name)
    ours = kept(NearMiss(version=3), split, even(split))
    assert_as_imbalanced_learn(
        ours, kept_by(imbalanced_learn(even(split), version=3), split), split
    )
    # With more proposals there are enough.
    many = {"version": 3, "n_neighbors_ver3": 300}
    if min(counts_of(split).values()) > 100:
        stay, notes = kept(NearMiss(**many), split, even(split))
        assert (stay == kept_by(imbalanced_learn(even(split), **many), split)).all()
        assert notes == {}


@VERSIONS
@given(split=grids(smallest=3), k=st.integers(1, 3), more=st.integers(1, 5), data=st.data())
def test_among_many_ties_the_same_rows_stay_as_with_imbalanced_learn(version, split, k, more, data):
    counts = counts_of(split)
    chosen = data.draw(st.sets(st.sampled_from(list(counts)), min_size=1))
    targets = {label: data.draw(st.integers(1, counts[label])) for label in sorted(chosen)}
    # Else it raises.
    assume(version != 3 or all(counts[label] >= more for label in targets))
    parameters = {"version": version, "n_neighbors": k, "n_neighbors_ver3": more}
    theirs = kept_by(imbalanced_learn(targets, **parameters), split)
    if version == 3:  # imbalanced-learn also falls short of targets that take no row.
        for label, target in targets.items():
            assume(target < counts[label] or theirs[split.labels == label].all())
    assert_as_imbalanced_learn(kept(NearMiss(**parameters), split, targets), theirs, split)


@VERSIONS
@given(seed=st.integers(0, 2**32), k=st.integers(1, 4))
def test_with_categories_the_same_rows_stay_as_with_imbalanced_learn_on_one_hot_points(
    version, seed, k
):
    split = mixed(80, seed=seed)
    smallest = min(counts_of(split).values())
    assume(smallest >= k)
    assume(smallest < sorted(counts_of(split).values())[1])
    parameters = {"version": version, "n_neighbors": k, "n_neighbors_ver3": 5}
    theirs = kept_by(imbalanced_learn(even(split), **parameters), split, points=one_hot(split))
    assert_as_imbalanced_learn(kept(NearMiss(**parameters), split, even(split)), theirs, split)


def test_what_version_3_lacks_are_the_rows_that_version_1_puts_first():
    places = [0.0, 1.0, 2.0, 3.0, 9.0, 10.0, 10.5]
    split = split_of(np.array(places)[:, np.newaxis], [0, 0, 0, 0, 0, 1, 1])
    strategy = NearMiss(version=3, n_neighbors=1, n_neighbors_ver3=1)
    stay, notes = kept(strategy, split, {0: 3})
    assert np.flatnonzero(stay).tolist() == [2, 3, 4, 5, 6]
    assert notes == {0: ("Version 3 proposes 1 of 3 rows; 2 are by version 1.",)}


def test_a_smallest_class_of_fewer_rows_than_n_neighbors_is_taken_whole_with_a_note():
    split = split_of(np.arange(7.0)[:, np.newaxis], [0, 0, 0, 0, 0, 1, 1])
    for version in (1, 2):
        stay, notes = kept(NearMiss(version=version), split, {0: 2})
        assert np.flatnonzero(stay).tolist() == [3, 4, 5, 6]
        assert notes == {
            0: ("n_neighbors is 2 instead of 3: the smallest class has no more rows.",)
        }


def test_distances_made_in_blocks_are_those_made_at_once(monkeypatch):
    split, points = mixed(50, seed=0), mixed(13, seed=1).space
    for space, others in (
        (split.space, points),
        (
            split_of(split.space.numeric, split.labels).space,
            split_of(points.numeric, [0] * 13).space,
        ),
    ):
        at_once = near_miss.to_farthest(space, others, 3)
        for cells in (1, 13 * 7, 13 * 50):
            monkeypatch.setattr(near_miss, "BLOCK_CELLS", cells)
            assert near_miss.to_farthest(space, others, 3) == pytest.approx(at_once, rel=1e-12)
        monkeypatch.undo()


@VERSIONS
@pytest.mark.parametrize("k", [1, 3, 100])
@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_split_ends_with_exactly_its_targets(name, k, version):
    split = AWKWARD[name]
    strategy = NearMiss(version=version, n_neighbors=k, n_neighbors_ver3=k)
    for targets in ({}, dict.fromkeys(counts_of(split), 1)):
        wanted = wanted_of(split, targets=targets)
        stays = split.labels[strategy.judged(split, wanted).kept]
        assert all((stays == label).sum() == n for label, n in wanted.targets.items())


def test_the_targets_are_those_of_undersampling_and_no_class_is_cleaned():
    counts = {"a": 9, "b": 2, "c": 5}
    assert NearMiss().targets(counts, "auto") == {"a": 2, "b": 2, "c": 2}
    assert NearMiss().targets(counts, {"a": 4}) == {"a": 4, "b": 2, "c": 5}
    assert NearMiss().chosen(counts, "auto") == []


def test_the_parameters_and_defaults_are_imbalanced_learns():
    assert NearMiss().model_dump() == parameters_of(imblearn.under_sampling.NearMiss)


@pytest.mark.parametrize("wrong", [{"version": 4}, {"n_neighbors": 0}, {"n_neighbors_ver3": 0}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        NearMiss(**wrong)
