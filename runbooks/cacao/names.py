"""Identifiers, variables and words that export and import share."""

import hashlib
import re
from uuid import UUID, uuid5

from runbooks.schema import Kind
from runbooks.templates import FIELDS

# Our own: the standard's namespace is for producers who build ids from a playbook's name, which may change.
_NAMESPACE = UUID("0f7d3a52-5b0e-5d0c-9c53-7d9b7a1f6e21")
_VARIABLE = re.compile(r"__(incident|system)_([a-z_]+?)__:value")
_BLANK = re.compile(r"\{\{\s*(incident|system)\.([a-z_]+)\s*\}\}")
_JINJA = re.compile(r"\{[{%#]")

ACTIVITIES: dict[Kind, str] = {
    "do": "eliminate-risk",
    "decide": "analyze-collected-data",
    "collect": "analyze-collected-data",
    "rollback": "revert-system",
    "notify": "deliver-content",
    "wait": "scan-system",
}
FIELD_VARIABLES: dict[str, str] = {
    f"__{name}_{field}__": f"{field} of the {'incident' if name == 'incident' else 'AI system'}"
    for name, fields in FIELDS.items()
    for field in sorted(fields)
}


def playbook_id(runbook_id: str) -> str:
    """The playbook's identifier: the same for every version of a runbook."""
    return f"playbook--{uuid5(_NAMESPACE, runbook_id)}"


def object_id(kind: str, *names: str) -> str:
    """A stable identifier. The standard wants version 4 for steps, so these are hashes in the shape of version 4."""
    digest = hashlib.sha256("\0".join((str(_NAMESPACE), kind, *names)).encode()).digest()
    return f"{kind}--{UUID(bytes=digest[:16], version=4)}"


AUTHOR = object_id("identity", "rai-incident")
EXTENSION = object_id("extension-definition", "runbook-step")


def answer_variable(step_id: str) -> str:
    """The variable that holds the answer to a decision."""
    return f"__answer_{step_id.replace('-', '_')}__"


def with_variables(template: str) -> str:
    """A runbook's text with its blanks as CACAO variables. Anything cleverer than a plain blank stays as it is."""
    return _BLANK.sub(r"__\1_\2__:value", template)


def as_template(text: str) -> str:
    """A foreign text as a runbook's text: variables of ours become blanks, and Jinja in it becomes plain characters."""
    literal = _JINJA.sub(lambda found: '{{ "' + found[0] + '" }}', text)
    return _VARIABLE.sub(_blank, literal)


def _blank(found: re.Match[str]) -> str:
    known = found[2] in FIELDS[found[1]]
    return "{{ " + f"{found[1]}.{found[2]}" + " }}" if known else found[0]
