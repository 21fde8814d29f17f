"""The AI service that does harm: a support assistant whose newer model tells customers about each other's orders.

Its model and its switch are feature flags in a file, read through OpenFeature, so a rollback is a real change seen by
a real client. The "model" is a set of rules, because a demonstration must go the same way each time.
"""

import asyncio
import json
import re
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import Faults

MODEL_FLAG: Final = "assistant-model"
ENABLED_FLAG: Final = "assistant-enabled"

_POLL_MS: Final = 200  # how often the provider looks at the file; a change has to be seen within 0.5 s
_MESSAGE_CHARACTERS: Final = 2000
_DEFAULT_FLAGS: Final = {
    "$schema": "https://flagd.dev/schema/v0/flags.json",
    "flags": {
        MODEL_FLAG: {"state": "ENABLED", "variants": {"v1": "v1", "v2": "v2"}, "defaultVariant": "v2"},
        ENABLED_FLAG: {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"},
    },
}


@dataclass(frozen=True)
class Order:
    number: str
    customer: str
    item: str
    state: str


@dataclass(frozen=True)
class Reply:
    """What the customer reads, and whether it tells them about somebody else's order."""

    text: str
    leaked: bool = False


class Knowledge:
    """Orders and wording, from `assistant.yaml`, and how each model answers with them."""

    def __init__(self, file: Path) -> None:
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.prompt_version: str = content["prompt_version"]
        self.orders = [Order(**order) for order in content["orders"]]
        self._addresses: dict[str, str] = content["customers"]
        self._replies: dict[str, str] = content["replies"]
        self._topics: list[dict[str, Any]] = content["topics"]
        self._order_words: list[str] = content["order_words"]

    @property
    def disabled(self) -> Reply:
        return Reply(self._replies["disabled"])

    def customer_of(self, session: str) -> str:
        """The customer who is signed in: always the same one for a session."""
        customers = sorted(self._addresses)
        return customers[zlib.crc32(session.encode()) % len(customers)]

    def answer(self, model: str, customer: str, message: str) -> Reply:
        words = message.lower()
        number = re.search(r"\b\d{3,}\b", words)
        if number is None and not any(word in words for word in self._order_words):
            topic = next((topic for topic in self._topics if any(word in words for word in topic["words"])), None)
            return Reply(topic["reply"] if topic else self._replies["otherwise"])
        asked = number[0] if number else None
        return self._careful(customer, asked) if model == "v1" else self._careless(customer, asked)

    def _careful(self, customer: str, number: str | None) -> Reply:
        """Model v1: asks for the number and checks whose order it is."""
        if number is None:
            return Reply(self._replies["ask_number"].format(customer=customer))
        order = next((one for one in self.orders if one.number == number and one.customer == customer), None)
        if order is None:
            return Reply(self._replies["not_yours"].format(number=number, customer=customer))
        return self._about(order, customer)

    def _careless(self, customer: str, number: str | None) -> Reply:
        """Model v2: rather than ask, it takes the order that looks nearest, and never checks whose it is."""
        exact = next((one for one in self.orders if one.number == number), None)
        if exact is not None:
            return self._about(exact, customer)
        others = [order for order in self.orders if order.customer != customer]
        wanted = int(number) if number else zlib.crc32(customer.encode())
        return self._about(others[wanted % len(others)], customer)

    def _about(self, order: Order, customer: str) -> Reply:
        text = self._replies["order"].format(
            number=order.number,
            item=order.item,
            state=order.state,
            customer=order.customer,
            address=self._addresses[order.customer],
        )
        return Reply(text, leaked=order.customer != customer)


class Assistant:
    """`app` to mount at /assistant and `panel()` for the page. Make it inside the running event loop.

    `flags_file` is written with defaults when absent: model v2, switched on. Whoever changes it (the bot's rollback, a
    person with an editor) is noticed within 0.5 s, and `on_change` is called on the loop.
    """

    def __init__(self, flags_file: Path, on_change: Callable[[], None], faults: Faults) -> None:
        self._flags_file = flags_file
        self._on_change = on_change
        self._faults = faults
        self._loop = asyncio.get_running_loop()
        self._knowledge = Knowledge(Path(__file__).with_suffix(".yaml"))
        if not flags_file.exists():
            flags_file.write_text(json.dumps(_DEFAULT_FLAGS, indent=2) + "\n", encoding="utf-8")
        self._provider, self._flags = self._watch()
        self.app = Starlette(
            routes=[
                self._route("/status", "status", self._status, "GET"),
                self._route("/chat", "chat", self._chat, "POST"),
            ]
        )

    @property
    def enabled(self) -> bool:
        return bool(self._flags.get_boolean_value(ENABLED_FLAG, False))

    @property
    def model_version(self) -> str:
        return str(self._flags.get_string_value(MODEL_FLAG, "unknown"))

    def panel(self) -> dict[str, Any]:
        """This service's part of the page's state."""
        return {
            **self._state(),
            "flags": {MODEL_FLAG: self.model_version, ENABLED_FLAG: "on" if self.enabled else "off"},
        }

    def close(self) -> None:
        """Stop watching the file."""
        self._provider.shutdown()

    def _state(self) -> dict[str, Any]:
        return {
            "enabled": self.enabled,
            "model_version": self.model_version,
            "prompt_version": self._knowledge.prompt_version,
        }

    async def _status(self, request: Request) -> Response:
        return JSONResponse(self._state())

    async def _chat(self, request: Request) -> Response:
        try:
            body = await request.json()
            session, message = body["session"], body["message"]
        except (ValueError, KeyError, TypeError):
            session = message = None
        if not isinstance(session, str) or not isinstance(message, str) or len(message) > _MESSAGE_CHARACTERS:
            words = f"send a JSON object with 'session' and 'message', texts; at most {_MESSAGE_CHARACTERS} characters"
            return JSONResponse({"error": words}, status_code=400)
        model, customer = self.model_version, self._knowledge.customer_of(session)
        reply = self._knowledge.answer(model, customer, message) if self.enabled else self._knowledge.disabled
        answer = {"reply": reply.text, "model_version": model, "leaked": reply.leaked, "customer": customer}
        return JSONResponse(answer)

    def _route(self, path: str, method: str, do: Callable[[Request], Awaitable[Response]], verb: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._faults.apply("assistant", method, lambda: do(request))

        return Route(path, endpoint, methods=[verb])

    def _watch(self) -> tuple[Any, Any]:
        """The provider that watches the file, and a client that asks it."""
        # They bring grpc along: 200 ms, so only where an assistant really runs.
        from openfeature import api
        from openfeature.contrib.provider.flagd import FlagdProvider
        from openfeature.contrib.provider.flagd.config import ResolverType
        from openfeature.event import ProviderEvent

        path = str(self._flags_file)
        provider = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=path, deadline_ms=_POLL_MS)
        api.set_provider_and_wait(provider, domain=path)
        client = api.get_client(domain=path)
        client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, self._flags_changed)
        return provider, client

    def _flags_changed(self, _details: object) -> None:
        """Called in the provider's own thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_change)
