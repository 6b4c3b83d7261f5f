"""Objectives against scikit-learn, and their names."""

import numpy as np
import pytest
from sklearn import metrics

from tfx_rebalance.components.trainer.objectives import is_better, measured, resolved, worst
from tfx_rebalance.errors import ConfigError

CLASSES = ("a", "b", "c")
NATURAL = np.array([0.7, 0.2, 0.1])


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    labels = random.choice(3, size=2_000, p=NATURAL).astype(np.int64)
    logits = random.normal(size=(2_000, 3)) + 1.5 * np.eye(3)[labels] + np.log(NATURAL)
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), labels


def of_sklearn(objective, p, labels):
    balanced = np.argmax(p / NATURAL, axis=1)
    match objective:
        case "log_loss":
            return metrics.log_loss(labels, p)
        case "macro_f1":
            return metrics.f1_score(labels, p.argmax(axis=1), average="macro")
        case "balanced_accuracy":
            return metrics.balanced_accuracy_score(labels, balanced)
        case "min_class_recall":
            return metrics.recall_score(labels, balanced, average=None).min()
    c = CLASSES.index(objective.partition(":")[2])
    return metrics.average_precision_score(labels == c, p[:, c])


@pytest.mark.parametrize(
    "objective",
    ["log_loss", "macro_f1", "balanced_accuracy", "min_class_recall", "pr_auc:b", "pr_auc:c"],
)
def test_they_are_scikit_learns(rows, objective):
    p, labels = rows
    found = measured(objective, p, labels, natural=NATURAL, classes=CLASSES)
    assert found == pytest.approx(of_sklearn(objective, p, labels), abs=1e-12)


def test_decisions_that_are_given_are_taken(rows):
    p, labels = rows
    found = measured(
        "balanced_accuracy", p, labels, natural=NATURAL, classes=CLASSES, decisions=labels
    )
    assert found == 1


def test_pr_auc_is_of_the_rarest_class_that_there_is():
    assert resolved("pr_auc", natural=NATURAL, classes=CLASSES) == "pr_auc:c"
    without = np.array([0.7, 0.3, 0.0])
    assert resolved("pr_auc", natural=without, classes=CLASSES) == "pr_auc:b"
    assert resolved("macro_f1", natural=NATURAL, classes=CLASSES) == "macro_f1"


def test_a_class_that_there_is_not_is_named():
    with pytest.raises(ConfigError, match=r"'pr_auc:bb' names the class 'bb'.*Allowed: a, b, c"):
        resolved("pr_auc:bb", natural=NATURAL, classes=CLASSES)


def test_less_log_loss_is_better_and_more_of_all_else():
    assert is_better("log_loss", 0.1, 0.2)
    assert not is_better("log_loss", 0.2, 0.2)
    assert is_better("pr_auc:a", 0.2, 0.1)
    for objective in ("log_loss", "macro_f1"):
        assert is_better(objective, 0.5, worst(objective))
        assert not is_better(objective, float("nan"), worst(objective))
