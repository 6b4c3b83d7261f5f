"""Vertex AI Model Registry: the real client of Google against a double on loopback."""

import itertools
import logging
import warnings

import grpc
import pytest
from google.cloud import aiplatform_v1 as api
from support.fake_registry import fake_registry
from support.fake_vertex import Fault, insecure, service_account
from support.run_facts import gate

from tfx_rebalance.components.registrar import registry
from tfx_rebalance.components.registrar.registry import PAUSES, register
from tfx_rebalance.components.registrar.request import Release, labels_of, upload_request
from tfx_rebalance.components.registrar.settings import RegistrarSettings
from tfx_rebalance.errors import ServiceError
from tfx_rebalance.vertex import as_data

CODES = grpc.StatusCode
IMAGE = "europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"
PARENT = "projects/shop/locations/europe-west4"
NAME = f"{PARENT}/models/fraud"
PLACE = {"project": "shop", "location": "europe-west4"}
SETTINGS = RegistrarSettings(**PLACE, model="fraud", serving_image=IMAGE, labels={"team": "cards"})


def release(version="17", sha256="ab" * 32, run="cards-1"):
    uri = f"gs://models/serving/cards/{version}"
    return Release(version, uri, sha256, pipeline="cards", run=run, gate=gate())


@pytest.fixture
def server(monkeypatch, tmp_path):
    with fake_registry(monkeypatch, tmp_path) as state:
        yield state


@pytest.fixture
def waits():
    return []


@pytest.fixture
def registering(waits):
    """Returns a function that registers without waiting."""

    def run(*arguments, settings=SETTINGS):
        return register(*(arguments or (release(),)), settings, wait=waits.append)

    return run


def failing(method, fault, times=10**9):
    """Returns what lets the first `times` calls of a method go wrong."""
    left = itertools.count(times, -1)
    return lambda called, _request: fault if called == method and next(left) > 0 else None


def test_the_first_release_makes_the_model_with_exactly_the_request_that_was_told(
    server, registering
):
    assert registering() == f"{NAME}@1"
    [sent] = server.uploads()
    assert as_data(sent) == upload_request(release(), SETTINGS, there=[])
    [version] = server.versions("fraud")
    assert dict(version.labels) == labels_of(release(), {"team": "cards"})
    assert version.artifact_uri == "gs://models/serving/cards/17"
    assert version.container_spec.image_uri == IMAGE
    # Each call is routed to where the model is; the last asks how the upload is going on.
    assert server.calls() == ["ListModelVersions", "UploadModel", "GetOperation"]
    assert server.places[:2] == [f"name={NAME}", f"parent={PARENT}"]


def test_a_later_release_is_a_version_of_the_same_model_and_becomes_the_default(
    server, registering
):
    registering()
    assert registering(release("18", "cd" * 32)) == f"{NAME}@2"
    first, second = server.versions("fraud")
    assert list(first.version_aliases) == [release().alias]
    assert list(second.version_aliases) == [release("18", "cd" * 32).alias, "default"]
    assert [sent.parent_model for sent in server.uploads()] == ["", NAME]


def test_the_same_release_is_registered_once(server, registering):
    first = registering()
    registering(release("18", "cd" * 32))
    assert registering(release(run="cards-2")) == first
    assert len(server.versions("fraud")) == 2


def test_a_copy_of_an_earlier_version_is_a_version_of_its_own(server, registering):
    registering()
    assert registering(release("18")) == f"{NAME}@2"  # As after a rollback.


def test_versions_are_known_though_the_models_own_labels_win(server, registering):
    registering()
    server.merged_labels = labels_of(release(), {})
    second = release("18", "cd" * 32)
    assert registering(second) == registering(second) == f"{NAME}@2"
    assert registering() == f"{NAME}@1"


def test_a_version_on_a_later_page_is_found(server, registering):
    server.page_size = 2
    releases = [release(str(number), f"{number:064x}") for number in range(5)]
    names = [registering(one) for one in releases]
    assert registering(releases[-1]) == names[-1] == f"{NAME}@5"
    assert len(server.versions("fraud")) == 5


def test_what_somebody_else_made_keeps_its_name_and_number(server, registering):
    numbered = SETTINGS.model_copy(update={"model": "1234567890"})
    server.add(f"{PARENT}/models/1234567890", api.Model(display_name="Card fraud, EU"))
    assert registering(settings=numbered) == f"{PARENT}/models/1234567890@2"
    assert {v.display_name for v in server.versions("1234567890")} == {"Card fraud, EU"}


def test_a_number_that_nobody_has_is_told_before_anything_is_sent(server, registering):
    numbered = SETTINGS.model_copy(update={"model": "1234567890"})
    with pytest.raises(ServiceError, match=r"no model .*/1234567890,.*registry\.model.*stays as"):
        registering(settings=numbered)
    assert server.uploads() == []


@pytest.mark.parametrize("code", [CODES.UNAVAILABLE, CODES.INTERNAL, CODES.DEADLINE_EXCEEDED])
@pytest.mark.parametrize("done", [True, False])
def test_an_upload_that_fails_for_a_moment_is_made_once(server, registering, waits, code, done):
    server.fault = failing("UploadModel", Fault(code, done=done), times=2)
    assert registering() == f"{NAME}@1"
    assert len(server.versions("fraud")) == 1
    assert waits == list(PAUSES[:1] if done else PAUSES[:2])


def test_a_later_version_whose_answer_is_lost_is_not_uploaded_twice(server, registering):
    registering()
    server.fault = failing("UploadModel", Fault(done=True), times=1)
    assert registering(release("18", "cd" * 32)) == f"{NAME}@2"
    assert len(server.uploads()) == 2


def test_every_attempt_looks_first(server, registering, waits):
    server.fault = failing("UploadModel", Fault())
    with pytest.raises(ServiceError, match=r"failed in registering version 17 of 'fraud' \(503\)"):
        registering()
    assert server.calls() == ["ListModelVersions", "UploadModel"] * 4
    assert waits == list(PAUSES)


def test_a_step_that_is_tried_again_finds_what_the_first_attempt_left(server, registering):
    server.fault = failing("UploadModel", Fault(CODES.PERMISSION_DENIED, "no", done=True))
    with pytest.raises(ServiceError):
        registering()
    server.fault = lambda *_: None
    assert registering() == f"{NAME}@1"
    assert len(server.uploads()) == 1


def test_two_first_versions_at_once_become_two_versions(server, registering):
    """Another run makes the model between our look and our upload."""

    def fault(method, _request):
        if method == "UploadModel" and not server.models:
            server.add(NAME, api.Model(display_name="fraud"))

    server.fault = fault
    assert registering() == f"{NAME}@2"
    assert [sent.parent_model for sent in server.uploads()] == ["", NAME]


def test_an_upload_that_is_taken_and_then_fails_is_told_with_the_reason(server, registering):
    words = "The image cannot be pulled."
    server.wrong_at_last = (CODES.INVALID_ARGUMENT.value[0], words)
    with pytest.raises(
        ServiceError, match=rf"\(400\): {words} Mend.*release stays as it is, in gs"
    ):
        registering()
    assert len(server.uploads()) == 1


def test_an_upload_that_takes_too_long_is_not_made_again(server, registering, monkeypatch):
    monkeypatch.setattr(registry, "PATIENCE", 0.0)
    server.GetOperation = lambda request: type(server.operations[request.name])(name=request.name)
    with pytest.raises(
        ServiceError, match=r"did not answer in time in registering version 17.*onc"
    ):
        registering()
    assert len(server.uploads()) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (CODES.UNAUTHENTICATED, r"credentials \(401\).*vertex\.service_account"),
        (CODES.PERMISSION_DENIED, r"\(403\): no\. Give the account.*aiplatform\.user.*'shop'"),
        (CODES.INVALID_ARGUMENT, r"refused registering version 17 of 'fraud' \(400\): no\. Mend"),
        (CODES.RESOURCE_EXHAUSTED, r"\(429\): no\. Run the pipeline again: .* registered, once"),
        (CODES.INTERNAL, r"failed in registering .* \(500\): no\. Run the pipeline again"),
    ],
)
@pytest.mark.parametrize("method", ["UploadModel", "ListModelVersions"])
def test_an_error_says_the_remedy_and_that_the_release_stays(
    server, registering, method, code, words
):
    server.fault = failing(method, Fault(code, "no"))
    doing = "registering version 17" if method == "UploadModel" else "listing the versions"
    words = words.replace("registering version 17", doing).replace("registering .*", f"{doing}.*")
    with pytest.raises(ServiceError, match=words) as refused:
        registering()
    assert str(refused.value).endswith("stays as it is, in gs://models/serving/cards/17.")
    assert "\n" not in str(refused.value)
    assert not server.models
    passing = code in {CODES.RESOURCE_EXHAUSTED, CODES.INTERNAL}
    assert (len(server.requests) > 2) == passing


def test_an_api_that_is_not_there_is_said_with_its_address(monkeypatch, tmp_path, registering):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(tmp_path)))
    insecure(monkeypatch, "127.0.0.1:9")
    monkeypatch.setattr(registry, "PAUSES", ())
    with pytest.raises(ServiceError, match=r"europe-west4-aiplatform\S+ cannot be reached.*stays"):
        registering()


def test_a_step_without_credentials_is_told_how_to_get_some(monkeypatch, tmp_path, registering):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(ServiceError, match=r"401.*set GOOGLE_APPLICATION_CREDENTIALS.*stays as it"):
        registering()


def test_the_sdk_would_send_the_same(server, registering, monkeypatch):
    """Our requests against those of `Model.upload`, for a first and a later version."""
    first, second = release(), release("18", "cd" * 32)
    registering(first)
    registering(second)
    server.models.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from google.cloud import aiplatform

    monkeypatch.setattr(logging.getLogger("google.cloud.aiplatform"), "disabled", True)
    for one, parent in ((first, None), (second, NAME)):
        model = upload_request(one, SETTINGS, there=[])["model"]
        aiplatform.Model.upload(
            display_name="fraud",
            model_id=None if parent else "fraud",
            parent_model=parent,
            version_aliases=[one.alias],
            version_description=model["versionDescription"],
            serving_container_image_uri=IMAGE,
            artifact_uri=one.uri,
            labels=model["labels"],
            **PLACE,
        )
    ours, theirs = server.uploads()[:2], server.uploads()[2:]
    assert [as_data(sent) for sent in ours] == [as_data(sent) for sent in theirs]
    assert len(theirs) == 2


def test_nothing_is_printed_or_logged(server, registering, capfd, caplog):
    registering()
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []
