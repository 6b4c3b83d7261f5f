"""A double of Vertex AI Model Registry on loopback: models, their versions and aliases."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import aiplatform_v1 as api
from google.longrunning import operations_pb2
from support.fake_vertex import PACKAGE, Fault, RefusedError, served

SERVICES = {
    f"{PACKAGE}.ModelService": ("UploadModel", "ListModelVersions", "GetModel"),
    "google.longrunning.Operations": ("GetOperation",),
}
LABEL = r"[a-z0-9_-]{0,63}"


@dataclass
class FakeRegistry:
    """The service's state; `fault` says of each call whether it goes wrong."""

    fault: Callable[[str, Any], Fault | None] = lambda _method, _request: None
    page_size: int = 100
    bucket: str = "gs://"
    """What a model's place has to begin with."""
    requests: list[tuple[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """What the calls are routed by."""
    models: dict[str, list[Any]] = field(default_factory=dict)
    """Name of the model -> its versions, oldest first."""
    operations: dict[str, Any] = field(default_factory=dict)
    wrong_at_last: tuple[int, str] | None = None
    """Status and words of uploads that are taken and then fail."""
    merged_labels: dict[str, str] = field(default_factory=dict)
    """Labels of the model itself, which win over those of its versions."""
    address: str = ""

    def calls(self) -> list[str]:
        return [name for name, _ in self.requests]

    def uploads(self) -> list[Any]:
        """Returns the requests for uploads as they arrived."""
        return [request for name, request in self.requests if name == "UploadModel"]

    def versions(self, model: str) -> list[Any]:
        """Returns the versions of the model of an id."""
        return next((v for name, v in self.models.items() if name.endswith(f"/{model}")), [])

    def UploadModel(self, request):  # noqa: N802
        name = request.parent_model or f"{request.parent}/models/{request.model_id}"
        _check_upload(request, self.bucket)
        self._check_place(request, name)
        operation = operations_pb2.Operation(name=f"{name}/operations/{len(self.operations)}")
        done = operations_pb2.Operation(name=operation.name, done=True)
        self.operations[operation.name] = done
        if self.wrong_at_last:
            done.error.code, done.error.message = self.wrong_at_last
            return operation
        version = self.add(name, request.model)
        response = api.UploadModelResponse(model=name, model_version_id=version.version_id)
        done.response.Pack(api.UploadModelResponse.pb(response))
        return operation

    def _check_place(self, request, name):
        if request.parent_model and name not in self.models:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"The Model {name} does not exist.")
        if name in self.models and not request.parent_model:
            raise RefusedError(grpc.StatusCode.ALREADY_EXISTS, f"{name} already exists")

    def GetOperation(self, request):  # noqa: N802
        return self.operations[request.name]

    def GetModel(self, request):  # noqa: N802
        name, _, version = request.name.partition("@")
        found = self.models[name]
        return next(
            v for v in found if (version or "default") in (v.version_id, *v.version_aliases)
        )

    def ListModelVersions(self, request):  # noqa: N802
        if request.name not in self.models:
            words = f"The Model {request.name} does not exist."
            raise RefusedError(grpc.StatusCode.NOT_FOUND, words)
        rows = self.models[request.name]
        start = int(request.page_token or 0)
        end = start + min(self.page_size, request.page_size or 100)
        token = str(end) if end < len(rows) else ""
        shown = [api.Model(row) for row in rows[start:end]]
        for row in shown:
            row.labels.update(self.merged_labels)
        return api.ListModelVersionsResponse(models=shown, next_page_token=token)

    def add(self, name, model):
        """Returns a new version of a model; an alias that another version has is moved to it."""
        made = api.Model(model)
        there = self.models.setdefault(name, [])
        for other in there:
            kept = [alias for alias in other.version_aliases if alias not in made.version_aliases]
            other.version_aliases = kept
        made.name, made.version_id = name, str(len(there) + 1)
        if not there and "default" not in made.version_aliases:
            made.version_aliases.append("default")
        there.append(made)
        return made


def _check_upload(request, bucket):
    model = request.model
    problems = {
        f"artifact_uri {model.artifact_uri}": not model.artifact_uri.startswith(bucket),
        "model.display_name must be set": not model.display_name,
        f"image_uri {model.container_spec.image_uri}": not re.fullmatch(
            r"[\w.-]+\.(pkg\.dev|gcr\.io)/\S+", model.container_spec.image_uri
        ),
        f"label {dict(model.labels)}": not all(
            re.fullmatch(rf"[a-z]{LABEL}", key) and re.fullmatch(LABEL, value)
            for key, value in model.labels.items()
        ),
        f"alias {list(model.version_aliases)}": not all(
            re.fullmatch(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]", alias)
            for alias in model.version_aliases
        ),
        f"model_id {request.model_id}": not request.parent_model
        and not re.fullmatch(r"[a-z_][a-z0-9_-]{0,62}", request.model_id),
    }
    wrong = [words for words, bad in problems.items() if bad]
    if wrong:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"invalid {wrong[0]}")


def fake_registry(monkeypatch, folder, **options):
    """Returns `served` for the registry's services."""
    return served(FakeRegistry(**options), SERVICES, monkeypatch=monkeypatch, folder=folder)
