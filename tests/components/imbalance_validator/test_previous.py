"""Where the previous statistics are, and why there are none."""

import pytest
from support.released import release

from tfx_rebalance.components.imbalance_validator.previous import previous_of

pytestmark = pytest.mark.tfx


def test_the_champion_is_the_highest_number_that_is_whole(tmp_path):
    for version in ("9", "10", "2"):
        release(tmp_path, version, statistics_uri=f"/{version}", statistics=f"{version}.stats")
    assert previous_of("champion", released=str(tmp_path)).uri == f"{tmp_path}/releases/10.stats"
    (tmp_path / "10" / "saved_model.pb").unlink()
    assert previous_of("champion", released=str(tmp_path)).uri == f"{tmp_path}/releases/9.stats"


def test_a_release_without_a_copy_of_its_statistics_names_those_of_its_run(tmp_path):
    release(tmp_path, "9", statistics_uri="gs://bucket/statistics/4")
    assert previous_of("champion", released=str(tmp_path)).uri == "gs://bucket/statistics/4"


def test_a_cold_start_is_none_and_not_broken(tmp_path):
    (tmp_path / "releases").mkdir()
    for setting, folder, why in (
        ("none", str(tmp_path), "validate.previous is none"),
        ("champion", "", "no folder of releases"),
        ("champion", str(tmp_path / "absent"), "nothing has been released yet"),
        ("champion", str(tmp_path), "nothing has been released yet"),
    ):
        found = previous_of(setting, released=folder)
        assert (found.uri, found.broken) == ("", False)
        assert why in found.why


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"model_sha256": "a"}'])
def test_a_manifest_that_names_no_statistics_is_broken(tmp_path, content):
    release(tmp_path, "1")
    (tmp_path / "releases" / "1.json").write_text(content)
    found = previous_of("champion", released=str(tmp_path))
    assert (found.uri, found.broken) == ("", True)
    assert "1.json" in found.why or "version 1 " in found.why


def test_a_destination_that_cannot_be_read_is_broken_and_no_cold_start():
    found = previous_of("champion", released="s3://bucket/served")
    assert (found.uri, found.broken) == ("", True)
    assert "cannot be listed" in found.why


def test_a_uri_is_taken_as_it_is():
    assert previous_of("gs://bucket/statistics", released="/serving").uri == (
        "gs://bucket/statistics"
    )
