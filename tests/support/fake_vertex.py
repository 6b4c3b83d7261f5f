"""A double of Vertex AI on loopback: its pipeline and schedule services over real gRPC."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import aiplatform_v1 as api
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

State = api.Schedule.State
PACKAGE = "google.cloud.aiplatform.v1"


@dataclass
class Fault:
    """What goes wrong with a call."""

    code: Any = grpc.StatusCode.UNAVAILABLE
    words: str = "the service is currently unavailable"
    done: bool = False
    """Whether what was asked is done all the same."""


class RefusedError(Exception):
    def __init__(self, code, words):
        super().__init__(words)
        self.code = code


@dataclass
class FakeVertex:
    """The service's state; `fault` says of each call whether it goes wrong."""

    fault: Callable[[str, Any], Fault | None] = lambda _method, _request: None
    page_size: int = 100
    requests: list[tuple[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """What the calls are routed by."""
    jobs: dict[str, Any] = field(default_factory=dict)
    schedules: dict[str, Any] = field(default_factory=dict)
    address: str = ""

    def calls(self) -> list[str]:
        """Returns the calls that were made, but for looking."""
        return [name for name, _ in self.requests if not name.startswith(("List", "Get"))]

    def named(self, name: str) -> list[tuple[str, str]]:
        """Returns cron and state of each schedule of a name."""
        found = [s for s in self.schedules.values() if s.display_name == name]
        return [(s.cron, s.state.name) for s in found]

    def CreatePipelineJob(self, request):  # noqa: N802
        name = f"{request.parent}/pipelineJobs/{request.pipeline_job_id}"
        if name in self.jobs:
            raise RefusedError(grpc.StatusCode.ALREADY_EXISTS, f"{name} already exists")
        _check_job(request.pipeline_job)
        self.jobs[name] = api.PipelineJob(request.pipeline_job)
        self.jobs[name].name = name
        self.jobs[name].state = api.PipelineState.PIPELINE_STATE_RUNNING
        return self.jobs[name]

    def GetPipelineJob(self, request):  # noqa: N802
        return self.jobs[request.name]

    def CreateSchedule(self, request):  # noqa: N802
        _check_schedule(request.schedule)
        made = api.Schedule(request.schedule)
        made.name = f"{request.parent}/schedules/{len(self.requests)}"
        made.state = State.ACTIVE
        self.schedules[made.name] = made
        return made

    def GetSchedule(self, request):  # noqa: N802
        return self._found(request.name)

    def ListSchedules(self, request):  # noqa: N802
        rows = list(self.schedules.values())
        start = int(request.page_token or 0)
        end = start + min(self.page_size, request.page_size or 100)
        token = str(end) if end < len(rows) else ""
        return api.ListSchedulesResponse(schedules=rows[start:end], next_page_token=token)

    def UpdateSchedule(self, request):  # noqa: N802
        found = self._found(request.schedule.name)
        for path in request.update_mask.paths:
            setattr(found, path, getattr(request.schedule, path))
        _check_schedule(found)
        return found

    def PauseSchedule(self, request):  # noqa: N802
        self._turn(request.name, State.ACTIVE, State.PAUSED)
        return empty_pb2.Empty()

    def ResumeSchedule(self, request):  # noqa: N802
        self._turn(request.name, State.PAUSED, State.ACTIVE)
        self.schedules[request.name].catch_up = request.catch_up
        return empty_pb2.Empty()

    def DeleteSchedule(self, request):  # noqa: N802
        self._found(request.name)
        del self.schedules[request.name]
        operation = operations_pb2.Operation(name=f"{request.name}/operations/1", done=True)
        operation.response.Pack(empty_pb2.Empty())
        return operation

    def _found(self, name):
        if name not in self.schedules:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"The Schedule {name} does not exist.")
        return self.schedules[name]

    def _turn(self, name, before, after):
        if self._found(name).state != before:
            words = f"The Schedule must be {before.name}."
            raise RefusedError(grpc.StatusCode.FAILED_PRECONDITION, words)
        self.schedules[name].state = after


def _check_job(job):
    if not job.runtime_config.gcs_output_directory.startswith("gs://"):
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "gcs_output_directory must be set")
    known = dict(job.pipeline_spec)["root"].get("inputDefinitions", {}).get("parameters", {})
    for name in dict(job.runtime_config.parameter_values):
        if name not in known:
            words = f"parameter {name} is not defined in the pipeline"
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, words)


def _check_schedule(schedule):
    fields = [word for word in schedule.cron.split() if "TZ=" not in word]
    if len(fields) != 5:
        words = f"Invalid cron: expected 5 fields, got {len(fields)}"
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, words)
    if schedule.max_concurrent_run_count < 1:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "max_concurrent_run_count must be set")
    _check_job(schedule.create_pipeline_job_request.pipeline_job)


def _handler(state, method):
    def answer(request, context):
        state.requests.append((method, request))
        metadata = dict(context.invocation_metadata())
        state.places.append(metadata.get("x-goog-request-params", ""))
        fault = state.fault(method, request)
        result = None
        if fault is None or fault.done:
            try:
                result = getattr(state, method)(request)
            except RefusedError as refusal:
                context.abort(refusal.code, str(refusal))
        if fault is not None:
            context.abort(fault.code, fault.words)
        return result

    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=_deserializer(f"{method}Request"),
        response_serializer=_serialized,
    )


def _deserializer(name):
    if hasattr(api, name):
        return getattr(api, name).deserialize
    return getattr(operations_pb2, name).FromString


def _serialized(message):
    plain = type(message).pb(message) if hasattr(type(message), "pb") else message
    return plain.SerializeToString()


SERVICES = {
    f"{PACKAGE}.PipelineService": ("CreatePipelineJob", "GetPipelineJob"),
    f"{PACKAGE}.ScheduleService": (
        *(f"{verb}Schedule" for verb in ("Create", "Get", "Update", "Pause", "Resume", "Delete")),
        "ListSchedules",
    ),
}


def fake_vertex(monkeypatch, folder, **options):
    """Returns `served` for its pipeline and schedule services."""
    return served(FakeVertex(**options), SERVICES, monkeypatch=monkeypatch, folder=folder)


@contextmanager
def served(state, services, *, monkeypatch, folder):
    """Yields the state of a server on loopback that every client of Google's then talks to.

    The clients find the key of a service account in the environment as they do elsewhere; only the
    channel, which would have TLS, is another one.
    """
    server = grpc.server(ThreadPoolExecutor(4))
    for service, methods in services.items():
        handlers = {method: _handler(state, method) for method in methods}
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    state.address = f"127.0.0.1:{port}"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(folder)))
    insecure(monkeypatch, state.address)
    try:
        yield state
    finally:
        server.stop(None).wait()


def insecure(monkeypatch, address):
    """Lets every client of Google's talk to an address on loopback."""
    monkeypatch.setattr(
        "google.api_core.grpc_helpers.create_channel",
        lambda *_, **__: grpc.insecure_channel(address),
    )


def service_account(folder):
    """Writes the key file of a service account that nobody has and returns where it is."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "service_account.json"
    content = {
        "type": "service_account",
        "project_id": "nobodys",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "nobody@nobodys.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1:9/token",
    }
    path.write_text(json.dumps(content))
    return path
