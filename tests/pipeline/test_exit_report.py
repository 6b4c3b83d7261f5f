"""The report of a run elsewhere, from what its steps left under the root, in each layout."""

import json

import pytest
from support.released import release
from support.run_facts import gate

from tfx_rebalance.components.exit_handler.record import FinalRecord
from tfx_rebalance.components.report.facts import read_facts
from tfx_rebalance.components.report.index import entry_of, index_of
from tfx_rebalance.findings import Check, findings_of

pytestmark = pytest.mark.tfx

RUN = "fraud-20260131"
SALT = "0b2f9a52-6d0e-4c1f-9a0e-2f5b7c1d3e4f"
LAYOUTS = {"vertex": "7/{run}/{node}_-12", "kubeflow": "fraud/{run}/{node}/" + SALT}
NODES = ("ExampleGen", "ImbalanceValidator", "ValidationGate", "Trainer", "Evaluator", "Pusher",
         "Registrar")  # fmt: skip


class Root:
    """A target's root with what a run has left there."""

    def __init__(self, folder, target):
        self.folder, self.target = folder, target
        self.serving = folder / "serving"
        (folder / "runs" / RUN).mkdir(parents=True)

    def leave(self, node, output, file, text, *, run=RUN):
        made = self.folder / "pipeline" / LAYOUTS[self.target].format(run=run, node=node) / output
        made.mkdir(parents=True)
        (made.parent / "executor_output.json").write_text("{}")
        (made / file).write_text(text)
        return made

    def report(self, state="FAILED", error=None, created=""):
        """Returns what `report.json` says and the page, or None where none was written."""
        from tfx_rebalance.pipeline.exit_report import write_exit_report

        record = FinalRecord(pipeline="fraud", run_id=RUN, state=state, error=error, job=None,
                             ended="2026-01-31T04:00:00+00:00")  # fmt: skip
        planned = {
            "target": self.target,
            "config": {"name": "fraud", "data": {"seed": 5}},
            "classes": ["0", "1"],
            "nodes": NODES,
            "destination": str(self.serving),
        }
        page = write_exit_report(
            record, planned=json.dumps(planned), root=str(self.folder), created=created
        )
        if page is None:
            return None
        assert page == str(self.folder / "runs" / RUN / "report.html")
        facts = read_facts(self.folder / "runs" / RUN / "report.json")
        return facts, (self.folder / "runs" / RUN / "report.html").read_text()


@pytest.fixture(params=LAYOUTS)
def root(request, tmp_path):
    return Root(tmp_path, request.param)


def found(verdict):
    check = Check(name="support", subject="1", verdict=verdict, sentence="too few frauds")
    return findings_of([check], classes={}, settings={}).model_dump_json()


def test_a_run_that_its_data_stopped_says_by_what(root):
    left = root.leave("ImbalanceValidator", "imbalance_report", "report.json", found("stop"))
    facts, page = root.report(
        error="tasks failed: [ValidationGate]", created="2026-01-31T03:00:00Z"
    )
    assert (facts.verdict, facts.exit_code, facts.failed_node) == ("stopped", 3, "ValidationGate")
    assert facts.reason == "ValidationGate: too few frauds"
    assert facts.started == "2026-01-31T03:00:00Z"
    assert facts.seeds == {"data.seed": 5}
    states = {node.name: (node.state, dict(node.outputs)) for node in facts.nodes}
    assert states["ImbalanceValidator"] == ("began", {"imbalance_report": str(left)})
    assert states["ValidationGate"] == ("failed", {})
    assert states["Trainer"] == ("no_trace", {})
    assert set(states["ImbalanceValidator"][1]) == {"imbalance_report"}  # No executor_output.json.
    assert ">Stopped by the data<" in page
    assert "an earlier run&#39;s result was taken" in page
    assert "index.html" not in page  # There is no list of all runs elsewhere.
    assert "end of the log" not in page


@pytest.mark.parametrize("passed", [True, False])
def test_a_run_that_reached_its_end_says_what_the_gate_said(root, passed):
    text = gate(passed=passed, classes=("0", "1")).model_dump_json()
    root.leave("Evaluator", "evaluation", "gate.json", text)
    facts, page = root.report(state="SUCCEEDED")
    assert (facts.verdict, facts.exit_code) == (("released", 0) if passed else ("not_released", 4))
    assert facts.gate.passed is passed
    assert facts.started == "2026-01-31T04:00:00+00:00"  # Nobody said when it was created.
    assert next(node.state for node in facts.nodes if node.name == "Evaluator") == "done"
    assert (">Released<" if passed else ">Not released<") in page


@pytest.mark.parametrize(
    ("error", "node", "reason"),
    [
        ("The failed tasks are: [Trainer].; Job is failed.", "Trainer", "The failed tasks are"),
        (None, "", "the backend says CANCELLED, and not why"),
    ],
)
def test_a_run_that_failed_has_the_backends_words(root, error, node, reason):
    root.leave("ImbalanceValidator", "imbalance_report", "report.json", found("ok"))
    facts, page = root.report(state="CANCELLED", error=error)
    assert (facts.exit_code, facts.failed_node) == (1, node)
    assert reason in facts.reason
    assert (f">Failed in {node}<" if node else ">Failed<") in page


def test_a_failure_after_the_push_leaves_the_run_released(root):
    root.leave("Evaluator", "evaluation", "gate.json", gate(classes=("0", "1")).model_dump_json())
    pushed = root.leave("Pusher", "pushed_model", "saved_model.pb", "model")
    (pushed / "variables").mkdir()
    (pushed / "variables" / "data").write_text("weights")
    release(root.serving, "17")
    release(root.serving, "18", content="another model")
    facts, page = root.report(error="The failed tasks are: [Registrar]. 403.")
    assert (facts.verdict, facts.exit_code) == ("released", 1)
    assert (facts.failed_node, facts.released_version) == ("Registrar", "17")
    assert facts.reason == (
        "the model was released and is served; Registrar failed afterwards: The failed tasks are: "
        "[Registrar]. 403. The release stands. Mend the cause and run again: the same model is not "
        "pushed twice."
    )
    assert ">Released, then failed in Registrar<" in page
    assert next(node.state for node in facts.nodes if node.name == "Registrar") == "failed"
    listed = index_of([entry_of(facts)], without=[])
    assert 'class="warn">Released, then failed in Registrar<' in listed
    assert "<td>17</td>" in listed


def test_releases_that_cannot_be_read_are_told_and_the_release_stands(root):
    root.leave("Pusher", "pushed_model", "saved_model.pb", "model")
    release(root.serving, "17")
    (root.serving / "releases" / "17.json").write_text("{")
    facts, _ = root.report(error="Registrar failed.")
    assert (facts.verdict, facts.released_version) == ("released", None)
    assert "17.json" in facts.unread[0]


def test_a_run_that_released_names_the_version(root):
    root.leave("Evaluator", "evaluation", "gate.json", gate(classes=("0", "1")).model_dump_json())
    pushed = root.leave("Pusher", "pushed_model", "saved_model.pb", "model")
    (pushed / "variables").mkdir()
    (pushed / "variables" / "data").write_text("weights")
    release(root.serving, "17")
    facts, page = root.report(state="SUCCEEDED")
    assert (facts.exit_code, facts.failed_node, facts.released_version) == (0, "", "17")
    assert ">Released<" in page


def test_a_pusher_that_pushed_nothing_leaves_the_run_stopped(root):
    root.leave("Pusher", "pushed_model", "half", "")
    facts, _ = root.report(error="Pusher failed.")
    assert (facts.verdict, facts.failed_node) == ("stopped", "Pusher")


@pytest.mark.parametrize("said", ["The failed tasks are: [ExampleGen].", None])
def test_a_run_that_failed_has_the_steps_own_words(root, said):
    left = root.leave("ExampleGen", "examples", "nothing", "").parent
    failure = {"error": "DataError", "message": "the day 2026-03-01 has no file. Wait for it."}
    (left / "failure.json").write_text(json.dumps(failure))
    facts, page = root.report(error=said)
    assert facts.reason == "ExampleGen: the day 2026-03-01 has no file. Wait for it."
    assert (facts.verdict, facts.exit_code, facts.failed_node) == ("stopped", 3, "ExampleGen")
    assert ">Stopped by the data<" in page
    node = next(node for node in facts.nodes if node.name == "ExampleGen")
    assert (node.state, set(node.outputs)) == ("failed", {"examples"})


def test_the_words_of_another_step_are_not_those_of_the_one_that_failed(root):
    left = root.leave("ExampleGen", "examples", "nothing", "").parent
    (left / "failure.json").write_text('{"error": "DataError", "message": "m"}')
    facts, _ = root.report(error="Trainer failed.")
    assert (facts.reason, facts.exit_code, facts.failed_node) == ("Trainer failed.", 1, "Trainer")


def test_words_of_a_step_that_cannot_be_read_are_told_as_such(root):
    left = root.leave("Trainer", "model", "nothing", "").parent
    (left / "failure.json").write_text("{")
    facts, _ = root.report()
    assert (facts.exit_code, facts.failed_node) == (1, "Trainer")
    assert "failure.json', which cannot be read" in facts.reason


def test_what_is_damaged_is_told_instead_of_taken_for_absent(root):
    root.leave("ImbalanceValidator", "imbalance_report", "report.json", "{")
    facts, page = root.report(error="x")
    [unread] = facts.unread
    assert unread.startswith("imbalance_report of ImbalanceValidator: ")
    assert "Not read: imbalance_report" in page


def test_a_verdict_that_was_remembered_is_reported_by_the_run_that_made_it(root):
    text = gate(classes=("0", "1")).model_dump_json()
    root.leave("Evaluator", "evaluation", "gate.json", text, run="an-earlier-run")
    assert root.report(state="SUCCEEDED") is None
    assert not (root.folder / "runs" / RUN / "report.json").exists()
