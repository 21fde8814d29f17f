"""What is wrong with a runbook: all of it at once, each with file, line, key and reason."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runbooks import templates
from runbooks.schema import END, LEVERS, ROLES, Runbook
from severity.errors import ContentError, Fault
from severity.loading import Document, check_shape, read_yaml, read_yaml_text

_TEMPLATES = ("do", "decide", "collect", "rollback", "notify", "wait", "parallel", "why", "how", "check", "message")


def check_runbook(path: Path, targets: Iterable[str] = ()) -> list[Fault]:
    """Every fault of one file; empty when it may be used. `targets` are the inventory's rollback target ids."""
    try:
        return _check(read_yaml(path), frozenset(targets))
    except ContentError as error:
        return list(error.faults)


def check_text(text: str, name: str, targets: Iterable[str] = ()) -> list[Fault]:
    """As `check_runbook`, of text; `name` is what the faults call it."""
    try:
        return _check(read_yaml_text(text, name), frozenset(targets))
    except ContentError as error:
        return list(error.faults)


def _check(document: Document, targets: frozenset[str]) -> list[Fault]:
    found: list[Fault] = []
    try:
        check_shape(document, Runbook)
    except ContentError as error:
        found += error.faults
    raw = document.value.get("steps") if isinstance(document.value, dict) else None
    if isinstance(raw, list):
        # The graph is read from the plain values, so that a fault of shape in one step does not hide the rest.
        steps = [(index, step) for index, step in enumerate(raw) if isinstance(step, dict)]
        found += _words(document, steps, targets)
        found += _graph(document, steps)
    return sorted(dict.fromkeys(found), key=lambda fault: fault.line)


def _parts(steps: list[tuple[int, dict[str, Any]]]) -> list[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every step with its path in the document, parts of parallel steps included."""
    all_steps: list[tuple[tuple[str | int, ...], dict[str, Any]]] = []
    for index, step in steps:
        all_steps.append((("steps", index), step))
        parts = step.get("steps")
        for inner, part in enumerate(parts if isinstance(parts, list) else []):
            if isinstance(part, dict):
                all_steps.append((("steps", index, "steps", inner), part))
    return all_steps


def _words(document: Document, steps: list[tuple[int, dict[str, Any]]], targets: frozenset[str]) -> list[Fault]:
    """Names that must be known, and templates that must be fillable."""
    found: list[Fault] = []
    seen: dict[str, int] = {}
    for path, step in _parts(steps):
        step_id = step.get("id")
        if isinstance(step_id, str):
            if step_id == END:
                found.append(document.fault((*path, "id"), "end is the name of the exit, not of a step"))
            if step_id in seen:
                found.append(document.fault((*path, "id"), f"{step_id} is already a step, on line {seen[step_id]}"))
            seen.setdefault(step_id, document.line(*path, "id"))
        owner = step.get("owner")
        if isinstance(owner, str) and owner not in ROLES:
            found.append(document.fault((*path, "owner"), _unknown("role", owner, ROLES)))
        for index, role in enumerate(_texts(step.get("tell"))):
            if role not in ROLES:
                found.append(document.fault((*path, "tell", index), _unknown("role", role, ROLES)))
        for index, target in enumerate(_texts(step.get("targets"))):
            if target not in LEVERS and target not in targets:
                found.append(document.fault((*path, "targets", index), _unknown("target", target, LEVERS)))
        for name in _TEMPLATES:
            if isinstance(step.get(name), str):
                found += [document.fault((*path, name), reason) for reason in templates.faults(step[name])]
        failure = step.get("if_it_fails")
        if isinstance(failure, dict) and isinstance(failure.get("say"), str):
            reasons = templates.faults(failure["say"])
            found += [document.fault((*path, "if_it_fails", "say"), reason) for reason in reasons]
        if len(path) > 2:
            found += _part_faults(document, path, step)
    return found


def _part_faults(document: Document, path: tuple[str | int, ...], step: dict[str, Any]) -> list[Fault]:
    """A part of a parallel step is one step that ends where it stands."""
    found = [
        document.fault((*path, kind), f"a {kind} step cannot be part of a parallel step")
        for kind in ("decide", "parallel", "wait")
        if kind in step
    ]
    if "goto" in step:
        found.append(document.fault((*path, "goto"), "a part of a parallel step leads nowhere; the parallel step does"))
    failure = step.get("if_it_fails")
    if isinstance(failure, dict) and "goto" in failure:
        found.append(
            document.fault((*path, "if_it_fails", "goto"), "a part of a parallel step can only be tried again")
        )
    return found


def _graph(document: Document, steps: list[tuple[int, dict[str, Any]]]) -> list[Fault]:
    """Dangling edges, steps that nothing reaches, loops without a way out, a runbook without an exit."""
    ids = {step["id"]: index for index, step in steps if isinstance(step.get("id"), str)}
    order = [step.get("id") for _, step in steps]
    found: list[Fault] = []
    usual: dict[str, list[str]] = {}
    edges: dict[str, list[str]] = {}
    for position, (index, step) in enumerate(steps):
        step_id = step.get("id")
        if not isinstance(step_id, str) or ids[step_id] != index:
            continue
        following = order[position + 1] if position + 1 < len(order) else END
        ways = list(_ways(step, following, ("steps", index)))
        failing = [way for way in ways if "if_it_fails" in way[0]]
        for path, goto in ways:
            if goto != END and goto not in ids:
                found.append(document.fault(path, f"leads to {goto}, which is no step of this runbook"))
        edges[step_id] = [goto for _, goto in ways]
        usual[step_id] = [goto for path, goto in ways if (path, goto) not in failing]
    if not edges:
        return found
    first = next(iter(edges))
    reached = _reach({first}, edges)
    # A dangling edge is treated as an exit here: it was named already.
    out = _reach({END} | {goto for ways in edges.values() for goto in ways if goto not in ids}, _turned(usual))
    if not any(goto == END for ways in usual.values() for goto in ways):
        found.append(document.fault(("steps",), "has no exit: no step leads to end"))
    for step_id in edges:
        path = ("steps", ids[step_id], "id")
        if step_id not in reached:
            found.append(document.fault(path, f"nothing leads to {step_id}"))
        elif step_id not in out:
            words = "is in an endless loop" if step_id in _reach(set(usual[step_id]), usual) else "leads into one"
            found.append(document.fault(path, f"{step_id} {words}: no way from here to end"))
    return found


def _ways(
    step: Mapping[str, Any], following: Any, path: tuple[str | int, ...]
) -> Iterable[tuple[tuple[Any, ...], str]]:
    """Where a step can lead, each with the place in the document that says so."""
    choices = step.get("choices")
    if isinstance(choices, list) and choices:
        for index, choice in enumerate(choices):
            if isinstance(choice, dict) and isinstance(choice.get("goto"), str):
                yield (*path, "choices", index, "goto"), choice["goto"]
    elif isinstance(step.get("goto"), str):
        yield (*path, "goto"), step["goto"]
    elif isinstance(following, str):
        yield path, following
    failure = step.get("if_it_fails")
    if isinstance(failure, dict) and isinstance(failure.get("goto"), str):
        yield (*path, "if_it_fails", "goto"), failure["goto"]


def _reach(start: set[str], edges: Mapping[str, list[str]]) -> set[str]:
    reached, waiting = set(start), list(start)
    while waiting:
        for following in edges.get(waiting.pop(), []):
            if following not in reached:
                reached.add(following)
                waiting.append(following)
    return reached


def _turned(edges: Mapping[str, list[str]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for step_id, ways in edges.items():
        for goto in ways:
            turned.setdefault(goto, []).append(step_id)
    return turned


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    return f"unknown {what} {name}. Known: {', '.join(known)}"
