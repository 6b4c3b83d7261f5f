"""What counts as being served already, and what a push writes beside the versions."""

import json

import pytest
from google.protobuf import json_format
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts

from tfx_rebalance.components.pusher.executor import Executor, write_manifest
from tfx_rebalance.files import newest_version
from tfx_rebalance.releases import tree_digest

pytestmark = pytest.mark.tfx


def model(folder, content="model"):
    (folder / "variables").mkdir(parents=True)
    (folder / "variables" / "data").write_text("weights")
    (folder / "saved_model.pb").write_text(content)
    return folder


def test_the_newest_version_is_the_highest_number_that_is_whole(tmp_path):
    assert newest_version(str(tmp_path / "nothing")) is None
    assert newest_version(str(tmp_path)) is None
    for name in ("9", "10", "latest"):
        model(tmp_path / name)
    (tmp_path / "11").mkdir()  # Cut off: saved_model.pb is copied last.
    assert newest_version(str(tmp_path)) == str(tmp_path / "10")


def test_a_digest_is_of_names_and_contents(tmp_path):
    first, same, other = (
        model(tmp_path / name, content)
        for name, content in (("a", "model"), ("b", "model"), ("c", "another"))
    )
    assert tree_digest(str(first)) == tree_digest(str(same))
    assert tree_digest(str(first)) != tree_digest(str(other))
    (same / "variables" / "data").rename(same / "variables" / "date")
    assert tree_digest(str(first)) != tree_digest(str(same))


@pytest.fixture
def push(tmp_path):
    """Returns a function that runs the executor on a model and gives the artifact it filled."""

    def run(content="model", *, blessed=1, statistics="statistics/7"):
        uri = tmp_path / f"model-{content}" / "Format-Serving"
        uri.mkdir(parents=True, exist_ok=True)
        (uri / "saved_model.pb").write_text(content)
        model, blessing = standard_artifacts.Model(), standard_artifacts.ModelBlessing()
        model.uri, blessing.uri = str(uri.parent), str(tmp_path / "blessing")
        blessing.set_int_custom_property("blessed", blessed)
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        inputs = {"model": [model], "model_blessing": [blessing]}
        if statistics:
            inputs["statistics"] = [standard_artifacts.ExampleStatistics()]
            inputs["statistics"][0].uri = statistics
        destination = pusher_pb2.PushDestination()
        destination.filesystem.base_directory = str(tmp_path / "serving")
        properties = {"push_destination": json_format.MessageToJson(destination)}
        context = BaseExecutor.Context(tmp_dir=str(tmp_path), unique_id="1")
        Executor(context).Do(
            inputs, {"pushed_model": [pushed]}, {**properties, "custom_config": "null"}
        )
        return pushed

    return run


def manifests(tmp_path):
    found = (tmp_path / "serving" / "releases").glob("*")
    return {path.name: json.loads(path.read_text()) for path in found}


def test_a_push_writes_what_the_version_came_from(push, tmp_path):
    pushed = push()
    version = pushed.get_string_custom_property("pushed_version")
    assert pushed.get_int_custom_property("pushed") == 1
    assert manifests(tmp_path) == {
        f"{version}.json": {
            "version": version,
            "model_sha256": tree_digest(str(tmp_path / "serving" / version)),
            "statistics_uri": "statistics/7",
            "fitted_rows": None,
        }
    }


def test_the_same_model_is_pushed_once_and_its_manifest_kept(push, tmp_path):
    first = push()
    before = manifests(tmp_path)
    again = push(statistics="statistics/8")
    assert again.get_string_custom_property("pushed_destination") == (
        first.get_string_custom_property("pushed_destination")
    )
    assert manifests(tmp_path) == before


def test_a_manifest_that_an_interrupted_push_lacks_is_written_by_the_next(push, tmp_path):
    push()
    [path] = (tmp_path / "serving" / "releases").glob("*")
    path.unlink()
    push()
    assert list(manifests(tmp_path)) == [path.name]


def test_a_model_that_is_not_blessed_leaves_nothing(push, tmp_path):
    pushed = push(blessed=0)
    assert pushed.get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()


def test_an_unblessed_model_changes_nothing_that_is_served(push, tmp_path):
    push()
    before = manifests(tmp_path)
    pushed = push("another", blessed=0)
    assert pushed.get_string_custom_property("pushed_destination") == ""
    assert manifests(tmp_path) == before


def test_without_statistics_the_manifest_says_so(push, tmp_path):
    push(statistics="")
    [manifest] = manifests(tmp_path).values()
    assert manifest["statistics_uri"] is None


def test_a_manifest_lies_beside_its_version_and_is_no_version(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "saved_model.pb").write_text("model")
    write_manifest(f"{tmp_path}/7/", statistics=[], examples=[])
    assert [path.name for path in (tmp_path / "releases").iterdir()] == ["7.json"]
