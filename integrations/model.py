"""The one gateway to a language model: optional, without tools, bounded in time and in calls a day. It never decides.

What leaves here was redacted by `redact`, whoever asked. Where the model is and which one it is comes from the
operator's environment alone (abuse case 31); keys come from the provider's own variable, such as OPENAI_API_KEY.
"""

import logging
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from integrations.redact import redact

# Providers that talk to one model service and take an address, a time limit and no retries in the same words.
# Each with the package that talks to it.
PROVIDERS: Final = {
    "anthropic": "langchain_anthropic",
    "azure_openai": "langchain_openai",
    "google_genai": "langchain_google_genai",
    "mistralai": "langchain_mistralai",
    "openai": "langchain_openai",
}
_NAME: Final = re.compile(r"(?P<provider>[a-z0-9_]+):(?P<model>[A-Za-z0-9][A-Za-z0-9._:/@-]{0,150})")
_TRACING: Final = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")

Result = TypeVar("Result", bound=BaseModel)
_log = logging.getLogger(__name__)


class ModelRefused(Exception):
    """The settings for the model cannot be used; the message names the variable and the rule."""


@dataclass(frozen=True)
class Unavailable:
    """There is no answer, and why, in words for people. Never holds what was sent or a secret."""

    reason: str


class LanguageModel:
    """One model, from the operator's settings. Making one checks them; nothing is imported before the first call."""

    def __init__(
        self, name: str, base_url: str | None, *, tracing_allowed: bool, environment: Mapping[str, str] = os.environ
    ) -> None:
        match = _NAME.fullmatch(name)
        if match is None or match["provider"] not in PROVIDERS:
            known = ", ".join(sorted(PROVIDERS))
            raise ModelRefused(
                f"LLM_MODEL is {name!r:.80}. It must be provider:model, with one of the providers {known}."
            )
        package = PROVIDERS[match["provider"]]
        if find_spec(package) is None:
            raise ModelRefused(f"LLM_MODEL is {name}, but {package.replace('_', '-')} is not installed. Install it.")
        if base_url is not None:
            _check_address(base_url)
        traced = [variable for variable in _TRACING if environment.get(variable, "").strip().lower() in ("true", "1")]
        if traced and not tracing_allowed:
            raise ModelRefused(
                f"{traced[0]} is on: every report would be copied to LangSmith. Switch it off, or set "
                "LLM_TRACING_ALLOWED=true if that is what you want."
            )
        self.name = name
        self._base_url = base_url
        self._tracing_allowed = tracing_allowed

    def structured(
        self, schema: type[Result], system: str, user: str, *, timeout: float, budget: Callable[[], bool]
    ) -> Result | Unavailable:
        """One call: an instance of `schema`, or why there is none. Raises nothing, returns within `timeout` seconds.

        `budget` takes one call of the day's allowance and says whether there was one. `user` is redacted here.
        """
        if not budget():
            return Unavailable("today's allowance of calls is used up")
        answer: list[Result | Unavailable] = []

        def call() -> None:
            try:
                answer.append(self._ask(schema, system, redact(user), timeout))
            except Exception as error:  # whatever a provider's library raises is the model's trouble, not ours
                _log.warning("the language model failed: %s", type(error).__name__)
                answer.append(Unavailable(_trouble(error)))

        # A thread of its own: no client library keeps its timeout through slow drips of bytes.
        thread = threading.Thread(target=call, name="language-model", daemon=True)
        thread.start()
        thread.join(timeout)
        return answer[0] if answer else Unavailable(f"it did not answer within {timeout:g} s")

    def _ask(self, schema: type[Result], system: str, user: str, timeout: float) -> Result | Unavailable:
        from langchain.chat_models import init_chat_model
        from langsmith import tracing_context

        options: dict[str, Any] = {"timeout": timeout, "max_retries": 0}
        if self._base_url is not None:
            options["base_url"] = self._base_url
        model = init_chat_model(self.name, **options).with_structured_output(schema, include_raw=True)
        with tracing_context(enabled=None if self._tracing_allowed else False):
            found: Any = model.invoke([("system", system), ("user", user)])
        parsed = found.get("parsed") if isinstance(found, dict) else None
        if isinstance(parsed, schema):
            return parsed
        refusal = getattr(found.get("raw"), "additional_kwargs", {}).get("refusal") if isinstance(found, dict) else None
        return Unavailable("it refused to answer" if refusal else "its answer does not have the form asked for")


def _trouble(error: Exception) -> str:
    """What went wrong, by the kind of error: its text may quote what was sent."""
    name = type(error).__name__
    if isinstance(error, ImportError):
        return "the package for this provider is not installed"
    if "Refusal" in name or "ContentFilter" in name:
        return "it refused to answer"
    if isinstance(error, ValidationError) or any(
        word in name for word in ("Parser", "Decode", "LengthFinish", "Schema")
    ):
        return "its answer does not have the form asked for"
    if "Timeout" in name:
        return "it did not answer in time"
    if "RateLimit" in name:
        return "it limits how often we may ask"
    if any(word in name for word in ("Authentication", "PermissionDenied")):
        return "it does not accept our key"
    return f"it failed ({name})"


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    plain = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or parts.username or parts.password or not (parts.scheme == "https" or plain):
        raise ModelRefused("LLM_BASE_URL must be an https address (http only on this machine), without a user in it.")
