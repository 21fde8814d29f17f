"""Filling templates: the frames of `templates/` around a playbook's own words, with every empty blank left visible.

Jinja, of which only what a text needs is allowed. Unknown names are faults at load time: nothing fails at 3 a.m.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from playbooks.schema import Kind
from severity.loading import StrictModel, check_shape, read_yaml
from severity.template_text import parsed

TEMPLATES = Path(__file__).parent / "templates"
# No calls, loops, filters, imports or arithmetic: a text cannot run long or reach anything.
_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr)

_environment = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, loader=FileSystemLoader(TEMPLATES)
)


class Blanks(StrictModel):
    """`blanks.yaml`: what stands in a text while nobody has filled a blank, by group and name."""

    incident: dict[str, str]
    system: dict[str, str]
    fill: dict[str, str]

    def groups(self) -> dict[str, dict[str, str]]:
        """The three groups by name."""
        return {"incident": self.incident, "system": self.system, "fill": self.fill}


@cache
def blanks() -> Blanks:
    """Every blank a template may use. Raises ContentError if the file was damaged."""
    return check_shape(read_yaml(Path(__file__).with_name("blanks.yaml")), Blanks)


def faults(text: str) -> list[str]:
    """What is wrong with one text of a playbook, in words; empty when nothing is."""
    try:
        tree = parsed(_environment, text)
    except TemplateSyntaxError as error:
        return [f"template error: {error.message}"]
    found = [
        f"template error: {type(node).__name__.lower()} is not allowed in a playbook"
        for node in tree.find_all(nodes.Node)
        if not isinstance(node, _ALLOWED)
    ]
    known = blanks().groups()
    fields = [node for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name)]
    named = {id(node.node) for node in fields}
    for node in fields:
        group = node.node.name if isinstance(node.node, nodes.Name) else ""
        if node.attr not in known.get(group, {}):
            found.append(f"template error: there is no blank {group}.{node.attr}")
    found += [f"template error: {name.name} is no blank" for name in tree.find_all(nodes.Name) if id(name) not in named]
    return list(dict.fromkeys(found))


def fill(kind: Kind, words: Mapping[str, str], values: Mapping[str, Mapping[str, str]]) -> str:
    """The frame `kind` around `words`. `values` are known blanks by group; the others stand in square brackets."""
    context = {
        group: {name: values.get(group, {}).get(name) or f"[{empty}]" for name, empty in fields.items()}
        for group, fields in blanks().groups().items()
    }
    filled = {name: _environment.from_string(text).render(context) for name, text in words.items()}
    return _environment.get_template(f"{kind}.j2").render({**context, "words": filled}).strip() + "\n"


def left(text: str) -> list[str]:
    """The blanks that still stand in a text, in its order."""
    marks = {f"[{empty}]": empty for fields in blanks().groups().values() for empty in fields.values()}
    return [empty for mark, empty in sorted(marks.items(), key=lambda item: text.find(item[0])) if mark in text]
