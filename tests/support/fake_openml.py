"""A double of openml.org on this machine, for scikit-learn's own client."""

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.datasets import _openml

from tfx_rebalance.components.example_gen.sources import openml

ARFF = b"""@RELATION tiny
@ATTRIBUTE n INTEGER
@ATTRIBUTE x REAL
@ATTRIBUTE s {red,green}
@ATTRIBUTE y {neg,pos}
@DATA
1,0.5,red,neg
2,?,green,pos
3,1.5,?,neg
"""
FILES = {"/data/v1/download/70": ARFF}


def md5(content):
    """Returns what openml.org says of a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def feature(index, name, kind, *, target=False):
    said = {"is_target": str(target).lower(), "number_of_missing_values": "0"}
    said |= {"is_ignore": "false", "is_row_identifier": "false"}
    return {"index": str(index), "name": name, "data_type": kind, **said}


DATA = {"did": 7, "name": "tiny", "version": "1", "status": "active", "format": "ARFF"}
FEATURES = [
    feature(0, "n", "numeric"),
    feature(1, "x", "numeric"),
    feature(2, "s", "nominal"),
    feature(3, "y", "nominal", target=True),
]
DESCRIPTION = {
    **DATA,
    "id": "7",
    "file_id": "70",
    "description": "three rows",
    "url": "unused",
    "md5_checksum": md5(ARFF),
}
QUALITIES = [{"name": "NumberOfInstances", "value": "3"}]
ANSWERS = {
    "/api/v1/json/data/list/data_name/tiny/limit/2/status/active/": {"data": {"dataset": [DATA]}},
    "/api/v1/json/data/list/data_name/tiny/limit/2/data_version/1": {"data": {"dataset": [DATA]}},
    "/api/v1/json/data/7": {"data_set_description": DESCRIPTION},
    "/api/v1/json/data/features/7": {"data_features": {"feature": FEATURES}},
    "/api/v1/json/data/qualities/7": {"data_qualities": {"quality": QUALITIES}},
}


class Double(http.server.BaseHTTPRequestHandler):
    """Stands for openml.org: one data set; anything else is unknown (412), as there."""

    def do_GET(self):  # The name that http.server calls.
        if self.path in FILES:
            self.answer(200, FILES[self.path])
        elif self.path in ANSWERS:
            self.answer(200, json.dumps(ANSWERS[self.path]).encode())
        else:
            self.answer(412, b'{"error": {"code": "372", "message": "No results"}}')

    def answer(self, status, content):
        packed = gzip.compress(content)
        self.send_response(status)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, *_):
        """Says nothing."""


def hold(monkeypatch, arff):
    """Makes the data set another one, of the same columns."""
    monkeypatch.setitem(FILES, "/data/v1/download/70", arff)
    described = {"data_set_description": {**DESCRIPTION, "md5_checksum": md5(arff)}}
    monkeypatch.setitem(ANSWERS, "/api/v1/json/data/7", described)


@contextmanager
def openml_double(monkeypatch) -> Iterator[http.server.ThreadingHTTPServer]:
    """Yields a server that scikit-learn takes for openml.org."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Double)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(_openml, "_OPENML_PREFIX", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(openml, "RETRIES", 1)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
