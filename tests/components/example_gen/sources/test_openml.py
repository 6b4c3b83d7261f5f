"""OpenML through scikit-learn's own client, against a double of openml.org on this machine."""

import gzip
import hashlib
import http.server
import json
import threading

import pyarrow as pa
import pytest
from sklearn.datasets import _openml
from support.sources import rows_of

from tfx_rebalance.components.example_gen.sources import openml
from tfx_rebalance.components.example_gen.sources.openml import OpenMLReader
from tfx_rebalance.components.example_gen.sources.settings import OpenMLSource
from tfx_rebalance.components.example_gen.sources.source import Wanted
from tfx_rebalance.errors import DataError

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
WANTED = Wanted({"n": pa.int64(), "x": pa.float64(), "s": pa.string()}, "y")
ROWS = [
    {"n": 1, "x": 0.5, "s": "red", "y": "neg"},
    {"n": 2, "x": None, "s": "green", "y": "pos"},
    {"n": 3, "x": 1.5, "s": None, "y": "neg"},
]


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
    "md5_checksum": hashlib.md5(ARFF, usedforsecurity=False).hexdigest(),
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
        if self.path == "/data/v1/download/70":
            self.answer(200, ARFF)
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


@pytest.fixture
def double(monkeypatch):
    """Returns a server that stands for openml.org."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Double)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(_openml, "_OPENML_PREFIX", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(openml, "RETRIES", 1)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def reader(tmp_path, **settings):
    return OpenMLReader(OpenMLSource(**{"name": "tiny", "cache": str(tmp_path / "c"), **settings}))


@pytest.mark.parametrize("version", ["active", 1])
def test_rows_come_through_the_client_and_again_from_its_cache(double, tmp_path, version):
    tiny = reader(tmp_path, version=version)
    paths = tiny.prepare(str(tmp_path / "first"))
    assert rows_of(tiny, paths, wanted=WANTED)[0] == ROWS
    double.shutdown()
    double.server_close()
    again = tiny.prepare(str(tmp_path / "second"))
    assert again != paths
    assert rows_of(tiny, again, wanted=WANTED)[0] == ROWS


@pytest.mark.usefixtures("double")
def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"'other', version active, cannot be fetched: .*version"):
        reader(tmp_path, name="other").prepare(str(tmp_path))


@pytest.mark.filterwarnings("ignore:A network error occurred:UserWarning")
def test_without_a_network_the_cache_is_named(double, tmp_path):
    double.shutdown()
    double.server_close()
    with pytest.raises(DataError, match=r"openml.org cannot be reached: .*Check the network, or"):
        reader(tmp_path).prepare(str(tmp_path))


@pytest.mark.filterwarnings("ignore:Invalid cache, redownloading file:RuntimeWarning")
@pytest.mark.usefixtures("double")
def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    changed = {**DESCRIPTION, "md5_checksum": "0" * 32}
    monkeypatch.setitem(ANSWERS, "/api/v1/json/data/7", {"data_set_description": changed})
    with pytest.raises(DataError, match="cannot be fetched: md5 checksum"):
        reader(tmp_path).prepare(str(tmp_path))
