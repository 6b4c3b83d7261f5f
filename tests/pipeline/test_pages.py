"""Reports on disk, and finding them again."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from click.testing import CliRunner
from support.run_facts import facts

from tfx_rebalance.components.report.facts import RUN_ID, Fingerprints, read_facts
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.cli import _new_run_id, main
from tfx_rebalance.pipeline.pages import (
    attempts_on,
    facts_in,
    readable_facts,
    write_index,
    write_report,
)


def write(root, run_id, kind="failed", **changes):
    (root / "runs" / run_id).mkdir(parents=True)
    made = {"started": f"2026-11-22T00:00:0{run_id[-1]}", **changes}
    return write_report(root, facts(kind, run_id=run_id, **made))


def call(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_a_report_is_a_page_a_json_and_an_entry_in_the_list(tmp_path):
    page = write(tmp_path, "run-1")

    assert page == tmp_path / "runs/run-1/report.html"
    assert "Failed in ExampleGen" in page.read_text()
    assert json.loads((page.parent / "report.json").read_text())["run_id"] == "run-1"
    assert "runs/run-1/report.html" in (tmp_path / "index.html").read_text()


def test_runs_that_were_killed_or_are_damaged_are_in_the_list_as_such(tmp_path):
    write(tmp_path, "run-1")
    (tmp_path / "runs/run-2").mkdir()
    (tmp_path / "runs/run-3").mkdir()
    (tmp_path / "runs/run-3/report.json").write_text("{")

    write_index(tmp_path)

    listed = (tmp_path / "index.html").read_text()
    assert "run-2: it has not ended, or was killed" in listed
    assert "run-3: " in listed
    assert "is not the report of a run" in listed


def test_attempts_are_the_runs_that_were_evaluated_on_the_same_rows(tmp_path):
    def prints(rows):
        return Fingerprints(splits={"eval": rows}, code="c")

    for number, (rows, evaluated) in enumerate(
        [("same", True), ("same", False), ("other", True), ("same", True)]
    ):
        write(tmp_path, f"run-{number}", evaluated=evaluated, fingerprints=prints(rows))

    assert attempts_on("same", tmp_path, without="run-3") == ["run-0"]
    assert attempts_on("same", tmp_path, without="new") == ["run-0", "run-3"]
    assert attempts_on("unseen", tmp_path, without="new") == []


def test_the_latest_run_is_meant_where_none_is_named(tmp_path):
    for run in ("run-1", "run-2"):
        write(tmp_path, run)

    assert facts_in(tmp_path, None).run_id == "run-2"
    assert facts_in(tmp_path, "run-1").run_id == "run-1"


def test_the_latest_run_is_the_one_that_began_last_whatever_its_clock_says(tmp_path):
    twice = "20261025-02"  # The hour that comes twice where clocks go back, as ids in local time.
    write(tmp_path, f"{twice}5900-000000", started="2026-10-25T02:59:00+02:00")
    write(tmp_path, f"{twice}0100-000000", started="2026-10-25T02:01:00+01:00")
    write(tmp_path, "20261025-090000-000000", started="2026-10-25T09:00:00+09:00")

    order = ["20261025-090000-000000", f"{twice}5900-000000", f"{twice}0100-000000"]
    assert [found.run_id for found in readable_facts(tmp_path)] == order
    assert facts_in(tmp_path, None).run_id == order[-1]
    listed = (tmp_path / "index.html").read_text()
    assert sorted(order, key=lambda run: listed.index(f">{run}<")) == order[::-1]


def test_a_run_without_a_report_is_as_old_as_its_id_says(tmp_path):
    write(tmp_path, "20261122-100000-000000", started="2026-11-22T10:00:00+00:00")
    (tmp_path / "runs/20261122-090000-000000").mkdir()
    (tmp_path / "runs/by-hand").mkdir()
    assert facts_in(tmp_path, None).run_id == "20261122-100000-000000"
    (tmp_path / "runs/20261122-110000-000000").mkdir()
    with pytest.raises(ConfigError, match=r"run '20261122-110000-000000' has no report.json"):
        facts_in(tmp_path, None)


def test_a_run_is_called_by_its_start_in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # 14 hours ahead.
    time.tzset()
    try:
        began = datetime.strptime(_new_run_id(), RUN_ID).replace(tzinfo=timezone.utc)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert abs(datetime.now(timezone.utc) - began) < timedelta(minutes=1)


def test_a_run_that_is_not_there_is_told_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="there is no run under"):
        facts_in(tmp_path, None)
    write(tmp_path, "run-1")
    with pytest.raises(ConfigError, match=r"no run 'run-7'.*latest is 'run-1'"):
        facts_in(tmp_path, "run-7")


def test_the_command_writes_the_page_anew_and_prints_its_path(tmp_path):
    page = write(tmp_path, "run-1")
    page.unlink()

    ended = call("report", "run-1", "--root", tmp_path)

    assert (ended.exit_code, ended.stdout.strip()) == (0, str(page))
    assert page.exists()


def test_open_shows_the_page_or_says_that_it_cannot(tmp_path, monkeypatch):
    page = write(tmp_path, "run-1")
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or True)
    assert call("report", "--root", tmp_path, "--open").exit_code == 0
    assert opened == [page.as_uri()]

    monkeypatch.setattr("webbrowser.open", lambda uri: False)
    ended = call("report", "--root", tmp_path, "--open")
    assert (ended.exit_code, "no browser could be started" in ended.stderr) == (2, True)


def test_a_report_that_is_missing_is_a_usage_error(tmp_path):
    (tmp_path / "runs/run-1").mkdir(parents=True)

    ended = call("report", "run-1", "--root", tmp_path)

    assert (ended.exit_code, "has no report.json" in ended.stderr) == (2, True)
    assert "Traceback" not in ended.stderr


def test_a_page_written_anew_has_the_same_facts(tmp_path):
    write(tmp_path, "run-1")
    before = read_facts(tmp_path / "runs/run-1/report.json")
    assert call("report", "--root", tmp_path).exit_code == 0
    assert read_facts(tmp_path / "runs/run-1/report.json") == before
