"""One prompt to a system as the operator described it: the form, the place of the reply, and where it may not go."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from integrations.asking import Reply, ask, at, filled
from integrations.errors import OutsideServiceError
from integrations.rollback.base import TargetError

HOW = {
    "path": "/chat",
    "method": "POST",
    "body": {"session": "{session}", "messages": [{"role": "user", "content": "{prompt}"}], "temperature": 0},
    "reply": "choices.0.text",
    "harmful": "leaked",
    "allow_private": True,
}


class Service(BaseHTTPRequestHandler):
    asked: list[tuple[str, str | None, Any]]
    answer: Any
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        content = json.dumps(self.answer).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[tuple[type[Service], str]]:
    handler = type("Handler", (Service,), {"asked": [], "answer": {"choices": [{"text": "hello"}], "leaked": False}})
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_prompt_is_sent_in_the_operators_form_and_the_reply_is_read_from_its_place(service):
    handler, url = service
    assert ask("bot", url, HOW, 'Say "{session}"', "s-1") == Reply("hello", False)
    body = {"session": "s-1", "messages": [{"role": "user", "content": 'Say "{session}"'}], "temperature": 0}
    assert handler.asked == [("/chat", None, body)]


def test_a_token_comes_from_the_environment(service, monkeypatch):
    handler, url = service
    monkeypatch.setenv("ASSISTANT_TOKEN", "a-token-of-1-kind")
    ask("bot", url, {**HOW, "token_env": "ASSISTANT_TOKEN"}, "hello", "s")
    assert handler.asked[0][1] == "Bearer a-token-of-1-kind"


def test_an_answer_without_the_reply_is_trouble_and_without_a_judgement_is_not_judged(service):
    handler, url = service
    handler.answer = {"choices": [{"text": "hello"}], "leaked": "maybe"}
    assert ask("bot", url, HOW, "hello", "s").harmful is None
    handler.answer = {"choices": []}
    with pytest.raises(OutsideServiceError, match="no choices.0.text"):
        ask("bot", url, HOW, "hello", "s")


def test_abuse_30_a_private_address_needs_the_operators_word_and_a_redirect_is_not_followed(service):
    handler, url = service
    with pytest.raises(TargetError, match="allow_private"):
        ask("bot", url, {**HOW, "allow_private": False}, "hello", "s")
    assert handler.asked == []
    handler.status = 302
    with pytest.raises(OutsideServiceError):
        ask("bot", url, HOW, "hello", "s")
    assert len(handler.asked) == 1
    with pytest.raises(TargetError):
        ask("bot", "http://169.254.169.254", HOW, "hello", "s")


@pytest.mark.parametrize(
    ("place", "found"),
    [("a.0.b", 1), ("a", [{"b": 1}]), ("a.1.b", None), ("a.b", None), ("c", None), ("a.0.b.c", None)],
)
def test_a_place_in_an_answer(place, found):
    assert at({"a": [{"b": 1}]}, place) == found


def test_what_is_filled_in_is_never_read_as_a_placeholder():
    values = {"{prompt}": "{session}", "{session}": "{prompt}"}
    assert filled(["{prompt}{session} {other}", 3, None], values) == ["{session}{prompt} {other}", 3, None]
