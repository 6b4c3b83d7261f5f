"""The content of an ImbalanceReport: verdicts, what is told, reading it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.errors import CorruptArtifactError
from tfx_rebalance.findings import VERDICTS, Check, findings_of, not_measured, read_findings, worst

CHECKS = st.lists(
    st.builds(
        Check,
        name=st.sampled_from(["drift", "leakage"]),
        subject=st.text(max_size=5),
        value=st.none() | st.floats(0, 1e9),
        verdict=st.sampled_from(VERDICTS),
        sentence=st.text(max_size=20),
    ),
    max_size=8,
)


@given(verdicts=st.lists(st.sampled_from(VERDICTS)))
def test_the_worst_verdict_counts(verdicts):
    expected = next((v for v in ("stop", "warn") if v in verdicts), "ok")
    assert worst(verdicts) == expected


@given(checks=CHECKS)
def test_every_check_without_a_topic_is_told_once(checks):
    found = findings_of(checks, classes={}, settings={})
    assert sum(len(found.told(verdict)) for verdict in VERDICTS) == len(checks)


def test_checks_with_a_topic_share_a_line_per_verdict():
    checks = [
        Check(name="d", subject=x, sentence=f"off: {x}", topic="off", verdict=verdict, remedy="Do.")
        for x, verdict in (("a", "warn"), ("b", "stop"), ("c", "warn"))
    ]
    found = findings_of(checks, classes={}, settings={})
    assert (found.told("warn"), found.told("stop")) == (["off: a; c. Do."], ["off: b. Do."])


def test_what_is_not_measured_is_ok_and_says_so():
    check = not_measured("drift", "features", why="cold start")
    assert (check.verdict, check.value) == ("ok", None)
    assert check.sentence == "not measured: drift of features: cold start"


@pytest.mark.tfx
def test_a_report_is_read_as_it_was_written(tmp_path):
    check = Check(name="d", subject="x", sentence="s", value=0.5)
    found = findings_of([check], classes={"train": {"a": 1}}, settings={"drift": None})
    (tmp_path / "report.json").write_text(found.model_dump_json())
    assert read_findings(str(tmp_path)) == found


@pytest.mark.tfx
@pytest.mark.parametrize("content", [None, "{", '{"verdict": "maybe"}'])
def test_what_is_no_report_is_told_with_its_path(tmp_path, content):
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(CorruptArtifactError, match=r"report\.json' is not a report"):
        read_findings(str(tmp_path))
