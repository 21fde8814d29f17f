"""Text of a runbook with blanks for the incident's fields: Jinja, of which only what a text needs is allowed.

The rendered text is plain text and holds what people wrote: whoever shows it escapes all of it.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from incidents.errors import BadInput
from severity.template_text import parsed

# The blanks a runbook may use.
FIELDS: dict[str, frozenset[str]] = {
    "incident": frozenset(
        {
            *("number", "title", "description", "severity", "status", "ongoing", "reporter", "harm_classes"),
            *("onset_at", "detected_at", "declared_at"),
        }
    ),
    "system": frozenset(("id", "name", "owner", "tier", "surfaces", "data_classes", "regimes", "endpoint")),
}
_FILTERS = frozenset({"default", "lower", "upper", "title", "join", "truncate", "trim"})
# No loops, calls, macros, includes or arithmetic: a text cannot run long or reach anything.
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Filter),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Keyword),
)

_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def faults(text: str) -> list[str]:
    """What is wrong with one template, in words; empty when nothing is."""
    try:
        tree = parsed(_environment, text)
    except TemplateSyntaxError as error:
        return [f"template error: {error.message}"]
    found = [
        f"template error: {type(node).__name__.lower()} is not allowed in a runbook"
        for node in tree.find_all(nodes.Node)
        if not isinstance(node, _ALLOWED)
    ]
    found += [
        f"template error: unknown filter {node.name}"
        for node in tree.find_all(nodes.Filter)
        if node.name not in _FILTERS
    ]
    inner = set()
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            inner.add(id(node.node))
            known = FIELDS.get(node.node.name)
            if known is not None and node.attr not in known:
                found.append(f"template error: {node.node.name} has no field {node.attr}")
        else:
            found.append(f"template error: .{node.attr} goes deeper than a field")
    for name in tree.find_all(nodes.Name):
        if name.name not in FIELDS:
            found.append(f"template error: unknown name {name.name}")
        elif id(name) not in inner:
            found.append(f"template error: {name.name} needs a field")
    return list(dict.fromkeys(found))


def render(text: str, context: Mapping[str, Mapping[str, Any]]) -> str:
    """Fill the blanks. Raises BadInput when a blank cannot be filled (checked runbooks have none such)."""
    if "{" not in text:
        return text.removesuffix("\n")  # as Jinja does; most texts have no blank
    try:
        return _compiled(text).render(context)
    except TemplateError as error:
        raise BadInput("runbook", f"This step's text cannot be shown: {error}.") from error


@lru_cache(512)
def _compiled(text: str) -> Template:
    """Compiling takes a millisecond, and a run's message shows some hundred texts each time it is shown."""
    return _environment.from_string(text)


def shown(value: object) -> object:
    """A field's value as a text shows it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none named"
    return "not known" if value is None or value == "" else value
