"""SMOTE-NC against imbalanced-learn's: one-hot distances, and the neighbours' vote."""

import imblearn.over_sampling as imbalanced_learn
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import euclidean_distances
from support.smote_family import streamed
from support.splits import parameters_of, split_of

from tfx_rebalance.components.rebalance.neighbours.exact import nearest_others, squared_distances
from tfx_rebalance.components.rebalance.neighbours.space import Space, mismatch_of
from tfx_rebalance.components.rebalance.strategies.smote_nc import SMOTENC
from tfx_rebalance.components.rebalance.synthesis.in_memory import around_class
from tfx_rebalance.components.rebalance.synthesis.interpolation import born

K = 5
NUMBERS = ["age", "education_num", "capital_gain", "hours_per_week"]
WORDS = ["workclass", "marital_status", "occupation", "sex", "native_country"]


@pytest.fixture(scope="module")
def adult(shared_data):
    """Returns numbers, (n, 4), words as codes, (n, 5), and labels: about a quarter are 1."""
    frame = pd.read_csv(shared_data / "adult" / "adult.csv.gz", nrows=1500).dropna()
    codes = np.stack([pd.factorize(frame[word])[0] for word in WORDS], axis=1)
    labels = (frame["income"] == ">50K").to_numpy().astype(np.int64)
    return frame[NUMBERS].to_numpy(dtype=np.float64), codes.astype(np.int64), labels


def oracle_of(numeric, codes, labels):
    """Returns imbalanced-learn's SMOTE-NC after it has resampled class 1."""
    width = numeric.shape[1]
    sampler = imbalanced_learn.SMOTENC(
        categorical_features=list(range(width, width + codes.shape[1])),
        sampling_strategy={1: int(labels.sum()) + 1},
        random_state=0,
    )
    sampler.fit_resample(np.concatenate([numeric, codes], axis=1), labels)
    return sampler


@pytest.mark.parametrize("spread", [1.0, 0.0])  # 0: most numbers constant, categories for free.
def test_distances_with_categories_are_imbalanced_learns(adult, spread):
    numeric, codes, labels = adult
    numeric = numeric * np.array([1.0, spread, spread, spread])
    sampler = oracle_of(numeric, codes, labels)
    numeric, codes = numeric[labels == 1], codes[labels == 1]
    space = Space(numeric, codes, mismatch_of(numeric))
    theirs = euclidean_distances(sampler.nn_k_._fit_X, squared=True)
    np.testing.assert_allclose(squared_distances(space, space), theirs, rtol=1e-6, atol=1e-3)
    ours = nearest_others(space, space, K, own=np.arange(len(space))).distances
    farthest = sampler.nn_k_.kneighbors(sampler.nn_k_._fit_X)[0][:, 1:]
    np.testing.assert_allclose(ours, farthest, rtol=1e-6, atol=0.05)


def test_new_rows_with_categories_are_imbalanced_learns_where_the_vote_is_clear(adult):
    split = split_of(adult[0], adult[2], adult[1])
    around, pairs = around_class(split, 1, k=K), streamed(SMOTENC(), split, 500).pairs
    ours = born(around.rows, pairs, around.neighbours).rows
    sampler = oracle_of(*adult)
    points, near = sampler.nn_k_._fit_X, around.neighbours
    place = (near[pairs.seed] == pairs.partner[:, np.newaxis]).argmax(axis=1)
    gaps = pairs.gap[:, np.newaxis]
    theirs = sampler._generate_samples(points, points, near, pairs.seed, place, gaps, 1).toarray()
    np.testing.assert_allclose(ours.numeric, theirs[:, : len(NUMBERS)], rtol=1e-9)
    words = sampler.categorical_encoder_.inverse_transform(theirs[:, len(NUMBERS) :])
    votes = around.rows.nominal[around.neighbours[pairs.seed]]
    count = (votes == ours.nominal[:, np.newaxis]).sum(axis=1)
    same = ours.nominal == words.astype(np.int64)
    tied = (votes == words.astype(np.int64)[:, np.newaxis]).sum(axis=1) == count
    assert (same | tied).all()
    assert same.mean() > 0.5


def test_its_parameters_are_imbalanced_learns_without_what_the_schema_says():
    theirs = parameters_of(imbalanced_learn.SMOTENC)
    assert SMOTENC().model_dump() == {"k_neighbors": theirs.pop("k_neighbors")}
    assert set(theirs) == {"categorical_features", "categorical_encoder"}
    assert SMOTENC().takes == "mixed"
