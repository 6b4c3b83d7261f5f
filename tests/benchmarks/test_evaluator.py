import importlib
import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MATRIX = np.diag([30, 20, 10, 5, 3, 2, 1])
SLICES = [(), ("channel 0",), ("channel 0", "region 1")]


@pytest.fixture
def evaluator(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("evaluator")


@pytest.fixture
def configs(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("_evaluator_configs")


def found(evaluator, *, theirs=MATRIX, stock_area=0.9, stock_slices=SLICES):
    """Returns what the three sides found in each slice."""
    areas = {f"class_roc_auc/class {i}": 0.9 for i in range(len(MATRIX))}
    stock = {f"auc/{i}": stock_area for i in range(len(MATRIX))}
    lean = {"multi_class_confusion_matrix_at_thresholds": theirs}
    return {
        evaluator.OURS: {where: {"confusion_matrix": MATRIX, **areas} for where in SLICES},
        evaluator.STOCK: dict.fromkeys(stock_slices, stock),
        evaluator.LEAN: dict.fromkeys(SLICES, lean),
    }


def seconds(evaluator, *, ours=10.0):
    return {
        evaluator.SHARED: [2.0, 1.0, 3.0],
        evaluator.COUNT: [8.0],
        evaluator.OURS: [ours],
        evaluator.FEW: [8.0],
        evaluator.STOCK: [102.0],
        evaluator.LEAN: [50.0],
    }


def test_the_value_is_ours_over_the_baseline(evaluator):
    metrics = evaluator.metrics_of(seconds(evaluator, ours=51.0))
    assert metrics["evaluation_vs_stock"] == {
        "value": 0.5,
        "target": 0.5,
        "unit": "ratio",
        "baseline": 102.0,
        "ours": 51.0,
    }
    assert [name for name, metric in metrics.items() if metric["target"] is not None] == [
        "evaluation_vs_stock"
    ]


def test_what_both_pay_is_taken_off_both_sides(evaluator):
    metric = evaluator.metrics_of(seconds(evaluator))["metrics_vs_stock"]
    assert (metric["ours"], metric["baseline"], metric["value"]) == (8.0, 100.0, 0.08)


@pytest.mark.parametrize(("ours", "code"), [(51.0, 0), (52.0, 1)])
def test_a_missed_target_is_the_exit_code(evaluator, monkeypatch, capsys, ours, code):
    monkeypatch.setattr("sys.argv", ["evaluator.py", "--json"])
    monkeypatch.setattr(evaluator, "measure", lambda *_, **__: seconds(evaluator, ours=ours))
    assert evaluator.main() == code
    assert json.loads(capsys.readouterr().out)["evaluation_vs_stock"]["ours"] == ours


def test_sides_that_found_the_same_are_compared(evaluator):
    evaluator.check_same_work(found(evaluator))
    evaluator.check_same_work(found(evaluator, stock_area=0.905))


@pytest.mark.parametrize(
    ("difference", "message"),
    [
        ({"theirs": MATRIX.T + 1}, "is not"),
        ({"stock_area": 0.7}, r"slice \(\), class 0: 0.9 is not 0.7"),
        ({"stock_area": float("nan")}, "is not nan"),
        ({"stock_slices": SLICES[:2]}, "the slices are not the same"),
    ],
)
def test_sides_that_found_something_else_are_refused(evaluator, difference, message):
    with pytest.raises(evaluator.BenchmarkError, match=message):
        evaluator.check_same_work(found(evaluator, **difference))


@pytest.mark.tfx
def test_both_sides_are_asked_of_every_class_on_the_same_slices(configs):
    classes = ["a", "b", "c"]
    ours, stock, lean = (of(classes) for of in (configs.ours, configs.stock, configs.lean_stock))
    assert len(ours.slicing_specs) == 4
    assert list(ours.slicing_specs) == list(stock.slicing_specs) == list(lean.slicing_specs)
    assert ours.model_specs == stock.model_specs == lean.model_specs
    assert [list(spec.binarize.class_ids.values) for spec in stock.metrics_specs] == [[0, 1, 2]] * 2


@pytest.mark.tfx
def test_ours_is_every_metric_of_the_evaluator_but_paired_decisions(configs):
    from tfx_rebalance.components.evaluator import metrics

    every = {
        name
        for name, kind in vars(metrics).items()
        if isinstance(kind, type) and kind.__module__ == metrics.__name__ and name[0] != "_"
    }
    config = configs.ours(["a", "b"])
    asked = {metric.class_name for spec in config.metrics_specs for metric in spec.metrics}
    assert asked | {"PairedDecisions"} == every
