"""What counts as being served already, and what a push writes beside the versions."""

import json
import time
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import json_format
from support.bucket import bucket, tree
from support.released import release
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts

from tfx_rebalance.components.pusher import versions
from tfx_rebalance.components.pusher.executor import Executor
from tfx_rebalance.components.pusher.versions import copy_version
from tfx_rebalance.errors import ConfigError, CorruptArtifactError, StorageError
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
def statistics(tmp_path):
    folder = tmp_path / "statistics" / "7"
    (folder / "Split-train").mkdir(parents=True)
    (folder / "Split-train" / "FeatureStats.pb").write_bytes(b"stats")
    return str(folder)


@pytest.fixture
def push(tmp_path, statistics):
    """Returns a function that runs the executor on a model and gives the artifact it filled."""

    def run(content="model", *, blessed=1, statistics=statistics, base=str(tmp_path / "serving")):
        uri = tmp_path / f"model-{content}" / "Format-Serving"
        for name in ("assets/words", "assets.extra/features.json", "variables/data"):
            (uri / name).parent.mkdir(parents=True, exist_ok=True)
            (uri / name).write_text(name)
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
        destination.filesystem.base_directory = base
        properties = {"push_destination": json_format.MessageToJson(destination)}
        context = BaseExecutor.Context(tmp_dir=str(tmp_path), unique_id="1")
        Executor(context).Do(
            inputs, {"pushed_model": [pushed]}, {**properties, "custom_config": "null"}
        )
        return pushed

    return run


def version_of(pushed):
    return pushed.get_string_custom_property("pushed_version")


def manifests(tmp_path):
    found = (tmp_path / "serving" / "releases").glob("*.json")
    return {path.name: json.loads(path.read_text()) for path in found}


def test_a_push_writes_what_the_version_came_from(push, tmp_path, statistics):
    pushed = push()
    version = version_of(pushed)
    assert pushed.get_int_custom_property("pushed") == 1
    assert tree(pushed.uri) == tree(str(tmp_path / "serving" / version))
    [kept] = (tmp_path / "serving/releases").glob("*.stats")
    assert tree(str(kept)) == {"Split-train/FeatureStats.pb": b"stats"}
    assert manifests(tmp_path) == {
        f"{version}.json": {
            "version": version,
            "model_sha256": tree_digest(str(tmp_path / "serving" / version)),
            "statistics_uri": statistics,
            "statistics": kept.name,
            "fitted_rows": None,
        }
    }


def test_the_same_model_is_pushed_once_and_its_manifest_kept(push, tmp_path):
    first = push()
    before = manifests(tmp_path)
    again = push()
    assert again.get_string_custom_property("pushed_destination") == (
        first.get_string_custom_property("pushed_destination")
    )
    assert manifests(tmp_path) == before


def test_a_model_that_was_put_there_by_hand_gets_a_manifest_and_no_second_version(push, tmp_path):
    push()
    [path] = (tmp_path / "serving" / "releases").glob("*.json")
    path.unlink()
    push()
    assert list(manifests(tmp_path)) == [path.name]


def test_a_model_that_is_not_blessed_leaves_nothing(push, tmp_path):
    pushed = push(blessed=0)
    assert pushed.get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()


def test_an_unblessed_model_changes_nothing_that_is_served(push, tmp_path):
    push()
    before = tree(str(tmp_path / "serving"))
    pushed = push("another", blessed=0)
    assert pushed.get_string_custom_property("pushed_destination") == ""
    assert tree(str(tmp_path / "serving")) == before


def test_without_statistics_the_manifest_says_so(push, tmp_path):
    push(statistics="")
    [manifest] = manifests(tmp_path).values()
    assert (manifest["statistics_uri"], manifest["statistics"]) == (None, None)


def test_statistics_that_are_gone_stop_the_push_and_nothing_is_left(push, tmp_path):
    push()
    before = tree(str(tmp_path / "serving"))
    with pytest.raises(CorruptArtifactError, match=r"gone from 'nowhere'.*Run again"):
        push("another", statistics="nowhere")
    assert tree(str(tmp_path / "serving")) == before


@pytest.mark.parametrize("failing", ["variables/data", "saved_model.pb.writing", ".json"])
def test_a_push_that_breaks_leaves_the_destination_as_it_was(push, tmp_path, monkeypatch, failing):
    push()
    before = tree(str(tmp_path / "serving"))
    seen = []

    def broken(function):
        def call(source, target, *args, **kwargs):
            if target.endswith(failing) and str(tmp_path / "serving") in target:
                seen.append(newest_version(str(tmp_path / "serving")))
                raise tf.errors.ResourceExhaustedError(None, None, "the disk is full")
            return function(source, target, *args, **kwargs)

        return call

    for name in ("copy", "rename"):
        monkeypatch.setattr(tf.io.gfile, name, broken(getattr(tf.io.gfile, name)))
    with pytest.raises(tf.errors.ResourceExhaustedError):
        push("another")
    assert tree(str(tmp_path / "serving")) == before
    assert [Path(newest).name for newest in seen] == [
        path.split("/")[0] for path in before if path.endswith("saved_model.pb")
    ]


def test_a_version_from_the_future_is_refused_and_nothing_is_pushed(push, tmp_path):
    future = model(tmp_path / "serving" / str(int(time.time()) + 1000), "clock")
    with pytest.raises(ConfigError, match=f"version {future.name} .* Set the clock"):
        push()
    assert [path.name for path in (tmp_path / "serving").iterdir()] == [future.name]


def while_copying(monkeypatch, do):
    """Calls a function once, when the first file of a model is copied."""
    copy, calls = tf.io.gfile.copy, []

    def call(source, target, *args, **kwargs):
        if not calls and "/releases/" not in target:
            calls.append(target)
            do()
        return copy(source, target, *args, **kwargs)

    monkeypatch.setattr(tf.io.gfile, "copy", call)


def test_a_push_that_another_has_overtaken_is_refused_and_leaves_the_other_whole(
    push, tmp_path, monkeypatch
):
    others = []
    while_copying(monkeypatch, lambda: others.append(version_of(push("another"))))
    with pytest.raises(StorageError, match=r"was released .* Run again") as refused:
        push()
    [other] = others
    assert f"version {other} " in str(refused.value)
    assert newest_version(str(tmp_path / "serving")) == str(tmp_path / "serving" / other)
    assert (tmp_path / "serving" / other / "saved_model.pb").read_text() == "another"
    assert list(manifests(tmp_path)) == [f"{other}.json"]
    assert len(list((tmp_path / "serving" / "releases").iterdir())) == 2  # And its statistics.


@pytest.mark.parametrize("begun", [True, False])
def test_a_number_that_somebody_else_has_taken_is_not_taken(tmp_path, monkeypatch, begun):
    release(tmp_path, "1", "old")
    taken = str(int(time.time()) + 1)
    if begun:
        (tmp_path / "releases" / f"{taken}.0-theirs.claim").write_text(taken)
    else:
        release(tmp_path, taken, "theirs")
    before = tree(str(tmp_path))
    new_version, numbers = versions.new_version, iter(["", taken])
    monkeypatch.setattr(versions, "new_version", lambda b: next(numbers, None) or new_version(b))
    version = copy_version(str(tmp_path), "1", said={})
    after = tree(str(tmp_path))
    assert version != taken
    assert before.items() <= after.items()
    assert sorted(path for path in after if path not in before) == [
        f"{version}/saved_model.pb", f"{version}/variables/data", f"releases/{version}.json"
    ]  # fmt: skip


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one():
    with pytest.raises(StorageError, match="'s3://bucket/served' cannot be listed"):
        newest_version("s3://bucket/served")


def test_in_a_bucket_a_model_has_the_digest_it_has_here(push, tmp_path, monkeypatch):
    base = f"{bucket(monkeypatch)}/serving"
    pushed = push(base=base)
    version = version_of(pushed)
    assert tree(f"{base}/{version}") == tree(str(tmp_path / "model-model/Format-Serving"))
    manifest = json.loads(tree(f"{base}/releases")[f"{version}.json"])
    assert manifest["model_sha256"] == tree_digest(f"{base}/{version}")
    assert version_of(push(base=base)) == version


def test_in_a_bucket_an_earlier_version_comes_back_whole(push, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    here = sorted(path.name for path in tmp_path.iterdir())
    base = f"{bucket(monkeypatch)}/serving"
    first = version_of(push("old", base=base))
    push("new", base=base)
    version = copy_version(base, first, said={"rollback_of": first})
    assert newest_version(base) == f"{base}/{version}"
    assert tree(f"{base}/{version}") == tree(f"{base}/{first}")
    left = {path.name for path in tmp_path.iterdir()} - {"model-old", "model-new", "pushed"}
    assert sorted(left) == here
