"""The list of all runs."""

from xml.etree import ElementTree as ET

from support.run_facts import CLASSES, VERDICTS, facts

from tfx_rebalance.components.report.index import Pipeline, entry_of, index_of


def runs():
    return [
        entry_of(facts(kind, run_id=f"run-{i}", started=f"2026-11-2{i}T00:00:00+00:00"))
        for i, kind in enumerate(VERDICTS)
    ]


def rows(html):
    tree = ET.fromstring(html)
    return [["".join(c.itertext()).strip() for c in row] for row in tree.iter("tr")], tree


def test_every_run_is_in_the_list_with_its_verdict_newest_first():
    found, tree = rows(index_of(runs(), without=[]))

    assert [row[0] for row in found[1:]] == [f"run-{i}" for i in (5, 4, 3, 2, 1, 0)]
    assert [row[1] for row in found[1:]] == [entry.headline.title for entry in reversed(runs())]
    assert found[0][2 : 2 + len(CLASSES)] == list(CLASSES)
    links = [a.get("href") for a in tree.iter("a") if "runs/" in a.get("href")]
    assert links[0] == "runs/run-5/report.html"


def test_the_trend_is_of_the_evaluated_runs_alone():
    pipeline = Pipeline("p", runs()[::-1])

    assert pipeline.classes == list(CLASSES)
    assert pipeline.trend is not None
    assert Pipeline("p", [e for e in runs() if not e.recalls]).trend is None


def test_pipelines_have_lists_of_their_own():
    other = entry_of(facts("failed", run_id="x", pipeline="other"))
    _, tree = rows(index_of([*runs(), other], without=[]))
    assert ["".join(h.itertext()) for h in tree.iter("h2")] == ["card-fraud", "other"]


def test_a_run_without_a_report_and_no_run_at_all_are_told():
    assert "run-9: it was killed" in index_of([], without=["run-9: it was killed"])
    assert "There is no run yet" in index_of([], without=[])
