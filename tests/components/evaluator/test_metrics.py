"""The metrics through TFMA, from rows to disk and back, against scikit-learn and scipy."""

import inspect
import json
import math

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from scipy.stats import binomtest
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from support.evaluations import Scored, evaluate, measured, simulated
from tensorflow_model_analysis.metrics import metric_specs, metric_types

from tfx_rebalance.components.evaluator import metrics as ours
from tfx_rebalance.components.evaluator.eval_config import METRICS_MODULE, eval_config
from tfx_rebalance.components.evaluator.settings import GateSettings

pytestmark = pytest.mark.tfx

CLASSES = ("a", "b", "c")
ROWS = 900
SLICES = [{"features": (name,), "min_recall": {"default": 0.5}} for name in ("half", "seen")]
PUBLIC = {
    name: kind
    for name, kind in inspect.getmembers(ours, inspect.isclass)
    if issubclass(kind, metric_types.Metric)
    and kind.__module__ == METRICS_MODULE
    and name[0] != "_"
}


def metric(class_name, **arguments):
    return tfma.MetricConfig(
        class_name=class_name, module=METRICS_MODULE, config=json.dumps(arguments)
    )


def bound(interval, confidence, index=2):
    name = f"{interval}/{confidence}"
    more = {"class_index": index, "interval": interval, "confidence": confidence, "name": name}
    return metric("ClassRecallLowerBound", **more)


@pytest.fixture(scope="module")
def rows():
    """Returns what a model says, labels and features; no row with `seen` = no is of class c."""
    said, labels = simulated(ROWS)
    features = {
        "half": np.array(["left", "right"])[np.arange(ROWS) % 2],
        "seen": np.where((labels != 2) & (np.arange(ROWS) % 3 == 0), "no", "yes"),
    }
    return said, labels, features


@pytest.fixture(scope="module")
def found(rows, tmp_path_factory):
    """Returns what TFMA measured of a model alone: slice -> "output/metric" -> value."""
    said, labels, features = rows
    config = eval_config(GateSettings(min_recall={"c": 0.7}, slices=SLICES), CLASSES)
    more = [bound(name, at) for name in ("clopper_pearson", "wilson") for at in (0.9, 0.99)]
    config.metrics_specs[0].metrics.extend(more)
    uri = tmp_path_factory.mktemp("alone")
    evaluate(uri, Scored(labels, {"": said}, features), config)
    return measured(uri)


WHERE = [(), *((("half", value),) for value in ("left", "right")), (("seen", "no"),)]
every_slice = pytest.mark.parametrize("where", WHERE, ids=str)


def part_of(rows, where):
    """Returns scores, probabilities and labels of the rows of a slice."""
    said, labels, features = rows
    chosen = np.ones(ROWS, bool)
    for name, value in where:
        chosen &= features[name] == value
    return said["decision_scores"][chosen], said["probabilities"][chosen], labels[chosen]


@every_slice
def test_numbers_of_decisions_are_scikit_learns(rows, found, where):
    scores, _, labels = part_of(rows, where)
    decided = scores.argmax(axis=1)
    values = {key.removeprefix("decision_scores/"): value for key, value in found[where].items()}
    matrix = theirs.confusion_matrix(labels, decided, labels=range(3))
    assert values["confusion_matrix"].tolist() == matrix.tolist()
    of_classes = theirs.precision_recall_fscore_support(
        labels, decided, labels=range(3), zero_division=np.nan
    )
    for name, wanted in zip(("precision", "recall", "f1", "support"), of_classes, strict=True):
        by_class = [values[f"class_{name}/{label}"] for label in CLASSES]
        np.testing.assert_allclose(by_class, wanted.astype(float))
    present = np.unique(labels)
    recalls = of_classes[1][present]
    assert values["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert values["g_mean"] == pytest.approx(recalls.prod() ** (1 / len(present)))
    assert values["mcc"] == pytest.approx(theirs.matthews_corrcoef(labels, decided))
    f1 = theirs.f1_score(labels, decided, average="macro", labels=range(3), zero_division=0)
    assert values["macro_f1"] == pytest.approx(f1)


@every_slice
def test_numbers_of_probabilities_are_scikit_learns(rows, found, where):
    _, p, labels = part_of(rows, where)
    values = {key.removeprefix("probabilities/"): value for key, value in found[where].items()}
    log_loss = theirs.log_loss(labels, p, labels=range(3))
    assert values["log_loss"] == pytest.approx(log_loss, rel=1e-5)
    for index in np.unique(labels):
        of_class = {name: values[f"class_{name}/{CLASSES[index]}"] for name in OF_PROBABILITIES}
        is_class, own = labels == index, p[:, index].astype(float)
        precision = theirs.average_precision_score(is_class, own)
        assert of_class["pr_auc"] == pytest.approx(precision, abs=3e-3)
        assert of_class["roc_auc"] == pytest.approx(theirs.roc_auc_score(is_class, own), abs=2e-3)
        brier = theirs.brier_score_loss(is_class, own)
        assert of_class["brier"] == pytest.approx(brier, rel=1e-5)
        _is_reliability(of_class["reliability"], of_class["ece"], is_class, own)
        line = LogisticRegression(penalty=None, tol=1e-8).fit(
            np.log(own / (1 - own))[:, None], is_class
        )
        wanted = [line.coef_[0, 0], line.intercept_[0]]
        assert of_class["calibration_line"] == pytest.approx(wanted, abs=0.02)


OF_PROBABILITIES = ("pr_auc", "roc_auc", "brier", "ece", "calibration_line", "reliability")


def _is_reliability(points, error, is_class, p):
    shares, means = calibration_curve(is_class, p, n_bins=15)
    known = points[np.isfinite(points).all(axis=1)]
    np.testing.assert_allclose(known[:, 0], means, atol=1e-5)
    np.testing.assert_allclose(known[:, 1], shares, atol=1e-5)
    assert known[:, 2].sum() == len(p)
    assert error == pytest.approx(np.abs(means - shares) @ known[:, 2] / len(p), abs=1e-5)


def test_a_curve_is_one_of_recall_and_precision_that_can_be_had(rows, found):
    _, p, labels = part_of(rows, ())
    points = found[()]["probabilities/class_pr_curve/c"]
    points = points[np.isfinite(points).all(axis=1)]
    precision, recall, _ = theirs.precision_recall_curve(labels == 2, p[:, 2])
    at = np.abs(recall[:, None] - points[:, 0]).argmin(axis=0)
    assert recall[at] == pytest.approx(points[:, 0])
    best = [precision[recall == r].max() for r in recall[at]]
    assert (points[:, 1] <= np.array(best) + 1e-9).all()
    assert points[-1] == pytest.approx([1, (labels == 2).mean()])


@every_slice
@pytest.mark.parametrize(("interval", "name"), [("clopper_pearson", "exact"), ("wilson", "wilson")])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_lower_bound_is_scipys(rows, found, where, interval, name, confidence):
    scores, _, labels = part_of(rows, where)
    own = labels == 2
    value = found[where][f"decision_scores/{interval}/{confidence}"]
    if not own.any():
        assert value == 0
        return
    hits = int((scores.argmax(axis=1)[own] == 2).sum())
    two_sided = binomtest(hits, int(own.sum())).proportion_ci(2 * confidence - 1, method=name)
    assert value == pytest.approx(two_sided.low)


def test_the_margin_is_that_bound_minus_the_bar(rows, found):
    for where in WHERE[:3]:
        scores, _, labels = part_of(rows, where)
        own = labels == 2
        hits = int((scores.argmax(axis=1)[own] == 2).sum())
        low = binomtest(hits, int(own.sum())).proportion_ci(0.9).low
        assert found[where]["decision_scores/gate_margin/c"] == pytest.approx(low - 0.7)
    assert "decision_scores/gate_margin/a" not in found[()]  # It has no bar.


def test_what_a_slice_without_rows_of_a_class_does_not_tell_is_nan(found):
    values = found[(("seen", "no"),)]
    assert values["decision_scores/class_support/c"] == 0
    assert values["decision_scores/gate_margin/c"] == -0.7
    for name in ("decision_scores/class_recall/c", "probabilities/class_pr_auc/c"):
        assert math.isnan(values[name])
    assert np.isnan(values["probabilities/class_calibration_line/c"]).all()


def test_they_measure_a_model_of_one_output_without_its_name(rows, tmp_path):
    said, labels, _ = rows
    metrics = [metric("ConfusionMatrix"), metric("MeanLogLoss"), metric("ClassF1", class_index=1)]
    config = tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(label_key="y")],
        slicing_specs=[tfma.SlicingSpec()],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
    )
    evaluate(tmp_path, Scored(labels, {"": {"": said["probabilities"]}}), config)
    values, p = measured(tmp_path)[()], said["probabilities"]
    matrix = theirs.confusion_matrix(labels, p.argmax(axis=1))
    assert values["/confusion_matrix"].tolist() == matrix.tolist()
    assert values["/log_loss"] == pytest.approx(theirs.log_loss(labels, p), rel=1e-5)
    f1 = theirs.f1_score(labels, p.argmax(axis=1), average=None)[1]
    assert values["/class_f1"] == pytest.approx(f1)


@pytest.mark.parametrize("name", PUBLIC)
def test_tfma_takes_our_class_and_none_of_its_own_of_that_name(name):
    taken = inspect.signature(PUBLIC[name]).parameters
    arguments = {key: value for key, value in (("class_index", 0), ("bar", 0.5)) if key in taken}
    assert type(metric_specs.metric_instance(metric(name, **arguments))) is PUBLIC[name]


def test_tfma_would_take_its_own_balanced_accuracy():
    assert "BalancedAccuracy" in metric_types.registered_metrics()


@pytest.mark.parametrize("classes", [2, 7])
def test_more_classes_and_metrics_are_counted_by_the_same_two_tallies(classes):
    config = eval_config(GateSettings(), [f"c{index}" for index in range(classes)])
    made = metric_specs.to_computations(config.metrics_specs, eval_config=config)
    counted = {c for c in made if isinstance(c, metric_types.MetricComputation)}
    assert sorted(c.keys[0].name for c in counted) == ["_confusion", "_probabilities"]
