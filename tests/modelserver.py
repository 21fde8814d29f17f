"""A language-model service on this machine: OpenAI's chat protocol over real HTTP, answering as a test says."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Answer = Callable[[dict[str, Any]], str | Response]
"""The request's body -> the assistant's words, or a whole response."""


class ModelServer:
    """`url` is the base address; `asked` holds every request's body; `answer` may be set at any time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self.answer: Answer = lambda body: "{}"
        self.delay = 0.0  # seconds before it answers
        self.stopping = asyncio.Event()

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        if self.delay:
            await asyncio.wait([asyncio.create_task(self.stopping.wait())], timeout=self.delay)
        given = self.answer(body)
        return given if isinstance(given, Response) else completion(body, {"content": given})


def completion(body: dict[str, Any], message: dict[str, Any]) -> JSONResponse:
    """One finished chat completion."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None, **message}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return JSONResponse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": usage,
        }
    )


def suggestion(body: dict[str, Any], answers: dict[str, tuple[str, str]], classes: dict[str, str] | None = None) -> str:
    """A well-formed suggestion: `answers` as fact -> (answer, quote), `classes` as class -> quote; else not sure."""
    facts = body["response_format"]["json_schema"]["schema"]["properties"]
    said: dict[str, Any] = {name: {"answer": "not_sure", "quote": ""} for name in facts if name != "harm_classes"}
    said |= {name: {"answer": answer, "quote": quote} for name, (answer, quote) in answers.items()}
    said["harm_classes"] = [{"name": name, "quote": quote} for name, quote in (classes or {}).items()]
    return json.dumps(said)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A service on a free port, in a thread of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = ModelServer(f"http://127.0.0.1:{port}/v1")
    app = Starlette(routes=[Route("/v1/chat/completions", made.chat, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end, "the model service did not start"
        time.sleep(0.01)
    try:
        yield made
    finally:
        made.stopping.set()
        server.should_exit = True
        thread.join(10)
