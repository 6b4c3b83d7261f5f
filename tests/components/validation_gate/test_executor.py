"""ValidationGate stops a run on what ImbalanceValidator published, and says what to do."""

import pytest
from absl import logging

from tfx_rebalance.artifacts import ImbalanceReport
from tfx_rebalance.components.validation_gate.executor import Executor
from tfx_rebalance.errors import CorruptArtifactError, StopRun
from tfx_rebalance.findings import Check, findings_of

pytestmark = pytest.mark.tfx


def check(verdict, subject, *, topic=""):
    sentence = f"{topic}: {subject} is off" if topic else f"{subject} is off"
    remedy = f"Mend {topic or subject}."
    return Check(
        name="c", subject=subject, verdict=verdict, sentence=sentence, remedy=remedy, topic=topic
    )


@pytest.fixture
def judge(tmp_path):
    """Returns a function that runs the gate on a report of checks."""

    def run(*checks):
        report = ImbalanceReport()
        report.uri = str(tmp_path)
        text = findings_of(checks, classes={}, settings={}).model_dump_json()
        (tmp_path / "report.json").write_text(text)
        Executor().Do({"imbalance_report": [report]}, {}, {})

    return run


def test_a_report_without_a_stop_passes_and_its_warnings_are_logged(judge, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    judge(check("ok", "a"), check("warn", "b"))
    assert said == ["b is off. Mend b."]


def test_a_stop_is_told_with_what_to_do_and_without_the_rest(judge):
    with pytest.raises(StopRun) as error:
        judge(check("warn", "a"), check("stop", "b"), check("stop", "c"), check("ok", "d"))
    assert str(error.value) == "b is off. Mend b. c is off. Mend c."


def test_checks_with_a_topic_are_one_sentence_of_the_first_ten(judge):
    many = [check("stop", f"{i:02}", topic="numbers") for i in range(13)]
    with pytest.raises(StopRun) as error:
        judge(*many)
    assert str(error.value).startswith("numbers: 00 is off; 01 is off; ")
    assert str(error.value).endswith("09 is off (and 3 more). Mend numbers.")


def test_of_many_sentences_the_first_ten_are_told(judge):
    with pytest.raises(StopRun, match=r"09 is off\. Mend 09\. \(and 2 more\)$") as error:
        judge(*(check("stop", f"{i:02}") for i in range(12)))
    assert "10 is off" not in str(error.value)


def test_a_report_that_cannot_be_read_is_no_pass(tmp_path):
    report = ImbalanceReport()
    report.uri = str(tmp_path)
    with pytest.raises(CorruptArtifactError):
        Executor().Do({"imbalance_report": [report]}, {}, {})
