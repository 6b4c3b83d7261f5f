"""Ours and the baseline of `quality.py` on one resplit, and what is measured of both."""

import os
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from _quality_data import Dealt, Inputs, Table, inputs_of
from _strategies_resampling import Variant, resampled_to
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from tfx_rebalance.components.rebalance.targets.sampling_strategy import SamplingStrategy
from tfx_rebalance.components.trainer.deciding import Decided, decide
from tfx_rebalance.components.trainer.fitting import softmax_on
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.training import Learned, learn
from tfx_rebalance.scores import (
    Floats,
    Ints,
    average_precisions,
    balanced_accuracy,
    confusion,
    ece,
    log_loss,
    recalls,
)

Scores = dict[str, float]


@dataclass(frozen=True)
class Resplit:
    """A data set, dealt and made model inputs."""

    table: Table
    dealt: Dealt
    inputs: Inputs

    @classmethod
    def of(cls, table: Table, dealt: Dealt) -> "Resplit":
        """Scales and indexes by `train` alone."""
        return cls(table, dealt, inputs_of(table, dealt.train))

    @property
    def natural(self) -> Floats:
        """Shares of the classes in `train`, (classes,)."""
        rows = np.bincount(self.labels(self.dealt.train), minlength=len(self.table.classes))
        shares: Floats = rows / rows.sum()
        return shares

    def labels(self, rows: Ints) -> Ints:
        """Returns the class indices of some rows."""
        return self.table.labels[rows]


@dataclass(frozen=True)
class Treatment:
    """What is done about the imbalance before the model sees it."""

    strategy: str = "none"
    wanted: SamplingStrategy = "auto"
    """Classes by name."""


@dataclass(frozen=True)
class Served:
    """What a model would be served as."""

    learned: Learned
    decided: Decided

    def probabilities(self, resplit: Resplit, rows: Ints) -> Floats:
        """Returns what is served for some rows, (n, classes)."""
        split = resplit.inputs.split(rows)
        corrections = list(self.decided.corrections)
        natural = softmax_on(split, self.learned.models, corrections)()
        return self.decided.map.apply(natural)

    def decisions(self, probabilities: Floats) -> Ints:
        """Returns the classes that are served, (n,)."""
        decided: Ints = np.argmax(self.decided.decision.scores(probabilities), axis=1)
        return decided


def served(resplit: Resplit, settings: TrainerSettings, treatment: Treatment) -> Served:
    """Returns the model that the Trainer would make of a resplit after Rebalance."""
    keras.backend.clear_session()
    train = trained_on(resplit, treatment, seed=settings.seed)
    val = resplit.inputs.split(resplit.dealt.val)
    classes, natural = resplit.table.classes, resplit.natural
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        learned = learn(train, val, settings, classes=classes, natural=natural)
    return Served(learned, decide(learned, val, settings, natural=natural, classes=classes))


def trained_on(resplit: Resplit, treatment: Treatment, *, seed: int) -> Split:
    """Returns `train` as Rebalance would hand it to the Trainer."""
    if treatment.strategy == "none":
        return resplit.inputs.split(resplit.dealt.train)
    rows = resplit.inputs.for_rebalance(resplit.dealt.train)
    wanted = by_index(treatment.wanted, resplit.table.classes)
    variant = Variant(treatment.strategy)
    return resplit.inputs.resampled(resampled_to(rows, variant, wanted, seed=seed))


def ours(resplit: Resplit, settings: TrainerSettings, treatment: Treatment) -> Scores:
    """Returns what our model reaches on `eval`."""
    started = time.monotonic()
    model = served(resplit, settings, treatment)
    seconds = time.monotonic() - started
    rows = resplit.dealt.eval
    p = model.probabilities(resplit, rows)
    scores = quality(p, resplit.labels(rows), decisions=model.decisions(p), natural=resplit.natural)
    return {**scores, "seconds": seconds}


def baseline(resplit: Resplit, *, seed: int) -> Scores:
    """Returns what the boosted trees reach on `eval`.

    They learn from `train` and `val`: they need no rows to stop, calibrate or decide by.
    """
    dealt = resplit.dealt
    known = np.concatenate([dealt.train, dealt.val])
    features = _features(resplit.table)
    names = {feature.name for feature in resplit.table.features.categorical}
    model = HistGradientBoostingClassifier(
        class_weight="balanced",
        categorical_features=[name in names for name in resplit.table.raw],
        random_state=seed,
    )
    started = time.monotonic()
    with threadpool_limits(limits=1):  # Its threads wait in a loop where others want the cores.
        model.fit(features[known], resplit.labels(known))
    seconds = time.monotonic() - started
    p = model.predict_proba(features[dealt.eval])
    labels = resplit.labels(dealt.eval)
    scores = quality(p, labels, decisions=np.argmax(p, axis=1), natural=resplit.natural)
    return {**scores, "seconds": seconds}


def quality(p: Floats, labels: Ints, *, decisions: Ints, natural: Floats) -> Scores:
    """Returns the metrics of probabilities, (n, classes), and decisions, (n,)."""
    precisions = average_precisions(p, labels)
    counts = confusion(labels, decisions, classes=p.shape[1])
    return {
        "pr_auc": float(precisions.mean()),
        "rarest_pr_auc": float(precisions[np.argmin(natural)]),
        "balanced_accuracy": balanced_accuracy(counts),
        "least_recall": float(recalls(counts).min()),
        "log_loss": log_loss(p, labels),
        "ece": float(ece(p, labels).mean()),
    }


def by_index(wanted: SamplingStrategy, classes: tuple[str, ...]) -> SamplingStrategy:
    """Returns rows or shares per class with the classes' indices for their names."""
    if not isinstance(wanted, Mapping):
        return wanted
    return {str(classes.index(name)): n for name, n in wanted.items()}


def _features(table: Table) -> Any:
    """Returns the raw columns, (n, inputs), float64: codes for names, NaN for missing cells."""
    names = {feature.name for feature in table.features.categorical}
    columns = []
    for name in table.raw:
        codes = table.raw[name].astype("category").cat.codes if name in names else table.raw[name]
        column = codes.to_numpy(np.float64)
        columns.append(np.where(column < 0, np.nan, column) if name in names else column)
    return np.stack(columns, axis=1)
