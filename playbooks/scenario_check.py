"""What is wrong with a scenario: all of it at once, each with file, line, key and reason.

Faults refuse the file. Warnings let it run: a draft that nobody accepted yet, a truth that the policy in force judges
otherwise. The MSEL is read from the plain values, so that a fault of shape in one inject does not hide the rest.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.lifecycle import ROLES
from playbooks.scenario import DOS, EVERYONE, START, Expects, Scenario
from playbooks.scenario_graph import Cause, Duty, Msel
from severity.errors import ContentError, Fault, UnknownAnswer
from severity.loading import Document, check_shape, read_yaml, read_yaml_text
from severity.policy import Policy
from severity.taxonomy import HARM_CLASS_IDS

MAX_FILE_BYTES = 5_000_000
_TABLES = ("roles", "objectives", "systems", "injects", "actions")
_RESERVED = {"roles": EVERYONE, "injects": START}
# What the record shows of a deed, and so what an action may expect of it; of a deed that is not here, nothing.
_SHOWN = {
    "declare": ("private", "severity_at_least"),
    "classify": ("harm_class", "severity_at_least"),
    "assign": ("role",),
    "contain": ("runbook",),
    "step": ("runbook", "step"),
    "evidence": ("runbook", "step"),
    "rollback": ("target",),
    "comms": ("comms",),
    "clock": ("clock",),
    "decide": ("option",),
}

_Path = tuple[str | int, ...]
_Item = tuple[_Path, dict[str, Any]]


@dataclass(frozen=True)
class Known:
    """Names from other rooms that a scenario may use. None: not looked at."""

    runbooks: Collection[str] | None = None
    clocks: Collection[str] | None = None
    policy: Policy | None = None


@dataclass(frozen=True)
class Checked:
    """The outcome of a check, in the order of the file."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


NOTHING_KNOWN = Known()


def check_scenario(path: Path, known: Known = NOTHING_KNOWN) -> Checked:
    """Check one file; what it shows or hands out is looked for under `files/` beside it."""
    try:
        return check_document(read_yaml(path), path.parent, known)
    except ContentError as error:
        return Checked(faults=error.faults)


def check_text(text: str, name: str, known: Known = NOTHING_KNOWN) -> Checked:
    """As `check_scenario`, of text that has no folder yet; `name` is what the faults call it."""
    try:
        return check_document(read_yaml_text(text, name), None, known)
    except ContentError as error:
        return Checked(faults=error.faults)


def check_document(document: Document, folder: Path | None = None, known: Known = NOTHING_KNOWN) -> Checked:
    """Check one document. Without a folder, files are not looked for."""
    faults: list[Fault] = []
    warnings: list[Fault] = []
    scenario = None
    try:
        scenario = check_shape(document, Scenario)
    except ContentError as error:
        faults += error.faults
    if isinstance(document.value, dict):
        tables = {name: list(_items(document.value, (name,))) for name in _TABLES}
        faults += _names(document, tables, known)
        faults += _times(document, tables)
        if folder is not None:
            faults += _files(document, tables["injects"], folder)
        warnings += [
            document.fault((*path, "proposed"), "was proposed by a machine; a person reads and accepts it first")
            for path, inject in tables["injects"]
            if inject.get("proposed") is True
        ]
    if scenario is not None:
        faults += _truth_names(document, scenario, known)
        if not faults:
            faults += _short(document, scenario)
            warnings += _judged(document, scenario, known)
    return Checked(*(tuple(sorted(dict.fromkeys(found), key=lambda fault: fault.line)) for found in (faults, warnings)))


def earliest(scenario: Scenario) -> dict[str, int]:
    """The earliest minute of every inject that can be sent."""
    value = scenario.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _msel({name: list(_items(value, (name,))) for name in _TABLES}).earliest()


def _items(value: Any, path: _Path) -> Iterator[_Item]:
    """The mappings of the list at the end of `path`, each with its own path; nothing where there is no list."""
    found = value.get(path[-1]) if isinstance(value, dict) else None
    for index, item in enumerate(found if isinstance(found, list) else []):
        if isinstance(item, dict):
            yield (*path, index), item


def _ids(items: list[_Item]) -> set[str]:
    return {item["id"] for _, item in items if isinstance(item.get("id"), str)}


def _part(item: dict[str, Any], key: str) -> dict[str, Any]:
    part = item.get(key)
    return part if isinstance(part, dict) else {}


def _names(document: Document, tables: dict[str, list[_Item]], known: Known) -> Iterator[Fault]:
    """Every name that is used must be given somewhere, once."""
    ids = {name: _ids(items) for name, items in tables.items()}
    for name, items in tables.items():
        yield from _twice(document, items)
        for path, item in items:
            if item.get("id") == _RESERVED.get(name, ""):
                yield document.fault((*path, "id"), f"{item['id']} has a meaning of its own; choose another id")

    def unknown(path: _Path, value: Any, table: str, also: str | None = None) -> Iterator[Fault]:
        if isinstance(value, str) and value != also and value not in ids[table]:
            yield document.fault(path, f"{value} is no {table.removesuffix('s')} of this scenario")

    def unlisted(path: _Path, value: Any, names: Collection[str] | None, kind: str) -> Iterator[Fault]:
        if names is not None and isinstance(value, str) and value not in names:
            yield document.fault(path, f"{value} is no {kind}")

    asked: set[str] = set()
    expected: dict[str, set[str]] = {}
    for path, inject in tables["injects"]:
        yield from unknown((*path, "to"), inject.get("to"), "roles", EVERYONE)
        yield from unknown((*path, "after", "inject"), _part(inject, "after").get("inject"), "injects")
        yield from unknown((*path, "when", "action"), _part(inject, "when").get("action"), "actions")
        names = inject.get("expects")
        for index, name in enumerate(names if isinstance(names, list) else []):
            yield from unknown((*path, "expects", index), name, "actions")
            expected.setdefault(str(inject.get("id")), set()).add(str(name))
        options = list(_items(inject, (*path, "options")))
        yield from _twice(document, options)
        for place, option in options:
            yield from unknown((*place, "next"), option.get("next"), "injects")
        for place, branch in _items(inject, (*path, "then")):
            yield from unknown((*place, "if", "action"), _part(branch, "if").get("action"), "actions")
            yield from unknown((*place, "inject"), branch.get("inject"), "injects")

    options_of = {inject.get("id"): _ids(list(_items(inject, ("options",)))) for _, inject in tables["injects"]}
    targets: set[str] = set()
    for path, system in tables["systems"]:
        targets |= _ids(list(_items(system, (*path, "rollback_targets"))))
    for path, action in tables["actions"]:
        yield from unknown((*path, "by"), action.get("by"), "roles")
        yield from unknown((*path, "objective"), action.get("objective"), "objectives")
        yield from unknown((*path, "after"), action.get("after"), "injects", START)
        asked.add(str(action.get("objective")))
        after, expects = action.get("after", START), _part(action, "expects")
        if after in ids["injects"] and action.get("id") not in expected.get(after, ()):
            yield document.fault((*path, "after"), f"{after} does not list {action.get('id')} under expects")
        yield from _never_done(document, path, action, options_of.get(after), targets)
        yield from unlisted(
            (*path, "expects", "role"), expects.get("role"), ROLES, f"role of an incident: {', '.join(ROLES)}"
        )
        yield from unlisted((*path, "expects", "runbook"), expects.get("runbook"), known.runbooks, "runbook")
        yield from unlisted((*path, "expects", "clock"), expects.get("clock"), known.clocks, "clock")
        yield from unlisted(
            (*path, "expects", "target"), expects.get("target"), targets, "rollback target of its systems"
        )
        yield from unlisted(
            (*path, "expects", "option"), expects.get("option"), options_of.get(after, ()), f"option of {after}"
        )
    for path, objective in tables["objectives"]:
        if isinstance(objective.get("id"), str) and objective["id"] not in asked:
            yield document.fault((*path, "id"), "no action tests this objective")
    for path, system in tables["systems"]:
        runbooks = system.get("runbooks")
        for index, name in enumerate(runbooks if isinstance(runbooks, list) else []):
            yield from unlisted((*path, "runbooks", index), name, known.runbooks, "runbook")


def _never_done(
    document: Document, path: _Path, action: dict[str, Any], options: Collection[str] | None, targets: Collection[str]
) -> Iterator[Fault]:
    """An action that no team could be credited with, whatever it does: it would count as missed for ever."""
    do, expects = str(action.get("do")), _part(action, "expects")
    after = action.get("after", START)
    if do == "decide" and not options and (options is not None or after == START):
        yield document.fault((*path, "do"), f"nothing can be decided: {after} has no options")
    if do == "rollback" and not targets:
        yield document.fault((*path, "do"), "nothing can be rolled back: no system has rollback_targets")
    for key in expects:
        if do in DOS and key in Expects.model_fields and key not in _SHOWN.get(do, ()):
            yield document.fault((*path, "expects", key), f"{do} never shows this in the record")


def _twice(document: Document, items: list[_Item]) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for path, item in items:
        name = item.get("id")
        if isinstance(name, str):
            if name in seen:
                yield document.fault((*path, "id"), f"{name} is given already, on line {seen[name]}")
            seen.setdefault(name, document.line(*path, "id"))


def _times(document: Document, tables: dict[str, list[_Item]]) -> Iterator[Fault]:
    """Nothing chases itself, everything can happen, and happens before the end."""
    injects = [(path, inject) for path, inject in tables["injects"] if isinstance(inject.get("id"), str)]
    place = {inject["id"]: path for path, inject in injects}
    end = document.value.get("minutes")
    minutes = end if isinstance(end, int) else 10_000
    branched = {target for _, inject in injects for target, _ in _branches(inject)}
    for path, inject in injects:
        own = [key for key in ("at", "when", "after") if inject.get(key) is not None]
        if own and inject["id"] in branched:
            yield document.fault(
                (*path, own[0]), "another inject branches here, so it has no time of its own; drop one of the two"
            )
    msel = _msel(tables)
    for circle in msel.circles():
        way = " -> ".join(circle)
        yield document.fault((*place[circle[0]], "id"), f"is part of a circle: {way}")
    times = msel.earliest()
    in_circle = {name for circle in msel.circles() for name in circle}
    for path, inject in injects:
        name = inject["id"]
        if name not in times and name not in in_circle:
            yield document.fault(
                (*path, "id"), "can never be sent: it has no time, and nothing that happens leads to it"
            )
        elif times.get(name, 0) > minutes:
            key = next((key for key in ("at", "after", "when") if key in inject), "id")
            yield document.fault((*path, key), f"comes at minute {times[name]} at the earliest; the end is {minutes}")
    for path, action in tables["actions"]:
        start = msel.start_of(action["id"], times) if isinstance(action.get("id"), str) else None
        if start is not None and start <= minutes < start + msel.duties[action["id"]].within:
            over = start + msel.duties[action["id"]].within
            yield document.fault((*path, "within"), f"is over at minute {over} at the earliest; the end is {minutes}")


def _branches(inject: dict[str, Any]) -> Iterator[tuple[str, Cause]]:
    """The injects that this one can cause, each with its cause."""
    for _, option in _items(inject, ("options",)):
        if isinstance(option.get("next"), str):
            yield option["next"], Cause(inject=inject["id"])
    for _, branch in _items(inject, ("then",)):
        if isinstance(branch.get("inject"), str):
            condition = _condition(branch.get("if"))
            yield branch["inject"], Cause(inject["id"], condition.action, condition.missed)


def _condition(value: Any) -> Cause:
    value = value if isinstance(value, dict) else {}
    return Cause(action=str(value.get("action")), missed=value.get("missed") is True)


def _msel(tables: dict[str, list[_Item]]) -> Msel:
    at: dict[str, int] = {}
    causes: dict[str, list[Cause]] = {}
    for _, inject in tables["injects"]:
        name = inject.get("id")
        if not isinstance(name, str):
            continue
        own = causes.setdefault(name, [])
        if isinstance(inject.get("at"), int):
            at[name] = inject["at"]
        after = _part(inject, "after")
        if isinstance(after.get("minutes"), int):
            own.append(Cause(inject=str(after.get("inject")), minutes=max(0, after["minutes"])))
        if inject.get("when") is not None:
            own.append(_condition(inject["when"]))
        for target, cause in _branches(inject):
            causes.setdefault(target, []).append(cause)
    duties = {
        action["id"]: Duty(str(action.get("after", START)), action["within"])
        for _, action in tables["actions"]
        if isinstance(action.get("id"), str) and isinstance(action.get("within"), int)
    }
    names = _ids(tables["injects"])
    return Msel(at, {name: tuple(own) for name, own in causes.items() if name in names}, duties)


def _files(document: Document, injects: list[_Item], folder: Path) -> Iterator[Fault]:
    root = (folder / "files").resolve()
    for path, inject in injects:
        for key in ("image", "file"):
            name = inject.get(key)
            if not isinstance(name, str):
                continue
            found = (root / name).resolve()
            if not found.is_relative_to(root):
                yield document.fault((*path, key), "leads out of files/")
            elif not found.is_file():
                yield document.fault((*path, key), f"there is no file {name} under files/")
            elif found.stat().st_size > MAX_FILE_BYTES:
                yield document.fault((*path, key), f"{name} is larger than {MAX_FILE_BYTES:,} bytes")


def _truth_names(document: Document, scenario: Scenario, known: Known) -> Iterator[Fault]:
    for index, clock in enumerate(scenario.truth.clocks):
        if known.clocks is not None and clock not in known.clocks:
            yield document.fault(("truth", "clocks", index), f"{clock} is no clock")
    if known.policy is not None:
        for fact, answer in scenario.truth.facts.items():
            try:
                known.policy.evaluate({fact: answer}, HARM_CLASS_IDS)
            except UnknownAnswer as error:
                yield document.fault(("truth", "facts", fact), str(error))


def _short(document: Document, scenario: Scenario) -> Iterator[Fault]:
    """The short variant names what exists, and what is left of the scenario is one that can be played."""
    short = scenario.short
    if short is None:
        return
    injects, actions = {item.id for item in scenario.injects}, {item.id for item in scenario.actions}
    for key, names, there, kind in (
        ("injects", short.injects, injects, "inject"),
        ("actions", short.actions, actions, "action"),
    ):
        for index, name in enumerate(names):
            if name not in there:
                yield document.fault(("short", key, index), f"{name} is no {kind} of this scenario")
    for name in short.at:
        if name not in short.injects:
            yield document.fault(("short", "at", name), f"{name} is no inject of the short variant")
    for index, name in enumerate(short.injects):
        if name in injects and scenario.inject(name).at is not None and name not in short.at:
            yield document.fault(("short", "injects", index), f"{name} has no minute under short.at")
    for index, name in enumerate(short.actions):
        after = scenario.action(name).after if name in actions else START
        if after != START and after not in short.injects:
            yield document.fault(("short", "actions", index), f"{name} comes after {after}, which is left out")
    cut = scenario.shortened().model_dump(mode="json", by_alias=True, exclude_none=True)
    tables = {name: list(_items(cut, (name,))) for name in _TABLES}
    msel = _msel(tables)
    times = msel.earliest()
    for index, name in enumerate(short.injects):
        if name in injects and name not in times:
            yield document.fault(("short", "injects", index), f"{name} can never be sent in the short variant")
        elif times.get(name, 0) > short.minutes:
            yield document.fault(
                ("short", "injects", index),
                f"{name} comes at minute {times[name]} at the earliest; the end is {short.minutes}",
            )


def _judged(document: Document, scenario: Scenario, known: Known) -> Iterator[Fault]:
    if known.policy is None or not scenario.truth.facts:
        return
    answer = known.policy.evaluate(scenario.truth.facts, scenario.harm_classes)
    if answer.severity != scenario.truth.severity:
        yield document.fault(
            ("truth", "severity"), f"the policy answers {answer.severity} for these facts, by rule {answer.rule}"
        )
