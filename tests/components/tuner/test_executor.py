"""Where Rebalance's report lies reaches `tuner_fn`, and nothing else changes."""

import json

import pytest

pytestmark = pytest.mark.tfx


def test_the_reports_path_is_added_to_the_custom_config(monkeypatch, tmp_path):
    from tfx.components.tuner.executor import Executor as StockExecutor

    from tfx_rebalance.artifacts import RebalanceReport
    from tfx_rebalance.components.tuner.executor import Executor

    seen = []
    monkeypatch.setattr(StockExecutor, "Do", lambda _, *arguments: seen.append(arguments))
    report = RebalanceReport()
    report.uri = str(tmp_path)
    given = {"custom_config": json.dumps({"tuner": "{}"}), "tuner_fn": "f"}

    Executor().Do({"rebalance_report": [report]}, {}, given)
    Executor().Do({}, {}, given)

    (_, _, told), (_, _, without) = seen
    assert json.loads(told["custom_config"]) == {
        "tuner": "{}",
        "rebalance_report": str(tmp_path / "report.json"),
    }
    assert told["tuner_fn"] == "f"
    assert without == given
