"""The parts of CACAO 2.0 that a runbook can take, as types, with what its schema asks of them.

Unknown keys are passed over, as the standard's published schema does. What we cannot do is refused later, by name.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
Identifier = Annotated[str, StringConstraints(pattern=rf"^[a-z][a-z0-9-]+[a-z0-9]--{_UUID}$")]
Timestamp = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9]{4}-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(\.[0-9]+)?Z$"
    ),
]
StepType = Literal[
    "start", "end", "action", "playbook-action", "parallel", "if-condition", "while-condition", "switch-condition"
]
MAX_STEPS = 300


@dataclass(frozen=True)
class Refusal:
    """One thing that keeps a document from being a runbook: where it stands, and why."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class _Object(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Reference(_Object):
    """Where something comes from, in the document's words."""

    name: str
    description: str | None = None
    source: str | None = None
    url: str | None = None
    external_id: str | None = None


class Command(_Object):
    """One command of an action."""

    type: str
    command: str | None = None
    command_b64: str | None = None

    @property
    def text(self) -> str | None:
        """The command's words; None where there are none that can be read."""
        if self.command is not None or self.command_b64 is None:
            return self.command
        try:
            return base64.b64decode(self.command_b64, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None


class CacaoStep(_Object):
    """One step of a workflow, of any type."""

    type: StepType
    name: str | None = None
    description: str | None = None
    delay: Annotated[int, Field(ge=1)] | None = None
    on_completion: Identifier | None = None
    on_success: Identifier | None = None
    on_failure: Identifier | None = None
    commands: Annotated[list[Command], Field(min_length=1)] | None = None
    agent: Identifier | None = None
    condition: str | None = None
    on_true: Identifier | None = None
    on_false: Identifier | None = None
    next_steps: Annotated[list[Identifier], Field(min_length=2)] | None = None
    step_extensions: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "CacaoStep":
        for name in _NEEDED.get(self.type, ()):
            if getattr(self, name) is None:
                raise ValueError(f"has no {name}, which every {self.type} step needs")
        for name in _FORBIDDEN.get(self.type, ()):
            if getattr(self, name) is not None:
                raise ValueError(f"has {name}, which no {self.type} step may have")
        return self


_NEEDED = {
    "action": ("commands", "agent"),
    "if-condition": ("condition", "on_true"),
    "parallel": ("next_steps",),
}
_FORBIDDEN = {"start": ("on_failure", "on_success"), "end": ("on_completion", "on_failure", "on_success")}


class Named(_Object):
    """An agent: who does it."""

    type: str
    name: str


class Playbook(_Object):
    """A whole document."""

    type: Literal["playbook"]
    spec_version: Literal["cacao-2.0"]
    id: Identifier
    name: str
    description: str | None = None
    created_by: Identifier
    created: Timestamp
    modified: Timestamp
    workflow_start: Identifier
    workflow_exception: Identifier | None = None
    workflow: Annotated[dict[Identifier, CacaoStep], Field(max_length=MAX_STEPS)]
    external_references: list[Reference] = []
    agent_definitions: dict[str, Named] = {}
    authentication_info_definitions: dict[str, dict[str, Any]] = {}
    playbook_extensions: dict[str, dict[str, Any]] = {}


def check_schema(document: object) -> Playbook | list[Refusal]:
    """The document as types, or everything its schema holds against it."""
    try:
        return Playbook.model_validate(document)
    except ValidationError as error:
        found = [Refusal(_where(item["loc"]), _reason(item)) for item in error.errors()]
        return list(dict.fromkeys(found))


def _where(loc: tuple[str | int, ...]) -> str:
    parts = [str(part) for part in loc if part != "[key]"]
    return ".".join(parts)[:160] or "document"


def _reason(item: Any) -> str:
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] == "string_pattern_mismatch":
        return f"is not of the form the standard asks for: {item['input']!r:.80}"
    return f"{item['msg'][0].lower()}{item['msg'][1:]}"
