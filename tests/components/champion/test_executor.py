"""What counts as released, and that a cold start is told as one."""

import pytest
import tensorflow as tf
from support.released import release
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import standard_artifacts

from tfx_rebalance.components.champion.executor import Executor
from tfx_rebalance.errors import CorruptArtifactError, StorageError
from tfx_rebalance.releases import tree_digest

pytestmark = pytest.mark.tfx


@pytest.fixture
def served(tmp_path):
    return tmp_path / "served"


def found(served, tmp_path):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "champion")
    context = BaseExecutor.Context(tmp_dir=str(tmp_path), unique_id="1")
    Executor(context).Do({}, {"model": [model]}, {"released": str(served)})
    return model


def test_nothing_released_is_a_marked_cold_start(served, tmp_path):
    model = found(served, tmp_path)
    assert model.get_int_custom_property("cold_start") == 1
    assert not (tmp_path / "champion").exists()


def test_the_newest_version_with_a_manifest_is_copied(served, tmp_path):
    release(served, "9", "old")
    newest = release(served, "10", "new")
    release(served, "11", "cut off while it was pushed")
    (served / "releases" / "11.json").unlink()
    model = found(served, tmp_path)
    assert model.get_int_custom_property("cold_start") == 0
    assert model.get_string_custom_property("released_version") == "10"
    assert tree_digest(str(tmp_path / "champion/Format-Serving")) == tree_digest(str(newest))


def test_a_version_that_was_removed_is_passed_over(served, tmp_path):
    release(served, "9")
    (release(served, "10") / "saved_model.pb").unlink()
    assert found(served, tmp_path).get_string_custom_property("released_version") == "9"


def test_a_model_that_is_not_what_was_released_is_refused(served, tmp_path):
    (release(served, "10") / "variables" / "data").write_text("tampered")
    with pytest.raises(CorruptArtifactError, match=r"version 10 .* is not what was released"):
        found(served, tmp_path)


def test_a_damaged_manifest_is_named(served, tmp_path):
    release(served, "10")
    (served / "releases" / "10.json").write_text("{")
    with pytest.raises(CorruptArtifactError, match=r"10\.json"):
        found(served, tmp_path)


def test_a_destination_that_cannot_be_read_is_no_cold_start(served, tmp_path, monkeypatch):
    def refused(path):
        raise tf.errors.PermissionDeniedError(None, None, f"403 for {path}")

    monkeypatch.setattr(tf.io.gfile, "exists", refused)
    for released, why in (
        ("ram://served", "403 for ram://served/releases"),
        ("s3://bucket/served", "cannot be listed"),
    ):
        with pytest.raises(StorageError, match=why):
            found(released, tmp_path)
    assert not (tmp_path / "champion").exists()
