"""What is posted, and that no message holds the address."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tfx_rebalance.components.exit_handler.webhook import PostError, post

SECRET = "a-secret-path"


@pytest.fixture
def server():
    """Yields a server on loopback that answers with `answer` and keeps what it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            kind = self.headers["Content-Type"]
            self.server.got.append((self.path, kind, self.rfile.read(length).decode()))
            self.send_response(self.server.answer)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as found:
        found.got, found.answer = [], 200
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def address(server):
    return f"http://127.0.0.1:{server.server_port}/{SECRET}"


def test_the_body_arrives_as_json(server):
    post(address(server), '{"state": "FAILED"}')
    assert server.got == [(f"/{SECRET}", "application/json", '{"state": "FAILED"}')]


@pytest.mark.parametrize("answer", [403, 500])
def test_an_answer_that_is_no_success_is_told_without_the_address(server, answer):
    server.answer = answer
    with pytest.raises(PostError, match=f"answered {answer}") as error:
        post(address(server), "{}")
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (f"http://127.0.0.1:1/{SECRET}", "cannot be reached"),
        (f"http://127.0.0.1:port/{SECRET}", "failed with InvalidURL"),
        (f"http://127.0.0.1/{SECRET} x", "failed with InvalidURL"),
        (f"file:///{SECRET}", "begins neither with"),
        (SECRET, "begins neither with"),
    ],
)
def test_an_address_that_does_not_work_is_not_in_the_message(wrong, message):
    with pytest.raises(PostError, match=message) as error:
        post(wrong, "{}")
    assert SECRET not in str(error.value)
