"""The models of `strategies.py`, and what is measured of them."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from _strategies_data import Parts
from _strategies_resampling import Training
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score

from tfx_rebalance.components.rebalance.records.rows import Floats, Rows
from tfx_rebalance.components.rebalance.strategy import Labels
from tfx_rebalance.components.trainer.priors import decision_thresholds, prior_correction

STRONG, REGULARISED, WEAK = "strong", "strong, l2 = 1", "weak"
MODELS = (STRONG, REGULARISED, WEAK)
"""Boosted trees with scikit-learn's defaults; the same with XGBoost's default penalty on leaves
instead of none; logistic regression."""

FIT = "fit_seconds"

LEAST_PROBABILITY = 1e-15
"""What a probability of 0 counts as in the log loss."""
MOST_ITERATIONS = 1000

Scores = dict[str, float]


def scores_of(
    model: str, training: Training, parts: Parts, *, values: Sequence[int], seed: int
) -> Scores:
    """Returns what a model fitted on `training` reaches on the test rows.

    Args:
        model: One of MODELS.
        training: The training part, resampled.
        parts: The natural training part and the test part.
        values: How many values each category column has.
        seed: Of the model: it draws what it stops early by.
    """
    fitted = _model(model, len(values), parts.train.rows.numeric.shape[1], seed=seed)
    table = _one_hot if model == WEAK else _side_by_side
    features = table(training.rows, values)
    started = time.process_time()
    fitted.fit(features, training.labels, sample_weight=training.weights)
    seconds = time.process_time() - started
    learnt: Floats = fitted.predict_proba(table(parts.test, values))
    natural = _shares(parts.train.labels, np.ones(len(parts.train.labels)))
    trained = _shares(training.labels, training.weights)
    return {**quality(learnt, parts.test_labels, natural=natural, trained=trained), FIT: seconds}


def quality(learnt: Floats, labels: Labels, *, natural: Floats, trained: Floats) -> Scores:
    """Returns the metrics of probabilities.

    Args:
        learnt: As the model gives them, (n, classes).
        labels: The truth, (n,).
        natural: Shares of the classes before resampling, (classes,).
        trained: Shares of the mass the model was fitted on, (classes,).
    """
    corrected = learnt * prior_correction(natural, trained)
    corrected /= corrected.sum(axis=1, keepdims=True)
    decided = corrected / decision_thresholds(natural, "balanced")
    return {
        "average_precision": average_precision(corrected, labels, natural=natural),
        "log_loss": log_loss(learnt, labels),
        "corrected_log_loss": log_loss(corrected, labels),
        "balanced_accuracy": float(balanced_accuracy_score(labels, learnt.argmax(axis=1))),
        "decided_balanced_accuracy": float(balanced_accuracy_score(labels, decided.argmax(axis=1))),
    }


def average_precision(probabilities: Floats, labels: Labels, *, natural: Floats) -> float:
    """Returns the average precision of the rare class of two, the mean over classes of more."""
    classes = range(len(natural)) if len(natural) > 2 else [int(natural.argmin())]
    return float(
        np.mean([average_precision_score(labels == c, probabilities[:, c]) for c in classes])
    )


def log_loss(probabilities: Floats, labels: Labels) -> float:
    """Returns the mean of -ln p of the true class."""
    true = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(true, LEAST_PROBABILITY)).mean())


def _model(name: str, nominal: int, numeric: int, *, seed: int) -> Any:
    if name == WEAK:
        return LogisticRegression(max_iter=MOST_ITERATIONS)
    categories = np.arange(numeric, numeric + nominal)
    penalty = 1.0 if name == REGULARISED else 0.0
    return HistGradientBoostingClassifier(
        l2_regularization=penalty, categorical_features=categories, random_state=seed
    )


def _shares(labels: Labels, weights: Floats) -> Floats:
    mass = np.bincount(labels, weights).astype(np.float64)
    shares: Floats = mass / mass.sum()
    return shares


def _side_by_side(rows: Rows, values: Sequence[int]) -> Floats:
    del values
    table: Floats = np.concatenate([rows.numeric, rows.nominal], axis=1)
    return table


def _one_hot(rows: Rows, values: Sequence[int]) -> Floats:
    ones = [
        codes[:, np.newaxis] == np.arange(n)
        for codes, n in zip(rows.nominal.T, values, strict=True)
    ]
    table: Floats = np.concatenate([rows.numeric, *ones], axis=1)
    return table
