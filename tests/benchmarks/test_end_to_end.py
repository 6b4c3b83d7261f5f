import importlib
import math
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def end_to_end(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("end_to_end")


def runs(end_to_end, *, plain_seconds=100.0, **plain_facts):
    facts = {"steps": 1050, "eval_rows": 12_000, "recalls": [0.9, 0.8], "pushed": True}

    def run(seconds, **changed):
        return end_to_end.Run(seconds, 10.0, 90.0, {"Trainer": 20.0}, facts | changed)

    ours, tuned = run(60.0), run(80.0)
    return {"ours": [ours], "plain": [run(plain_seconds, **plain_facts)], "plain_tuned": [tuned]}


def test_the_value_is_ours_over_the_baseline(end_to_end):
    metrics = end_to_end.metrics_of(runs(end_to_end))
    assert metrics["end_to_end_vs_plain"] == {
        "value": 0.6,
        "target": 0.7,
        "unit": "ratio",
        "baseline": 100.0,
        "ours": 60.0,
    }
    assert metrics["end_to_end_vs_plain_tuned"]["target"] is None


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ({"steps": 100}, "different numbers of steps"),
        ({"eval_rows": 11_000}, "different numbers of rows"),
        ({"recalls": [0.9, math.nan]}, "not evaluated"),
    ],
)
def test_a_baseline_that_does_less_is_refused(end_to_end, fact, message):
    with pytest.raises(end_to_end.BenchmarkError, match=message):
        end_to_end.check_same_work(runs(end_to_end, **fact))


def test_a_split_by_hash_may_differ_a_little(end_to_end):
    end_to_end.check_same_work(runs(end_to_end, eval_rows=11_900))


def test_the_table_has_a_row_for_each_node(end_to_end):
    assert "Trainer" in end_to_end.table_of(runs(end_to_end), rows=60_000)
