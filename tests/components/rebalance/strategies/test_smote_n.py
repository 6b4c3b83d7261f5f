"""SMOTE-N against imbalanced-learn's: value differences, and the vote of seed and neighbours."""

import imblearn.over_sampling as imbalanced_learn
import numpy as np
import pandas as pd
import pytest
from sklearn.utils import check_random_state
from support.splits import parameters_of

from tfx_rebalance.components.rebalance.neighbours.categories import by_difference, table_of
from tfx_rebalance.components.rebalance.neighbours.exact import (
    NOBODY,
    nearest_others,
    squared_distances,
)
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Rows
from tfx_rebalance.components.rebalance.strategies.smote_n import SMOTEN
from tfx_rebalance.components.rebalance.synthesis.interpolation import born
from tfx_rebalance.components.rebalance.synthesis.pairs import Pairs

K = 5
WORDS = ["workclass", "marital_status", "occupation", "sex", "native_country"]


@pytest.fixture(scope="module")
def adult(shared_data):
    """Returns words as codes, (n, 5), and labels: about a quarter are 1."""
    frame = pd.read_csv(shared_data / "adult" / "adult.csv.gz", nrows=1500).dropna()
    codes = np.stack([pd.factorize(frame[word])[0] for word in WORDS], axis=1)
    return codes.astype(np.int64), (frame["income"] == ">50K").to_numpy().astype(np.int64)


def oracle_of(codes, labels, count):
    """Returns imbalanced-learn's SMOTE-N and its new rows of class 1."""
    target = {1: int(labels.sum()) + count}
    sampler = imbalanced_learn.SMOTEN(sampling_strategy=target, k_neighbors=K, random_state=0)
    return sampler, sampler.fit_resample(codes, labels)[0][len(codes) :]


def test_distances_of_categories_alone_are_imbalanced_learns(adult):
    codes, labels = adult
    sampler, _ = oracle_of(codes, labels, 1)
    tables = [table_of(column, labels, 2) for column in codes.T]
    space = by_difference(Space(np.empty((int(labels.sum()), 0)), codes[labels == 1]), tables)
    theirs = sampler.nn_k_._fit_X
    np.testing.assert_allclose(squared_distances(space, space), theirs, atol=1e-12)
    ours = nearest_others(space, space, K, own=np.arange(len(space))).distances
    # imbalanced-learn leaves the root out: the order is the same. The first is the row itself.
    nearest = np.sort(theirs, axis=1)[:, 1 : K + 1]
    np.testing.assert_allclose(ours**2, nearest, atol=1e-12)


def test_new_rows_of_categories_alone_are_imbalanced_learns_where_the_vote_is_clear(adult):
    codes, labels = adult
    sampler, theirs = oracle_of(codes, labels, 300)
    found = sampler.nn_k_.kneighbors(sampler.nn_k_._fit_X, return_distance=False)
    seeds = check_random_state(0).choice(np.arange(len(found)), size=300, replace=True)
    # Among more than k equal rows imbalanced-learn may crowd out the seed, which ours never does.
    inside = (found[seeds] == seeds[:, np.newaxis]).sum(axis=1) == 1
    seeds, theirs = seeds[inside], theirs[inside]
    others = np.full((len(found), K), NOBODY)
    for row in set(seeds.tolist()):
        others[row] = found[row][found[row] != row]
    pairs = Pairs(seeds, others[seeds, 0], np.zeros(len(seeds)))
    members = codes[labels == 1]
    ours = born(Rows(np.empty((len(members), 0)), members), pairs, others).rows.nominal
    votes = members[np.concatenate([seeds[:, np.newaxis], others[seeds]], axis=1)]
    counts = [(votes == rows[:, np.newaxis]).sum(axis=1) for rows in (ours, theirs)]
    np.testing.assert_array_equal(*counts)  # Both are most frequent,
    clear = counts[0] > (K + 1) // 2
    np.testing.assert_array_equal(ours[clear], theirs[clear])  # and the same where one is.
    assert clear.mean() > 0.5


def test_its_parameters_are_imbalanced_learns_without_what_the_schema_says():
    theirs = parameters_of(imbalanced_learn.SMOTEN)
    assert SMOTEN().model_dump() == {"k_neighbors": theirs.pop("k_neighbors")}
    assert set(theirs) == {"categorical_encoder"}
    assert SMOTEN().takes == "nominal"
