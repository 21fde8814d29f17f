"""A small CACAO playbook by hand, and the standard's own schema where it is present."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

SHARED = Path(__file__).parents[3] / "shared/data/cacao"


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


START, FIRST, SECOND, ASK, END = (
    f"start--{uuid(1)}",
    f"action--{uuid(2)}",
    f"action--{uuid(3)}",
    f"if-condition--{uuid(4)}",
    f"end--{uuid(9)}",
)

_SMALL: dict[str, Any] = {
    "type": "playbook",
    "spec_version": "cacao-2.0",
    "id": f"playbook--{uuid(100)}",
    "name": "Stop the assistant",
    "description": "When it says what it must not say.",
    "created_by": f"identity--{uuid(101)}",
    "created": "2026-11-21T08:00:00.000Z",
    "modified": "2026-11-21T08:00:00.000Z",
    "workflow_start": START,
    "workflow": {
        START: {"type": "start", "on_completion": FIRST},
        FIRST: {
            "type": "action",
            "name": "Save the exchange",
            "description": "It may be gone in an hour.",
            "commands": [{"type": "manual", "command": "Copy the transcript."}],
            "agent": f"group--{uuid(50)}",
            "on_completion": ASK,
        },
        ASK: {
            "type": "if-condition",
            "name": "Is it still going on",
            "condition": "__going_on__:value = 'yes'",
            "on_true": SECOND,
            "on_false": END,
        },
        SECOND: {
            "type": "action",
            "name": "Turn it off",
            "commands": [{"type": "manual", "command": "Press the kill switch."}],
            "agent": f"group--{uuid(50)}",
            "on_completion": END,
        },
        END: {"type": "end"},
    },
    "agent_definitions": {f"group--{uuid(50)}": {"type": "group", "name": "On-call engineer"}},
}


def small() -> dict[str, Any]:
    """A fresh copy of a valid playbook: save, ask, turn off."""
    return copy.deepcopy(_SMALL)


def standard() -> Draft7Validator:
    """The standard's schema, as its `$schema` says to read it. Skips the test where the shared data is absent."""
    folder = SHARED / "schemas"
    if not folder.is_dir():
        pytest.skip("the CACAO 2.0 schemas are not in ../shared/data/cacao")
    schemas = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in schemas]
    )
    return Draft7Validator(json.loads((folder / "playbook.json").read_text()), registry=registry)
