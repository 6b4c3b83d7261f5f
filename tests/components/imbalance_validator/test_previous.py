"""Where the previous statistics are, and why there are none."""

import json

import pytest

from tfx_rebalance.components.imbalance_validator.previous import previous_of

pytestmark = pytest.mark.tfx


@pytest.fixture
def released(tmp_path):
    """Returns a function that writes manifests."""

    def write(**manifests):
        (tmp_path / "releases").mkdir()
        for version, content in manifests.items():
            (tmp_path / "releases" / f"{version.removeprefix('v')}.json").write_text(content)
        return str(tmp_path)

    return write


def test_the_champion_is_the_highest_number(released):
    manifest = {v: json.dumps({"statistics_uri": f"/{v}", "more": 1}) for v in ("v9", "v10", "v2")}
    folder = released(**manifest, latest=json.dumps({"statistics_uri": "/no"}))
    assert previous_of("champion", released=folder).uri == "/v10"


def test_a_cold_start_is_none_and_not_broken(tmp_path, released):
    for setting, folder, why in (
        ("none", str(tmp_path), "validate.previous is none"),
        ("champion", "", "no folder of releases"),
        ("champion", str(tmp_path / "absent"), "nothing has been released yet"),
        ("champion", released(), "nothing has been released yet"),
    ):
        found = previous_of(setting, released=folder)
        assert (found.uri, found.broken) == ("", False)
        assert why in found.why


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"statistics_uri": ""}'])
def test_a_manifest_that_names_no_statistics_is_broken(released, content):
    found = previous_of("champion", released=released(v1=content))
    assert (found.uri, found.broken) == ("", True)
    assert "1.json" in found.why


def test_a_uri_is_taken_as_it_is():
    assert previous_of("gs://bucket/statistics", released="/serving").uri == (
        "gs://bucket/statistics"
    )
