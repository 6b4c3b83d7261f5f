"""What a released version is called in the registry, and what is sent; plain data."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.run_facts import gate

from tfx_rebalance.components.registrar.request import (
    Release,
    check_run,
    is_same,
    label_value,
    labels_of,
    upload_request,
    version_name,
)
from tfx_rebalance.components.registrar.settings import RegistrarSettings, RegistrySettings
from tfx_rebalance.errors import RebalanceError

ALLOWED = set(string.ascii_lowercase + string.digits + "-_")
IMAGE = "europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"
NAME = "projects/shop/locations/here/models/fraud"


def release(**changes):
    given = {
        "version": "1767225600",
        "uri": "gs://models/serving/cards/1767225600",
        "sha256": "0123456789abcdef" * 4,
        "pipeline": "cards",
        "run": "cards-20260301-030000",
        "gate": gate(champion="cold_start"),
    }
    return Release(**{**given, **changes})


def settings(**changes):
    given = {"project": "shop", "location": "here", "model": "fraud", "serving_image": IMAGE}
    return RegistrarSettings(**{**given, **changes})


@given(st.text(max_size=200))
def test_any_text_becomes_a_label_that_vertex_takes(text):
    value = label_value(text)
    assert len(value) <= 63
    assert set(value) <= ALLOWED
    assert label_value(value) == value


@given(st.text(alphabet=sorted(ALLOWED), max_size=63))
def test_what_is_a_label_stays(text):
    assert label_value(text) == text


def test_long_texts_that_begin_alike_stay_apart():
    first, second = (label_value("a" * 100 + end) for end in "bc")
    assert first != second
    assert len(first) == len(second) == 63


def test_the_labels_say_pipeline_run_and_verdict_and_what_it_is():
    assert labels_of(release(), {"team": "fraud", "verdict": "mine"}) == {
        "team": "fraud",
        "pipeline": "cards",
        "run": "cards-20260301-030000",
        "verdict": "passed",
        "champion": "cold_start",
        "version": "1767225600",
        "model_sha256": "0123456789abcdef",
    }
    assert labels_of(release(gate=gate(passed=False)), {})["verdict"] == "failed"


def test_the_alias_is_one_that_vertex_takes():
    assert release().alias == "v1767225600-0123456789abcdef"
    assert re.fullmatch(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]", release().alias)


def test_the_first_version_names_the_model_that_is_made():
    request = upload_request(release(), settings(labels={"team": "fraud"}), there=[])
    assert (request["modelId"], request["parent"]) == ("fraud", "projects/shop/locations/here")
    assert "parentModel" not in request
    model = request["model"]
    assert model["artifactUri"] == "gs://models/serving/cards/1767225600"
    assert model["containerSpec"] == {"imageUri": IMAGE}
    assert model["versionAliases"] == [release().alias, "default"]
    assert model["labels"] == labels_of(release(), {"team": "fraud"})
    assert model["displayName"] == "fraud"
    assert "released by the run cards-20260301-030000" in model["versionDescription"]


def test_a_later_version_names_its_model_and_leaves_its_name():
    request = upload_request(release(), settings(), there=[{"displayName": "Card fraud, EU"}])
    assert request["parentModel"] == NAME
    assert "modelId" not in request
    assert request["model"]["displayName"] == "Card fraud, EU"


def test_a_long_story_is_cut():
    long = gate().model_copy(update={"reasons": ("because " * 500,)})
    request = upload_request(release(gate=long), settings(), there=[])
    assert len(request["model"]["versionDescription"]) <= 1000


def found(**changes):
    uploaded = upload_request(release(), settings(), there=[])["model"]
    return {**uploaded, "name": NAME, "versionId": "3", **changes}


def test_a_version_is_known_by_its_alias_or_by_its_labels():
    assert is_same(found(), release())
    assert is_same(found(versionAliases=["default"]), release())
    assert is_same(found(labels={"version": "1"}), release())  # The model's own label won.
    assert is_same({"labels": labels_of(release(), {})}, release())
    assert not is_same({}, release())


@pytest.mark.parametrize("change", [{"version": "1767225601"}, {"sha256": "f" * 64}])
def test_another_version_or_model_is_another_one(change):
    assert not is_same(found(), release(**change))


def test_a_version_has_its_own_number_in_its_name():
    assert version_name({"name": NAME, "versionId": "3"}) == f"{NAME}@3"
    assert version_name({"name": f"{NAME}@3", "versionId": "3"}) == f"{NAME}@3"


@pytest.mark.parametrize("run", ["", "{{$.pipeline_job_name}}"])
def test_a_run_whose_name_nobody_has_filled_in_is_an_error(run):
    with pytest.raises(RebalanceError, match="did not fill it in"):
        check_run(run)
    assert check_run("cards-1") == "cards-1"


@pytest.mark.parametrize(
    "image",
    ["serving", "tensorflow/serving:2.16", "https://a.pkg.dev/p/i", "a.pkg.dev/p i", "a.b/"],
)
def test_an_image_without_its_host_is_refused(image):
    with pytest.raises(ValidationError, match=r"must be an image with its host, such as LOCATION"):
        RegistrySettings(serving_image=image)
    assert RegistrySettings(serving_image=IMAGE).model is None


@pytest.mark.parametrize("model", ["Fraud", "2fraud", "-fraud", "a" * 64, "card fraud", ""])
def test_a_model_id_that_vertex_does_not_take_is_refused(model):
    with pytest.raises(ValidationError, match="should match pattern"):
        RegistrySettings(model=model, serving_image=IMAGE)


@pytest.mark.parametrize("model", ["fraud", "_fraud-2", "a" * 63, "1234567890123456789"])
def test_names_and_vertexs_numbers_are_taken(model):
    assert RegistrySettings(model=model, serving_image=IMAGE).model == model
