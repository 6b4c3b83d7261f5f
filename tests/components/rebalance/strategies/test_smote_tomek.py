"""SMOTE, then Tomek links taken out of old and new rows together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.under_sampling import TomekLinks
from support.smote_family import (
    SEEDS,
    assert_same,
    others_shuffled,
    overlapping,
    points,
    splits,
    with_new_rows,
)
from support.splits import split_of, wanted_of

from tfx_rebalance.components.rebalance.strategies.smote_tomek import SMOTETomek, union_of
from tfx_rebalance.components.rebalance.strategies.tomek_links import linked
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    around_class,
    class_draws,
    smote_pairs,
)


def judged(split, new, *, seed=0):
    """Returns the verdict on class 1 growing by `new` rows, and all of SMOTE's pairs."""
    target = int(np.count_nonzero(split.labels == 1)) + new
    draws = class_draws(split, 1, seed=seed)
    pairs = smote_pairs(around_class(split, 1, k=5), new, draws=draws).pairs
    wanted = wanted_of(split, targets={1: target}, seed=seed)
    return SMOTETomek().judged(split, wanted), pairs


@given(split=splits(), new=st.integers(1, 60), seed=SEEDS)
def test_what_stays_are_rows_and_pairs_of_smote(split, new, seed):
    verdict, pairs = judged(split, new, seed=seed)
    assert len(verdict.kept) == len(split.labels)
    stay = np.isin(pairs.gap, verdict.pairs[1].gap)
    assert_same(pairs.take(stay), verdict.pairs[1])
    for label in np.unique(split.labels):
        of_class = split.labels == label
        went = [np.count_nonzero(~verdict.kept[of_class]), 0]
        if label == 1:
            went[1] = new - len(verdict.pairs[1])
        total = f"{np.count_nonzero(of_class)} rows and {went[1]} of {new if label == 1 else 0}"
        said = [note for note in verdict.notes.get(label, ()) if note.startswith("Cleaning")]
        assert said == [f"Cleaning took {went[0]} of its {total} new ones."][: sum(went)]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_what_goes_is_what_imbalanced_learn_takes_from_the_same_rows(width):
    numeric, labels = overlapping(rows=300, width=width, distance=1.5 / width)
    split = split_of(numeric, labels)
    verdict, pairs = judged(split, 150)
    reference = TomekLinks(sampling_strategy="all")
    reference.fit_resample(*with_new_rows(split, pairs))
    expected = np.zeros(len(labels) + 150, dtype=bool)
    expected[reference.sample_indices_] = True
    assert verdict.kept.tolist() == expected[:300].tolist()
    assert_same(verdict.pairs[1], pairs.take(expected[300:]))
    assert not expected.all()


def test_no_link_of_all_rows_is_left():
    split = split_of(*overlapping(rows=300))
    verdict, pairs = judged(split, 150)
    numeric, labels = with_new_rows(split, pairs)
    stay = np.append(verdict.kept, np.isin(pairs.gap, verdict.pairs[1].gap))
    whole = split_of(numeric, labels)
    link = linked(whole.space, labels, chosen=[0, 1])
    assert (stay == ~link).all()


@given(split=splits(), new=st.integers(1, 30))
def test_new_rows_lie_in_the_space_of_the_split(split, new):
    around = around_class(split, 1, k=5)
    pairs = smote_pairs(around, new, draws=class_draws(split, 1, seed=0)).pairs
    copies = split.rows.take(np.flatnonzero(split.labels == 1)[pairs.seed])
    union = union_of(split, [split.rows, copies], labels=np.append(split.labels, np.ones(new)))
    rows = len(split.labels)
    assert len(np.unique(union.keys)) == len(union.labels) == rows + new
    np.testing.assert_array_equal(union.space.numeric[:rows], split.space.numeric)
    columns = split.space.nominal.shape[1]
    np.testing.assert_array_equal(union.space.nominal[:rows, :columns], split.space.nominal)
    places = np.append(np.arange(rows), np.flatnonzero(split.labels == 1)[pairs.seed])
    np.testing.assert_array_equal(union.space.numeric, split.space.numeric[places])
    np.testing.assert_array_equal(union.rows.numeric, split.rows.numeric[places])
    # Being missing is a category of its own.
    missing = np.isnan(union.rows.numeric)
    np.testing.assert_array_equal(union.space.nominal[:, columns:], missing[:, missing.any(axis=0)])


def test_several_classes_grow_at_once():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [60, 20, 10])
    split = split_of(rng.normal(size=(90, 2)) + labels[:, np.newaxis], labels)
    verdict = SMOTETomek().judged(split, wanted_of(split, targets={1: 60, 2: 60}))
    assert sorted(verdict.pairs) == [1, 2]
    for label, most in ((1, 40), (2, 50)):
        assert most // 2 < len(verdict.pairs[label]) <= most
        assert len(points(split, verdict.pairs[label], label=label)) <= most
    assert set(verdict.notes) <= {0, 1, 2}


def test_without_growth_it_cleans_the_rows_there_are():
    split = split_of(*overlapping(rows=300))
    verdict = SMOTETomek().judged(split, wanted_of(split))
    assert verdict.pairs == {}
    link = linked(split.space, split.labels, chosen=[0, 1])
    assert verdict.kept.tolist() == (~link).tolist()


def test_a_class_of_one_row_is_repeated():
    split = split_of([[0.0], [1.0], [9.0]], [0, 0, 1])
    verdict, _ = judged(split, 3)
    assert verdict.kept.all()
    assert points(split, verdict.pairs[1]).tolist() == [[9.0]] * 3


def test_the_order_of_the_other_classes_changes_nothing():
    split = split_of(*overlapping(rows=300))
    mixed = others_shuffled(split, 1)
    one, other = (judged(s, 150)[0] for s in (split, mixed))
    assert_same(one.pairs[1], other.pairs[1])
    assert set(split.keys[one.kept].tolist()) == set(mixed.keys[other.kept].tolist())


def test_it_never_asks_for_less_than_smote():
    assert SMOTETomek().targets({"a": 9, "b": 2}, "auto") == {"a": 9, "b": 9}
