"""An evaluation on disk, read back as counts for the gate and numbers for the report."""

import json

import numpy as np
import pytest
from sklearn import metrics
from support.evaluations import Scored, evaluate, simulated

from tfx_rebalance.components.evaluator.eval_config import eval_config
from tfx_rebalance.components.evaluator.executor import Judged, gate_of
from tfx_rebalance.components.evaluator.extractors import bucketed_name
from tfx_rebalance.components.evaluator.gating.champion import Paired
from tfx_rebalance.components.evaluator.measured import read_measured
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import DataError

pytestmark = pytest.mark.tfx

CLASSES = ("a", "b", "c")
ROWS = 600
AGE = bucketed_name("age", [30.0])
SETTINGS = GateSettings(
    min_recall={"default": 0.3},
    slices=[
        {"features": ("code",), "min_recall": {"default": 0.1}},
        {"features": ("age", "sex"), "buckets": {"age": (30,)}, "min_recall": {"default": 0.1}},
    ],
)
FEATURES = {
    "code": np.arange(ROWS) % 2 + 7,
    AGE: np.array(["below 30", "30 and above", "missing"])[np.arange(ROWS) % 3],
    "sex": np.array(["f", "männlich"])[np.arange(ROWS) // 7 % 2],
}


def written(folder, said):
    """Evaluates rows of the same labels; returns them."""
    labels = simulated(ROWS)[1]
    evaluate(folder, Scored(labels, said, FEATURES), eval_config(SETTINGS, CLASSES))
    return labels


def read(folder, *, cold_start):
    return read_measured(str(folder), classes=CLASSES, cold_start=cold_start)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Returns where a model was measured alone."""
    folder = tmp_path_factory.mktemp("alone")
    written(folder, {"": simulated(ROWS)[0]})
    return folder


def matrix(chosen):
    said, labels = simulated(ROWS)
    decided = said["decision_scores"].argmax(axis=1)
    return metrics.confusion_matrix(labels[chosen], decided[chosen], labels=range(3)).tolist()


def test_counts_are_of_the_split_and_of_every_slice_under_the_columns_own_names(alone):
    counts = read(alone, cold_start=True).counts
    assert counts.confusion.tolist() == matrix(np.ones(ROWS, bool))
    found = {tuple(part.where.items()): part.confusion.tolist() for part in counts.slices}
    expected = {(("code", f"{code}"),): matrix(FEATURES["code"] == code) for code in (7, 8)}
    for age in np.unique(FEATURES[AGE]):
        for sex in ("f", "männlich"):
            chosen = (FEATURES[AGE] == age) & (FEATURES["sex"] == sex)
            expected[(("age", age), ("sex", sex))] = matrix(chosen)
    assert found == expected
    assert counts.cold_start
    assert counts.paired == {}


def test_quality_is_by_class_and_has_neither_padding_nor_nan(alone):
    found = read(alone, cold_start=True)
    said, labels = simulated(ROWS)
    p = said["probabilities"].astype(float)
    for index, name in enumerate(CLASSES):
        own, is_class = found.quality[name], labels == index
        assert own.support == is_class.sum()
        precision = metrics.average_precision_score(is_class, p[:, index])
        assert own.pr_auc == pytest.approx(precision, abs=3e-3)
        brier = metrics.brier_score_loss(is_class, p[:, index])
        assert own.brier == pytest.approx(brier, rel=1e-5)
        assert np.isfinite(own.pr_curve).all()
        assert 1 < len(own.pr_curve) <= 200
        assert sum(rows for _, _, rows in own.reliability) == ROWS
        assert found.counts.calibration_errors[name] == own.ece
    assert set(found.overall) == {
        "balanced_accuracy",
        "g_mean",
        "macro_f1",
        "mcc",
        "log_loss",
        "brier",
    }
    squares = ((p - np.eye(3)[labels]) ** 2).sum(axis=1).mean()
    assert found.overall["brier"] == pytest.approx(squares, rel=1e-5)
    log_loss = metrics.log_loss(labels, said["probabilities"])
    assert found.overall["log_loss"] == pytest.approx(log_loss, rel=1e-5)


def test_beside_a_baseline_it_is_the_candidate_that_is_read_and_both_are_paired(tmp_path):
    candidate, baseline = simulated(ROWS)[0], simulated(ROWS, seed=1)[0]
    labels = written(tmp_path, {"baseline": baseline, "candidate": candidate})
    found = read(tmp_path, cold_start=False)
    assert found.counts.confusion.tolist() == matrix(np.ones(ROWS, bool))
    one, two = (s["decision_scores"].argmax(axis=1) == labels for s in (candidate, baseline))
    ways = (one & two, one & ~two, ~one & two, ~one & ~two)
    for index, name in enumerate(CLASSES):
        counts = [int((way & (labels == index)).sum()) for way in ways]
        assert found.counts.paired[name] == Paired(*counts)
    assert found.excluded_rows == 0


def test_what_is_read_is_what_the_gate_decides_on_and_is_json_of_finite_numbers(alone):
    judged = Judged(settings=SETTINGS, classes=CLASSES)
    gate = gate_of(str(alone), judged, cold_start=True)
    assert gate.champion == "cold_start"
    assert {cell.where.get("age") for cell in gate.shares} == {None, *FEATURES[AGE]}
    text = gate.model_dump_json()
    assert json.loads(text, parse_constant=pytest.fail)["passed"] == gate.passed


def test_an_evaluation_of_no_row_is_an_error(tmp_path):
    no_rows = {name: said[:0] for name, said in simulated(ROWS)[0].items()}
    nothing = Scored(np.zeros(0, np.int64), {"": no_rows})
    evaluate(tmp_path, nothing, eval_config(GateSettings(), CLASSES))
    with pytest.raises(DataError, match=r"no row to judge a model by.*larger share"):
        read(tmp_path, cold_start=True)
