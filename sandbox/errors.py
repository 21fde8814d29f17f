"""How the sandbox's Slack refuses."""

from typing import Any


class SlackError(Exception):
    """A refusal with Slack's own code; `extra` goes into the answer beside it."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.code, **self.extra}


def invalid(field: str, rule: str) -> SlackError:
    """The refusal of a missing or malformed argument, naming it as Slack does."""
    return faulty("invalid_arguments", [f"{rule} [json-pointer:/{field}]"])


def faulty(code: str, faults: list[str]) -> SlackError:
    """The refusal of a structure with these faults, each ending in a JSON pointer."""
    return SlackError(code, errors=faults, response_metadata={"messages": [f"[ERROR] {fault}" for fault in faults]})
