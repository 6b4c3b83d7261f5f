"""Releases by hand: through Pusher's code, recorded, never silent."""

import json
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.released import release
from support.run_facts import facts

from tfx_rebalance.components.pusher import versions
from tfx_rebalance.components.report.facts import Fingerprints, read_facts
from tfx_rebalance.pipeline.cli import main
from tfx_rebalance.pipeline.pages import write_report

pytestmark = pytest.mark.tfx


class Served:
    """A root with runs, their models and what is served."""

    def __init__(self, root: Path) -> None:
        self.root, self.base = root, root / "serving" / "card"

    def run(self, run_id, *, content="model", kind="not_released", **changes):
        """Makes a run that trained a model of this content."""
        from tfx_rebalance.releases import tree_digest

        model = self.root / "pipeline/Trainer/model" / run_id
        served = model / "Format-Serving"
        (served / "variables").mkdir(parents=True)
        (served / "variables" / "data").write_text("weights")
        (served / "saved_model.pb").write_text(content)
        (self.root / "runs" / run_id).mkdir(parents=True)
        made = {
            "run_id": run_id,
            "destination": str(self.base),
            "model_uri": str(model),
            "statistics_uri": None,
            "examples_uri": None,
            "fingerprints": Fingerprints(model=tree_digest(str(served)), code="c"),
            "gate": None,
            **changes,
        }
        write_report(self.root, facts(kind, **made))

    def release_version(self, version, content):
        """Lays down a version as a run that was blessed would have, with its run."""
        release(self.base, version, content)
        self.run(f"run-{version}", content=content, kind="released", released_version=version)

    def call(self, *args):
        return CliRunner().invoke(main, [*args, "--root", str(self.root)])

    def facts(self, run_id):
        return read_facts(self.root / "runs" / run_id / "report.json")

    @property
    def manifests(self):
        found = (self.base / "releases").glob("*.json")
        return {path.stem: json.loads(path.read_text()) for path in found}

    @property
    def newest(self):
        return max((p for p in self.base.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))


@pytest.fixture
def served(tmp_path):
    return Served(tmp_path)


SAID = ("--by", "Ada", "--reason", "the old one is down")


def test_an_override_pushes_and_is_in_manifest_report_and_list(served):
    served.run("run-1")

    ended = served.call("release", "run-1", "--override", *SAID)

    assert ended.exit_code == 0, ended.output
    assert "released without blessing" in ended.stdout
    assert (served.newest / "saved_model.pb").read_text() == "model"
    [manifest] = served.manifests.values()
    assert manifest["version"] == served.newest.name
    said = manifest["override"]
    assert (said["by"], said["reason"], said["run"]) == ("Ada", "the old one is down", "run-1")
    [event] = served.facts("run-1").events
    assert (event.kind, event.version, event.by) == ("override", served.newest.name, "Ada")
    assert event.at == said["at"]
    for page in ("runs/run-1/report.html", "index.html"):
        text = (served.root / page).read_text()
        assert "Not blessed, released by Ada" in text
        assert "the old one is down" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["release", "run-1", *SAID], "add --override"),
        (["release", "run-1", "--override", "--by", "Ada"], "--reason"),
        (["release", "run-1", "--override", "--reason", "x"], "--by"),
        (["release", "run-1", "--override", "--by", " ", "--reason", "x"], "--by is blank"),
        (["release", "run-1", "--override", "--by", "A", "--reason", ""], "--reason is blank"),
        (["release", "run-9", "--override", *SAID], "no run 'run-9'"),
        (["rollback", "--by", "Ada"], "--reason"),
        (["rollback", "--reason", "x"], "--by"),
        (["rollback", "--reason", " ", "--by", "Ada"], "--reason is blank"),
        (["rollback", *SAID], "nothing has been released"),
        (["rollback", *SAID, "--pipeline", "other"], "no pipeline 'other'"),
    ],
)
def test_what_lacks_a_reason_a_name_or_a_run_is_refused_and_changes_nothing(
    served, arguments, words
):
    served.run("run-1")
    before = served.facts("run-1")

    ended = served.call(*arguments)

    assert ended.exit_code == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not served.base.exists()
    assert served.facts("run-1") == before


def test_a_run_without_a_model_cannot_be_released_and_the_node_is_named(served):
    served.run("run-1", kind="stopped_by_data", model_uri=None)

    ended = served.call("release", "run-1", "--override", *SAID)

    assert ended.exit_code == 2
    assert "ended in ValidationGate before it had trained a model" in ended.stderr
    assert not served.base.exists()


def test_what_was_released_by_the_gate_needs_no_override(served):
    served.release_version("17", "model")

    ended = served.call("release", "run-17", "--override", *SAID)

    assert (ended.exit_code, "was blessed and released as version 17" in ended.stderr) == (2, True)


def test_what_is_served_already_is_not_pushed_again(served):
    served.run("run-1")
    assert served.call("release", "run-1", "--override", *SAID).exit_code == 0
    before = served.manifests

    again = served.call("release", "run-1", "--override", *SAID)

    assert (again.exit_code, "is served already" in again.stderr) == (2, True)
    assert served.manifests == before


def test_a_model_that_is_another_one_than_was_judged_is_not_released(served):
    served.run("run-1")
    (served.root / "pipeline/Trainer/model/run-1/Format-Serving/saved_model.pb").write_text("x")

    ended = served.call("release", "run-1", "--override", *SAID)

    assert (ended.exit_code, "is not the model that run" in ended.stderr) == (1, True)
    assert not served.base.exists()


def test_an_override_without_the_data_the_model_learned_from_publishes_nothing(served):
    gone = str(served.root / "gone")
    for field in ("statistics_uri", "examples_uri"):
        served.run(field, **{field: gone})

        ended = served.call("release", field, "--override", *SAID)

        assert (ended.exit_code, gone in ended.stderr) == (1, True)
        assert list(served.base.iterdir()) == [served.base / "releases"]
        assert list((served.base / "releases").iterdir()) == []
        assert served.facts(field).events == ()


def test_a_rollback_copies_the_version_before_and_is_recorded(served):
    served.release_version("17", "old")
    served.release_version("18", "new")
    before = served.manifests

    ended = served.call("rollback", *SAID)

    assert ended.exit_code == 0, ended.output
    newest = served.newest
    assert int(newest.name) > 18
    assert (newest / "saved_model.pb").read_text() == "old"
    assert (newest / "variables/data").read_text() == "weights"
    manifest = served.manifests[newest.name]
    assert manifest["rollback_of"] == "17"
    assert manifest["rollback"]["by"] == "Ada"
    assert manifest["model_sha256"] == before["17"]["model_sha256"]
    assert {v: served.manifests[v] for v in before} == before
    [event] = served.facts("run-17").events
    assert (event.kind, event.version, event.rollback_of) == ("rollback", newest.name, "17")
    assert "rollback" in (served.root / "index.html").read_text()
    assert served.facts("run-18").events == ()


def test_a_second_rollback_goes_further_back_and_never_forth(served):
    for version, content in (("16", "oldest"), ("17", "old"), ("18", "new")):
        served.release_version(version, content)
    assert served.call("rollback", *SAID).exit_code == 0

    assert served.call("rollback", *SAID).exit_code == 0
    assert (served.newest / "saved_model.pb").read_text() == "oldest"

    ended = served.call("rollback", *SAID)
    assert (ended.exit_code, "is older than 16" in ended.stderr) == (2, True)
    assert served.call("rollback", "--to", "18", *SAID).exit_code == 0
    assert (served.newest / "saved_model.pb").read_text() == "new"


def test_a_rollback_to_what_is_not_there_or_served_names_what_there_is(served):
    served.release_version("17", "old")
    served.release_version("18", "new")

    for to, words in (("9", "no released version"), ("18", "is served already")):
        ended = served.call("rollback", "--to", to, *SAID)
        assert ended.exit_code == 2
        assert words in ended.stderr
        assert "There are: 17, 18." in ended.stderr


def test_a_version_whose_push_was_killed_and_a_damaged_manifest_are_in_no_ones_way(served):
    for version, content in (("15", "ancient"), ("16", "old"), ("17", "cut off"), ("18", "new")):
        served.release_version(version, content)
    (served.base / "releases" / "15.json").write_text("{")
    (served.base / "17" / "saved_model.pb").unlink()

    assert served.call("rollback", *SAID).exit_code == 0

    assert (served.newest / "saved_model.pb").read_text() == "old"
    ended = served.call("rollback", "--to", "17", *SAID)
    assert (ended.exit_code, "There are: 15, 16, 18, " in ended.stderr) == (2, True)


def test_a_rollback_is_recorded_also_where_the_run_of_the_version_is_gone(served):
    served.release_version("17", "old")
    served.release_version("18", "new")
    shutil.rmtree(served.root / "runs" / "run-17")

    assert served.call("rollback", *SAID).exit_code == 0

    assert [event.rollback_of for event in served.facts("run-18").events] == ["17"]


def test_a_version_whose_files_changed_is_not_made_the_newest(served):
    served.release_version("17", "old")
    served.release_version("18", "new")
    (served.base / "17" / "variables" / "data").write_text("other")

    ended = served.call("rollback", *SAID)

    assert (ended.exit_code, "is not what was released" in ended.stderr) == (1, True)
    assert served.newest.name == "18"


def test_with_several_pipelines_one_must_be_named(served):
    served.release_version("17", "old")
    served.release_version("18", "new")
    served.run("other", pipeline="other", destination=str(served.root / "serving/other"))

    assert "several pipelines" in served.call("rollback", *SAID).stderr
    ended = served.call("rollback", "--pipeline", "card-fraud", *SAID)
    assert ended.exit_code == 0, ended.output


def test_a_version_is_newer_than_all_and_the_future_is_refused(served):
    now = int(time.time())
    served.release_version(str(now), "model")
    assert int(versions.new_version(str(served.base))) > now

    served.release_version(str(now + 1000), "model")
    with pytest.raises(versions.ConfigError, match="newer than the clock"):
        versions.new_version(str(served.base))


def test_origins_are_followed_through_copies_of_copies():
    manifests = {"1": {}, "2": {}, "3": {"rollback_of": "1"}, "4": {"rollback_of": "3"}}
    found = [versions.origin_of(v, manifest_of=manifests.__getitem__) for v in "1234"]
    assert found == ["1", "2", "1", "1"]
    assert versions.origin_of("5", manifest_of=lambda _: {"rollback_of": "5"}) == "5"
