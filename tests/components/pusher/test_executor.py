"""What counts as being served already."""

import pytest

from tfx_rebalance.components.pusher.executor import tree_digest
from tfx_rebalance.files import newest_version

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
