"""The AI service that does harm: a support assistant whose newer model tells customers about each other's orders.

Its model and its switch are feature flags in a file, read through OpenFeature; its prompt is a version in a registry,
its guardrails a file in Git, its look-up of orders a tool that a gateway switches. So a rollback is a real change seen
by a real client, and each of the five stops the leak.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.faults import Faults
from sandbox.knowledge import Knowledge, Setup
from sandbox.levers.policy import Policy
from sandbox.levers.registry import PromptRegistry
from sandbox.levers.switch import ToolSwitch

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


class Assistant:
    """`app` to mount at /assistant and `panel()` for the page. Make it inside the running event loop.

    `flags_file` is written with defaults when absent: model v2, switched on. Whoever changes it (the bot's rollback, a
    person with an editor) is noticed within 0.5 s, and `on_change` is called on the loop. The guardrails' repository is
    made beside it.
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
        self.policy = Policy(flags_file.parent / "assistant-config.git", on_change)
        self._prompts = PromptRegistry(on_change, faults)
        self._tool = ToolSwitch(on_change, faults)
        self.app = Starlette(
            routes=[
                self._route("/status", "status", self._status, "GET"),
                self._route("/chat", "chat", self._chat, "POST"),
                Route("/gateway", self._tool.receive, methods=["POST"]),
                Mount("/registry", routes=self._prompts.routes()),
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
        """Stop watching the file and the repository."""
        self._provider.shutdown()
        self.policy.close()

    def _state(self) -> dict[str, Any]:
        return {
            "enabled": self.enabled,
            "model_version": self.model_version,
            "prompt_version": self._prompts.version,
            "order_lookup": self._tool.on,
            "guardrails": self.policy.version,
            "guardrails_sha256": self.policy.digest,
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
        setup = Setup(self.model_version, self._prompts.version, self._tool.on, self.policy.withholds)
        customer = self._knowledge.customer_of(session)
        reply = self._knowledge.answer(setup, customer, message) if self.enabled else self._knowledge.disabled
        answer = {"reply": reply.text, "model_version": setup.model, "leaked": reply.leaked, "customer": customer}
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
