"""KMeansSMOTE: new rows within the clusters that are rich in the class, by sparsity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import KMeansSMOTE as Reference
from scipy.spatial.distance import pdist
from sklearn.base import BaseEstimator
from sklearn.metrics import pairwise_distances
from support.smote_family import (
    SEEDS,
    assert_same,
    assert_sound,
    informed,
    others_shuffled,
    points,
    splits,
)
from support.splits import split_of, wanted_of

from tfx_rebalance.components.rebalance.strategies import kmeans_smote
from tfx_rebalance.components.rebalance.strategies.kmeans_smote import (
    KMeansSMOTE,
    clusters_of,
    mean_distance,
)

CENTRES = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0], [30.0, 30.0], [60.0, 60.0]])
"""Of five clusters far apart; the i-th is (i + 1) wide."""
ROWS = [(30, 12), (10, 20), (20, 25), (3, 2), (40, 0)]
"""How many of class 0 and 1 are in each."""
NO_CLUSTER = "No cluster has enough rows of the class: new rows are made as by smote."


class Nearest(BaseEstimator):
    """Clusters by the nearest of `CENTRES`."""

    def __init__(self, n_clusters=5):
        self.n_clusters = n_clusters

    def fit(self, numeric):
        return self

    def predict(self, numeric):
        return clusters_by_centre(numeric)

    fit_predict = predict


def clusters_by_centre(numeric):
    return pairwise_distances(numeric, CENTRES).argmin(axis=1)


def five_clusters(seed=0):
    """Returns numbers and labels, rows mixed."""
    rng = np.random.default_rng(seed)
    centre = np.repeat(np.arange(5), [sum(rows) for rows in ROWS])
    labels = np.concatenate([np.repeat([0, 1], rows) for rows in ROWS])
    numeric = CENTRES[centre] + (centre[:, np.newaxis] + 1) * rng.normal(size=(len(centre), 2))
    order = rng.permutation(len(labels))
    return numeric[order], labels[order]


@pytest.fixture
def known_clusters(monkeypatch):
    monkeypatch.setattr(
        kmeans_smote,
        "clusters_of",
        lambda split, n, *, seed: clusters_by_centre(split.rows.numeric),
    )


@settings(max_examples=10)  # Clustering takes 20 ms.
@given(split=splits(), new=st.integers(1, 60), seed=SEEDS)
def test_there_are_exactly_as_many_sound_pairs_as_wanted(split, new, seed):
    pairs, _ = informed(KMeansSMOTE(), split, new, seed=seed)
    assert_sound(pairs, split, new)
    again, _ = informed(KMeansSMOTE(), split, new, seed=seed)
    assert_same(pairs, again)


@pytest.mark.usefixtures("known_clusters")
@pytest.mark.parametrize("k", [1, 2, 12, 19])
@pytest.mark.parametrize("threshold", ["auto", 0.3, 0.6])
@pytest.mark.parametrize("exponent", ["auto", 0.0, 2.0])
def test_clusters_get_what_imbalanced_learn_gives_them_to_one(k, threshold, exponent):
    numeric, labels = five_clusters()
    reference = Reference(
        k_neighbors=k,
        kmeans_estimator=Nearest(),
        cluster_balance_threshold=threshold,
        density_exponent=exponent,
        sampling_strategy={1: 59 + 400},
        random_state=0,
    )
    theirs = reference.fit_resample(numeric, labels)[0][len(labels) :]
    strategy = KMeansSMOTE(
        k_neighbors=k,
        n_clusters=5,
        cluster_balance_threshold=threshold,
        density_exponent=exponent,
    )
    pairs, notes = informed(strategy, split_of(numeric, labels), 400)
    ours = points(split_of(numeric, labels), pairs)
    assert notes == ()
    expected, found = (np.bincount(clusters_by_centre(new), minlength=5) for new in (theirs, ours))
    # It rounds every cluster's share up.
    assert np.abs(expected - found).max() <= 1
    assert ((expected > 0) == (found > 0)).all()


@pytest.mark.usefixtures("known_clusters")
def test_the_clusters_of_several_classes_are_those_of_imbalanced_learn():
    numeric, labels = five_clusters()
    labels = np.where((labels == 1) & (clusters_by_centre(numeric) == 2), 2, labels)
    wanted = {1: 34 + 60, 2: 25 + 300}
    reference = Reference(
        kmeans_estimator=Nearest(), sampling_strategy=dict(wanted), random_state=0
    )
    theirs, classes = reference.fit_resample(numeric, labels)
    split = split_of(numeric, labels)
    verdict = KMeansSMOTE(n_clusters=5).judged(split, wanted_of(split, targets=wanted))
    for label, pairs in verdict.pairs.items():
        new = theirs[len(labels) :][classes[len(labels) :] == label]
        expected = np.bincount(clusters_by_centre(new), minlength=5)
        found = np.bincount(clusters_by_centre(points(split, pairs, label=label)), minlength=5)
        assert np.abs(expected - found).max() <= 1


@pytest.mark.usefixtures("known_clusters")
def test_partners_are_among_the_nearest_of_the_class_in_the_cluster():
    numeric, labels = five_clusters()
    pairs, _ = informed(KMeansSMOTE(n_clusters=5), split_of(numeric, labels), 400)
    own = numeric[labels == 1]
    cluster = clusters_by_centre(own)
    assert (cluster[pairs.seed] == cluster[pairs.partner]).all()
    for seed in np.unique(pairs.seed):
        distances = np.linalg.norm(own - own[seed], axis=1)
        distances[seed] = np.inf
        distances[cluster != cluster[seed]] = np.inf
        partners = pairs.partner[pairs.seed == seed]
        assert set(partners.tolist()) <= set(np.argsort(distances)[:2].tolist())


def test_with_one_cluster_only_the_neighbours_count():
    numeric, labels = five_clusters()
    split = split_of(numeric, labels)
    pairs, notes = informed(KMeansSMOTE(n_clusters=1, cluster_balance_threshold=0.9), split, 118)
    assert notes == ()
    assert np.bincount(pairs.seed).tolist() == [2] * 59


def test_where_no_cluster_is_rich_it_is_smote_and_a_note_says_so():
    numeric, labels = five_clusters()
    split = split_of(numeric, labels)
    pairs, notes = informed(KMeansSMOTE(cluster_balance_threshold=1.1), split, 118)
    assert notes == (NO_CLUSTER,)
    assert np.bincount(pairs.seed).tolist() == [2] * 59


def test_without_numbers_all_rows_are_one_cluster():
    split = split_of(np.empty((6, 0)), [0, 0, 1, 1, 1, 1], [[0], [1], [1], [1], [2], [1]])
    assert clusters_of(split, 8, seed=0).tolist() == [0] * 6
    pairs, notes = informed(KMeansSMOTE(), split, 8)
    assert notes == ()
    assert np.bincount(pairs.seed).tolist() == [2] * 4


@pytest.mark.usefixtures("known_clusters")
def test_clusters_without_extent_share_by_their_rows():
    centre = np.repeat([0, 1, 2], [8, 4, 6])
    split = split_of(CENTRES[centre], (centre < 2).astype(int))
    pairs, _ = informed(KMeansSMOTE(n_clusters=5), split, 24)
    assert np.bincount(pairs.seed).tolist() == [2] * 12


def test_a_class_of_one_row_is_repeated():
    split = split_of([[0.0], [1.0], [9.0]], [0, 0, 1])
    pairs, notes = informed(KMeansSMOTE(), split, 3)
    assert points(split, pairs).tolist() == [[9.0]] * 3
    assert notes == (NO_CLUSTER,)


def test_nothing_wanted_is_nothing_chosen():
    assert informed(KMeansSMOTE(), split_of(*five_clusters()), 0) == (None, ())


def test_the_order_of_the_rows_changes_no_cluster():
    split = split_of(*five_clusters())
    mixed = others_shuffled(split, 1)
    assert_same(informed(KMeansSMOTE(), split, 90)[0], informed(KMeansSMOTE(), mixed, 90)[0])


def test_another_seed_finds_other_clusters():
    split = split_of(np.random.default_rng(0).normal(size=(400, 2)), np.ones(400))
    assert (clusters_of(split, 8, seed=0) != clusters_of(split, 8, seed=1)).any()


def test_the_mean_distance_is_that_of_all_pairs(monkeypatch):
    rng = np.random.default_rng(0)
    split = split_of(1e6 + rng.normal(size=(50, 3)), np.ones(50), rng.integers(0, 2, (50, 2)))
    monkeypatch.setattr(kmeans_smote, "BLOCK_CELLS", 150)
    expected = pdist(
        np.hstack([split.space.numeric, split.space.nominal * split.space.mismatch**0.5])
    )
    assert mean_distance(split.space) == pytest.approx(expected.mean())
