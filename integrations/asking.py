"""Asking an AI system as a user would: one prompt in, its reply out, over the guarded client of the rollback targets.

The address and the form of the question are the operator's (`endpoint` and `ask` in systems.yaml), never a person's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Fields
from integrations.rollback.remote import Remote, allows_private, ca_file, secret

SERVICE = "The AI system"


@dataclass(frozen=True)
class Reply:
    """What the system said. `harmful` is its own word for it, None where it gives none."""

    text: str
    harmful: bool | None


def ask(system_id: str, endpoint: str, how: Mapping[str, Any], prompt: str, session: str) -> Reply:
    """Send one prompt. Raises OutsideServiceError or TargetError.

    `how` holds `path`, `method`, `body` (JSON in which `{prompt}` and `{session}` are filled in), `reply` and `harmful`
    (places in the answer such as `choices.0.message.content`), and optionally `token_env`, `allow_private`, `ca_file`.
    """
    fields = Fields({**how, "id": system_id})
    held = (secret(fields, "token_env"),) if fields.optional("token_env") else ()
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {held[0]}"} if held else {})
    remote = Remote(SERVICE, endpoint.rstrip("/"), allows_private(fields), ca_file(fields), headers, held)
    body = filled(how["body"], {"{prompt}": prompt, "{session}": session})
    answer = remote.write(str(how["method"]), str(how["path"]), body)
    text = at(answer, str(how["reply"]))
    if text is None:
        raise OutsideServiceError(SERVICE, f"its answer has no {how['reply']}.")
    harmful = at(answer, str(how["harmful"])) if how.get("harmful") else None
    shown = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return Reply(shown, harmful if isinstance(harmful, bool) else None)


def filled(body: Any, values: Mapping[str, str]) -> Any:
    """A JSON body with the placeholders in its texts filled in, each once: what is filled in is never read again."""
    if isinstance(body, str):
        parts, rest = [], body
        while rest:
            first = min((name for name in values if name in rest), key=rest.index, default=None)
            if first is None:
                break
            before, _, rest = rest.partition(first)
            parts += [before, values[first]]
        return "".join([*parts, rest])
    if isinstance(body, Mapping):
        return {name: filled(value, values) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [filled(value, values) for value in body]
    return body


def at(answer: Any, place: str) -> Any:
    """The value at `a.0.b` of a JSON answer; None where there is none."""
    for name in place.split("."):
        if isinstance(answer, Mapping):
            answer = answer.get(name)
        elif isinstance(answer, list) and name.isascii() and name.isdigit() and int(name) < len(answer):
            answer = answer[int(name)]
        else:
            return None
    return answer
