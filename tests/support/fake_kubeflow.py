"""A double of the Kubeflow Pipelines API on loopback, for the real `kfp.Client`.

It keeps what it is sent and refuses what api-server 2.5 refuses: another schema version, a cron
that robfig's parser does not take, a concurrency outside 1 to 10, a missing or unknown parameter,
an unknown id, a namespace where there is one user only, and what `targets/contract.py` knows.
"""

import cgi
import io
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from tfx_rebalance.pipeline.targets.contract import faults_of

LISTS = {
    "experiments": ("experiments", "experiment_id"),
    "pipelines": ("pipelines", "pipeline_id"),
    "versions": ("pipeline_versions", "pipeline_version_id"),
    "runs": ("runs", "run_id"),
    "recurringruns": ("recurringRuns", "recurring_run_id"),
}
"""By collection: the key of its list, and the key of an id."""
LOGIN = "/dex/auth"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]

    @property
    def call(self) -> str:
        """The method and the path with ids left out."""
        path = self.path.removeprefix("/apis/v2beta1")
        return f"{self.method} " + re.sub(r"/\w+-\d+", "/ID", path)


@dataclass
class Fault:
    """What goes wrong with a request."""

    status: int = 500
    words: str = "database is locked"
    done: bool = False
    """Whether what was asked is done all the same."""
    kind: str = "error"
    """`error`, `cut` (the connection breaks off), `hang` (no answer), `page` (of a login), `login`
    (the way to such a page, as full Kubeflow answers without a session)."""


class RefusedError(Exception):
    def __init__(self, status, words):
        super().__init__(words)
        self.status = status


@dataclass
class FakeKubeflow:
    """The server's state; `fault` says of each request whether it goes wrong."""

    token: str | None = None
    multi_user: bool = False
    page_size: int = 100
    backend: tuple[int, int] = (2, 0)
    """The version that it restates of what runs."""
    fault: Callable[[Request], Fault | None] = lambda _request: None
    requests: list[Request] = field(default_factory=list)
    tables: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in LISTS}
    )
    texts: dict[str, str] = field(default_factory=dict)
    """What was uploaded, by id of the version."""
    host: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def calls(self) -> list[str]:
        """Returns the calls that were made, but for looking."""
        return [r.call for r in self.requests if r.method != "GET"]

    def schedules(self, name: str) -> list[tuple[str, str]]:
        """Returns cron and status of each schedule of a name."""
        found = [s for s in self.tables["recurringruns"].values() if s["display_name"] == name]
        return [(s["trigger"]["cron_schedule"]["cron"], s["status"]) for s in found]

    def answer(self, request: Request) -> Any:
        """Returns the answer to a request; raises `RefusedError`."""
        given = request.headers.get("authorization")
        if self.token and given != f"Bearer {self.token}":
            raise RefusedError(401, f"Unauthenticated: token expired: {given}")
        words = request.path.removeprefix("/apis/v2beta1/").split("/")
        if words == ["healthz"]:
            return {"multi_user": self.multi_user}
        if words[0] == "pipelines" and words[1:] == ["upload_version"]:
            return self._upload(request)
        if words[0] == "pipelines" and words[2:] == ["versions"]:
            return self._list("versions", request, pipeline_id=words[1])
        if len(words) == 1 and request.method == "GET":
            wanted = {k: v for k, v in request.query.items() if k == "experiment_id"}
            return self._list(words[0], request, **wanted)
        if len(words) == 1:
            return self._create(words[0], request.body)
        return self._change(words[0], words[1], request.method)

    def _change(self, table, target, method):
        key, _, verb = target.partition(":")
        rows = self.tables[table]
        if key not in rows:
            raise RefusedError(404, f"ResourceNotFoundError: Job {key} not found.")
        if method == "DELETE":
            del rows[key]
        elif verb:
            rows[key]["status"] = {"enable": "ENABLED", "disable": "DISABLED"}[verb]
        return {}

    def _list(self, table, request, **wanted):
        predicates = json.loads(request.query.get("filter") or "{}").get("predicates", [])
        wanted |= {p["key"]: p["stringValue"] for p in predicates}
        if request.query.get("namespace") and not self.multi_user:
            raise RefusedError(400, "In single-user mode, a namespace must not be given")
        rows = [r for r in self.tables[table].values() if wanted.items() <= r.items()]
        start = int(request.query.get("page_token") or 0)
        end = start + min(self.page_size, int(request.query["page_size"]))
        token = {"next_page_token": str(end)} if end < len(rows) else {}
        return {LISTS[table][0]: rows[start:end], "total_size": len(rows), **token}

    def _create(self, table, body):
        if "namespace" in body and not self.multi_user:
            raise RefusedError(400, "In single-user mode, a namespace must not be given")
        if table in ("runs", "recurringruns"):
            self._check_job(body)
        if table == "recurringruns":
            fields = len(body["trigger"]["cron_schedule"]["cron"].split())
            if not 5 <= fields <= 6:  # The day of the week may be left away there.
                raise RefusedError(400, f"Expected 5 to 6 fields, found {fields}")
            if not 1 <= int(body["max_concurrency"]) <= 10:
                raise RefusedError(400, "The max concurrency of the recurring run is out of range")
            body = {**body, "status": body["mode"] + "D"}
        if table == "runs":
            body = {**body, "state": "RUNNING"}
        return self._add(table, body)

    def _add(self, table, body):
        key = f"{table[:-1]}-{len(self.requests)}"
        self.tables[table][key] = {**body, LISTS[table][1]: key}
        return self.tables[table][key]

    def _check_job(self, body):
        reference = body["pipeline_version_reference"]
        version = reference["pipeline_version_id"]
        if version not in self.texts:
            raise RefusedError(400, f"PipelineVersion {version} not found.")
        if body["experiment_id"] not in self.tables["experiments"]:
            raise RefusedError(400, f"Experiment {body['experiment_id']} not found.")
        found = faults_of(self.texts[version], "kubeflow", backend=self.backend)
        places = [(f.place, str(f)) for f in found]
        faults = [text for place, text in places if "inputDefinitions" not in place]
        if faults:  # An upload is only parsed; the graph is made when a run is.
            raise RefusedError(400, "; ".join(faults))
        spec = next(yaml.safe_load_all(self.texts[version]))
        known = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        given = body["runtime_config"]["parameters"]
        for name in given.keys() - known.keys():
            raise RefusedError(400, f"parameter {name} is not defined")
        for name in known.keys() - given.keys():
            if "defaultValue" not in known[name]:
                raise RefusedError(
                    400, f"parameter {name} is not optional, yet has neither default"
                )

    def _upload(self, request):
        text = request.body
        spec = next(yaml.safe_load_all(text))
        if spec.get("schemaVersion") != "2.1.0":
            raise RefusedError(400, "KFP only supports schema version 2.1.0")
        made = self._add(
            "versions",
            {"display_name": request.query["name"], "pipeline_id": request.query["pipelineid"]},
        )
        self.texts[made["pipeline_version_id"]] = text
        return made


class _Handler(BaseHTTPRequestHandler):
    state: FakeKubeflow
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Else every answer waits for an acknowledgement.

    def log_message(self, *_):
        pass

    def do_any(self):
        parts = urllib.parse.urlsplit(self.path)
        headers = {k.lower(): v for k, v in self.headers.items()}
        query = dict(urllib.parse.parse_qsl(parts.query))
        request = Request(self.command, parts.path, query, self._body(), headers)
        self.state.requests.append(request)
        fault = self.state.fault(request)
        if parts.path == LOGIN:
            fault = Fault(kind="page")
        answer = self._answer(request) if fault is None or fault.done else None
        if fault is None:
            self._send(*answer)
        else:
            self._fail(fault)

    do_GET = do_POST = do_DELETE = do_any  # noqa: N815

    def _answer(self, request):
        try:
            return 200, json.dumps(self.state.answer(request))
        except RefusedError as refused:
            return refused.status, json.dumps({"code": 3, "message": str(refused)})

    def _fail(self, fault):
        if fault.kind == "page":
            self._send(200, "<html>Log in</html>", "text/html")
        elif fault.kind == "login":
            self._send(
                302, "<a href='/dex/auth'>Found</a>", "text/html", Location=f"{LOGIN}?state=secret"
            )
        elif fault.kind == "error":
            answer = {"error": fault.words, "code": 13, "message": fault.words}
            self._send(fault.status, json.dumps(answer))
        else:
            if fault.kind == "hang":
                self.state.released.wait(20)
            self.close_connection = True

    def _body(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/"):
            environment = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind}
            form = cgi.FieldStorage(io.BytesIO(raw), self.headers, environ=environment)
            return form["uploadfile"].value.decode()
        return json.loads(raw) if raw else None

    def _send(self, status, text, kind="application/json", **headers):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Set-Cookie", "session=very-secret")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def fake_kubeflow(**options):
    """Yields the state of a server on loopback."""
    state = FakeKubeflow(**options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    server.daemon_threads = True
    state.host = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
