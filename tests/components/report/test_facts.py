"""`report.json`: what was written is what is read, and nothing else is."""

import json

import pytest
from support.run_facts import VERDICTS, facts

from tfx_rebalance.components.report.facts import RunFacts, read_facts
from tfx_rebalance.errors import CorruptArtifactError


@pytest.mark.parametrize("kind", VERDICTS)
def test_facts_survive_the_way_through_json(kind, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(facts(kind).model_dump_json(indent=1), encoding="utf-8")

    assert read_facts(path) == facts(kind)
    assert RunFacts.model_validate(json.loads(path.read_text())) == facts(kind)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"run_id": "x"}'])
def test_what_is_no_report_is_told_with_its_path(content, tmp_path):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CorruptArtifactError, match=r"report\.json.*is not the report of a run"):
        read_facts(path)
