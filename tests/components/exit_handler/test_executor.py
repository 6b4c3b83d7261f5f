"""The record is written; somebody is told even where it could not be, and never fatally."""

import json
import logging

import pytest

pytestmark = pytest.mark.tfx

SECRET = "http://127.0.0.1:1/a-secret-path"


def end(root, *, variable="RUN_WEBHOOK", state="FAILED", run_id="run-1", report_fn=""):
    from tfx_rebalance.components.exit_handler.executor import Executor

    status = json.dumps({"state": state, "error": {"message": "Trainer failed"}})
    said = {"final_status": status, "pipeline": "fraud", "run_id": run_id}
    said |= {"report_fn": report_fn, "planned": "{}", "created": ""}
    Executor().Do({}, {}, {**said, "root": str(root), "webhook_variable": variable})


@pytest.fixture
def told(monkeypatch):
    """Returns what would have been posted."""
    from tfx_rebalance.components.exit_handler import executor

    posted = []
    monkeypatch.setenv("RUN_WEBHOOK", f"{SECRET}\n")
    monkeypatch.setattr(executor, "post", lambda address, body: posted.append((address, body)))
    return posted


def test_the_final_state_is_recorded_and_posted_alike(tmp_path, told):
    end(tmp_path)
    text = (tmp_path / "runs" / "run-1" / "final.json").read_text()
    [(address, body)] = told
    assert address == SECRET
    assert json.loads(body) == json.loads(text)
    assert json.loads(text)["state"] == "FAILED"
    assert json.loads(text)["error"] == "Trainer failed"
    assert [path.name for path in (tmp_path / "runs" / "run-1").iterdir()] == ["final.json"]


def test_a_second_attempt_replaces_the_record(tmp_path, told):
    end(tmp_path)
    end(tmp_path, state="SUCCEEDED")
    text = (tmp_path / "runs" / "run-1" / "final.json").read_text()
    assert json.loads(text)["state"] == "SUCCEEDED"


def test_without_a_variable_nobody_is_told(tmp_path, told):
    end(tmp_path, variable="")
    assert told == []
    assert (tmp_path / "runs" / "run-1" / "final.json").exists()


def test_what_cannot_be_written_fails_after_somebody_was_told(tmp_path, told):
    (tmp_path / "runs").write_text("a file in the way")
    with pytest.raises(Exception, match="runs"):
        end(tmp_path)
    assert len(told) == 1


@pytest.mark.parametrize("value", [None, SECRET, "no address: a-secret-path"])
def test_what_cannot_be_posted_is_logged_without_the_address(tmp_path, monkeypatch, caplog, value):
    if value is None:
        monkeypatch.delenv("RUN_WEBHOOK", raising=False)
    else:
        monkeypatch.setenv("RUN_WEBHOOK", value)
    absl = logging.getLogger("absl")
    monkeypatch.setattr(absl, "propagate", True)
    with caplog.at_level(logging.INFO):
        end(tmp_path)
    assert (tmp_path / "runs" / "run-1" / "final.json").exists()
    [line] = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert "RUN_WEBHOOK" in line
    assert "a-secret-path" not in caplog.text


def test_a_report_that_cannot_be_written_is_logged_and_the_record_is_there(
    tmp_path, told, monkeypatch, caplog
):
    monkeypatch.setattr(logging.getLogger("absl"), "propagate", True)
    end(tmp_path, report_fn="tfx_rebalance.pipeline.exit_report.write_exit_report")
    assert (tmp_path / "runs" / "run-1" / "final.json").exists()
    assert len(told) == 1
    [error] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert error.getMessage() == "the report of run run-1 could not be written."
    assert "destination" in str(error.exc_info[1])  # `planned` is empty.
