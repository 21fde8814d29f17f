"""A CACAO 2.0 document as a runbook, or the list of why not. Pure; the document is hostile until it passed every check.

The standard part of a document is what counts: titles, owners and the graph come from it. Our extension only adds what
the standard has no word for. The result passes the same checks as a runbook somebody typed.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import yaml

from runbooks.cacao.graph import Graph, read_graph
from runbooks.cacao.names import EXTENSION, answer_variable, as_template, with_variables
from runbooks.cacao.standard import CacaoStep, Playbook, Refusal, check_schema
from runbooks.check import check_text
from runbooks.schema import END, KINDS, ROLES, SEVERITIES

MAX_DEPTH = 40
_DEFAULT_URGENCY = dict(zip(SEVERITIES, (15, 15, 60, 240, 1440), strict=True))
_DEFAULT_MINUTES = 15
# Fields of a step that may come from our extension. Kind, owner and the ways on are the standard's.
_KEPT = ("why", "how", "check", "minutes", "urgency", "skip", "accepts", "targets", "tell", "message")
Object = dict[str, Any]


@dataclass(frozen=True)
class Imported:
    """`runbook_yaml` is None when anything was refused. `assumed` is what the document did not say: to be reviewed."""

    runbook_yaml: str | None
    refusals: tuple[Refusal, ...] = ()
    assumed: tuple[str, ...] = ()


def import_(document: object) -> Imported:
    """A runbook's YAML from a CACAO document. Never raises for a bad document: everything refused is listed."""
    if _deeper_than(document, MAX_DEPTH):
        return Imported(None, (Refusal("document", f"is nested deeper than {MAX_DEPTH} levels"),))
    playbook = check_schema(document)
    if isinstance(playbook, list):
        return Imported(None, tuple(playbook))
    graph = read_graph(playbook)
    refusals = list(graph.refusals)
    if playbook.authentication_info_definitions:
        refusals.append(
            Refusal(
                "authentication_info_definitions",
                "carries credentials; take them out, and change any that were real: they have been passed around",
            )
        )
    if refusals:
        return Imported(None, tuple(dict.fromkeys(refusals)))
    writer = _Writer(playbook, graph)
    text = writer.text()
    faults = check_text(text, "runbook")
    if faults:
        return Imported(None, tuple(Refusal(fault.key or "runbook", fault.reason) for fault in faults))
    return Imported(text, (), tuple(dict.fromkeys(writer.assumed)))


class _Writer:
    """Builds the runbook's plain values, and notes what had to be assumed."""

    def __init__(self, playbook: Playbook, graph: Graph) -> None:
        self.playbook = playbook
        self.graph = graph
        self.assumed: list[str] = []
        self.absorbed: dict[str, list[tuple[str, str, str]]] = {}  # question -> (choice, say, target)
        self.ways_to = Counter(target for leads in graph.leads.values() for target in leads.values())
        for id in graph.leads:
            self._absorb(id)
        within = {id for question in self.absorbed for id in self._chain(question)}
        inner = {part for parts in graph.parts.values() for part in parts}
        self.order = [id for id in playbook.workflow if id in graph.leads and id not in within | inner]
        if graph.first in self.order:
            self.order.remove(graph.first)
            self.order.insert(0, graph.first)
        self.ids = self._ids([*self.order, *inner])

    def text(self) -> str:
        """The runbook as YAML; what was assumed stands on top as comments."""
        body = yaml.dump(
            self._runbook(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
        )
        notes = [f"# Review: {_one_line(note)}" for note in dict.fromkeys(self.assumed)]
        return "\n".join([*notes, body]) if notes else body

    def _runbook(self) -> Object:
        playbook = self.playbook
        own = _own(playbook.playbook_extensions, "runbook")
        return {
            "id": own.get("id") or f"imported-{_slug(playbook.name, 40)}",
            "title": _one_line(playbook.name)[:150],
            "harm_classes": own.get("harm_classes")
            or self._assume(["H10"], "CACAO knows no harm classes; H10 was taken."),
            "enter_when": own.get("enter_when")
            or self._assume(
                [as_template(playbook.description or playbook.name)[:2500]],
                "enter_when was taken from the description.",
            ),
            "leave_when": own.get("leave_when")
            or self._assume("Every step has been dealt with.", "leave_when was not given."),
            "sources": self._sources(),
            "urgency": own.get("urgency") or self._assume(_DEFAULT_URGENCY, "CACAO knows no urgency; ours was taken."),
            "steps": [self._step(id, position) for position, id in enumerate(self.order)],
        }

    def _sources(self) -> list[Object]:
        found = []
        for reference in self.playbook.external_references:
            ref = reference.source or reference.external_id or reference.url or reference.description
            if ref:
                found.append({"name": _one_line(reference.name)[:150], "ref": _one_line(ref)[:200]})
        return found or [{"name": "CACAO playbook", "ref": self.playbook.id}]

    def _step(self, id: str, position: int) -> Object:
        step, leads = self.playbook.workflow[id], self.graph.leads.get(id, {})
        own = _own(step.step_extensions, "step")
        built = self._words(id, step, own)
        if step.type == "if-condition":
            built |= self._condition(step, leads)
        elif id in self.absorbed:
            built["choices"] = [
                {"choice": choice, "say": say, "goto": self._name(target)} for choice, say, target in self.absorbed[id]
            ]
        else:
            following = self.order[position + 1] if position + 1 < len(self.order) else END
            if leads.get("next", following) != following:
                built["goto"] = self._name(leads["next"])
        if "failure" in leads:
            built["if_it_fails"] = {**built["if_it_fails"], "goto": self._name(leads["failure"])}
        if step.type == "parallel":
            built["steps"] = [self._step(part, 0) for part in self.graph.parts[id]]
            for part in built["steps"]:
                part.pop("goto", None)
        return built

    def _words(self, id: str, step: CacaoStep, own: Object) -> Object:
        """Id, kind, title, texts and owner of a step."""
        words = _one_line(step.name or "") or id.split("--")[0]
        kind = self._kind(id, step, own)
        built: Object = {"id": self.ids[id], kind: self._text(own.get(kind), words)[:150]}
        built |= {name: own[name] for name in _KEPT if name in own}
        failure = own.get("if_it_fails")
        say = failure.get("say") if isinstance(failure, dict) else None
        built["why"] = own.get("why") or self._assume(
            as_template(step.description or "") or f"Part of {as_template(_one_line(self.playbook.name))}.",
            f"{self.ids[id]}: CACAO has no field for why; the description was taken.",
        )
        built["how"] = self._how(step, own, words)
        built["owner"] = self._owner(id, step, own)
        built["minutes"] = own.get("minutes") or self._assume(
            _DEFAULT_MINUTES, f"{self.ids[id]}: about {_DEFAULT_MINUTES} minutes was taken."
        )
        built["if_it_fails"] = {
            "say": say
            or self._assume(
                "Tell the incident commander, who decides what to do instead.",
                f"{self.ids[id]}: nothing is said for when it fails.",
            )
        }
        return built

    def _kind(self, id: str, step: CacaoStep, own: Object) -> str:
        if step.type == "parallel":
            return "parallel"
        if step.type == "if-condition" or id in self.absorbed:
            return "decide"
        return next((kind for kind in KINDS if kind in own and kind not in ("parallel", "decide")), "do")

    def _how(self, step: CacaoStep, own: Object, words: str) -> str:
        commands = step.commands or []
        said = own.get("how")
        if isinstance(said, str) and (not commands or with_variables(said) in (commands[0].text or "")):
            return said
        lines = []
        for command in commands:
            text = as_template(command.text or "")
            if command.type == "http-api":
                text = f"Send this request by hand, after checking the address: {text}"
                self.assumed.append(f"{words}: an http-api command became an instruction; nothing is called.")
            lines.append(text)
        if len(lines) > 1:
            lines = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
        return "\n".join(lines) or as_template(step.description or words)

    def _owner(self, id: str, step: CacaoStep, own: Object) -> str:
        agent = self.playbook.agent_definitions.get(step.agent or "")
        for role, title in ROLES.items():
            if agent is not None and agent.name.casefold() in (title.casefold(), role):
                return role
        said = own.get("owner")
        if agent is None and isinstance(said, str) and said in ROLES:
            return said
        who = f" (the document says {_one_line(agent.name)[:60]})" if agent else ""
        return str(self._assume("on-call", f"{self.ids[id]}: the owner is on-call{who}."))

    def _condition(self, step: CacaoStep, leads: dict[str, str]) -> Object:
        return {
            "decide": f"Does this hold? {as_template(_one_line(step.name or step.condition or ''))}"[:150],
            "how": f"The document's condition: {as_template(_one_line(step.condition or ''))}",
            "choices": [
                {"choice": "yes", "say": "Yes", "goto": self._name(leads["true"])},
                {"choice": "no", "say": "No", "goto": self._name(leads["false"])},
            ],
        }

    def _absorb(self, id: str) -> None:
        """A question of ours and the if-conditions on its answer are one decision."""
        step = self.playbook.workflow[id]
        own = _own(step.step_extensions, "step")
        choices = {str(item.get("choice")): item.get("say") for item in _objects(own.get("choices"))}
        found: list[tuple[str, str, str]] = []
        target = self.graph.leads[id].get("next", END)
        pattern = re.compile(re.escape(answer_variable(_step_id(step))) + r":value = '([a-z0-9-]+)'")
        while target in self.playbook.workflow:
            condition = self.playbook.workflow[target]
            match = pattern.fullmatch(condition.condition or "")
            asked = condition.type == "if-condition" and match is not None and self.ways_to[target] == 1
            if not asked or match is None or match[1] not in choices or match[1] in _first(found):
                break
            found.append((match[1], str(choices[match[1]]), self.graph.leads[target]["true"]))
            target = self.graph.leads[target]["false"]
        left = [choice for choice in choices if choice not in _first(found)]
        if found and len(left) == 1:
            self.absorbed[id] = [*found, (left[0], str(choices[left[0]]), target)]

    def _chain(self, question: str) -> list[str]:
        chain, target = [], self.graph.leads[question]["next"]
        for _ in self.absorbed[question][:-1]:
            chain.append(target)
            target = self.graph.leads[target]["false"]
        return chain

    def _ids(self, cacao_ids: list[str]) -> dict[str, str]:
        """A step id for each identifier: ours where our extension says so, else from the name."""
        ids: dict[str, str] = {}
        for cacao_id in cacao_ids:
            step = self.playbook.workflow[cacao_id]
            base = _slug(_step_id(step) or step.name or step.type, 50)
            name, number = base, 2
            while name in ids.values() or name == END:
                name, number = f"{base}-{number}", number + 1
            ids[cacao_id] = name
        return ids

    def _name(self, target: str) -> str:
        return END if target == END else self.ids[target]

    def _text(self, own: object, standard: str) -> str:
        """Our own wording where it says what the standard part says, else the standard part's."""
        return own if isinstance(own, str) and with_variables(own) == standard else as_template(standard)

    def _assume(self, value: Any, note: str) -> Any:
        self.assumed.append(note)
        return value


class _Dumper(yaml.SafeDumper):
    """Plain YAML: texts of several lines as blocks, nothing shared."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block_text)


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for item in level for inner in _inside(item)]
    return bool(level)


def _inside(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _own(extensions: dict[str, dict[str, Any]], name: str) -> Object:
    found = extensions.get(EXTENSION, {}).get(name)
    return found if isinstance(found, dict) else {}


def _step_id(step: CacaoStep) -> str:
    found = step.step_extensions.get(EXTENSION, {}).get("step_id")
    return found if isinstance(found, str) else ""


def _objects(value: object) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _first(found: list[tuple[str, str, str]]) -> list[str]:
    return [choice for choice, _, _ in found]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _slug(text: str, limit: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:limit].strip("-") or "step"
