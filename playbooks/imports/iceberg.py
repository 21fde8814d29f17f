"""An IcebergTTX 1.0 scenario (JSON) as one of ours, with its branches. Pure."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from playbooks.imports.made import Made, named, plain, refused, sentences
from playbooks.imports.outside import Event, Expected, Msel, scenario
from playbooks.scenario import EVERYONE
from playbooks.scenario_check import NOTHING_KNOWN, Known
from severity.strict_json import read_json

VERSION = "1.0"


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Team(_Open):
    id: str
    label: str = ""


class _Option(_Open):
    id: str
    label: str
    next_inject_id: str | None = None


class _Message(_Open):
    external_entity: str = "Somebody outside"
    subject: str = ""
    body: str = ""
    delay_after_release_seconds: float = 0


class _Inject(_Open):
    id: str
    title: str
    content: str = ""
    target_teams: tuple[str, ...] = ()
    sequence_order: float = 0
    options: tuple[_Option, ...] = ()
    expected_actions: tuple[str, ...] = ()
    release_at_minutes: int | None = None
    triggers_communications: tuple[_Message, ...] = ()


class _File(_Open):
    schema_version: str
    title: str
    description: str = ""
    metadata: Mapping[str, Any] = {}
    participant_teams: tuple[_Team, ...] = ()
    injects: tuple[_Inject, ...]
    start_inject_id: str | None = None
    debrief_notes: str = ""


def from_iceberg(text: str, name: str, known: Known = NOTHING_KNOWN) -> Made:
    """A scenario from the text of the file `name`, or why it makes none. Raises ContentError when it is not JSON."""
    found = read_json(text, name)
    if not isinstance(found, dict):
        return refused("must be an object with schema_version, title and injects")
    try:
        source = _File.model_validate(found)
    except ValidationError as error:
        return refused(*(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:20]))
    if source.schema_version != VERSION:
        return refused(f"schema_version is {source.schema_version!r:.20}; {VERSION} is what can be read")
    if not source.injects:
        return refused("injects: there are none")
    ids = {item.id for item in source.injects}
    if len(ids) < len(source.injects):
        return refused("injects: an id stands twice")
    missing = [
        f"injects.{item.id}.options.{option.id}: leads to {option.next_inject_id!r:.40}, which is no inject"
        for item in source.injects
        for option in item.options
        if option.next_inject_id is not None and option.next_inject_id not in ids
    ]
    if source.start_inject_id is not None and source.start_inject_id not in ids:
        missing.append(f"start_inject_id: {source.start_inject_id!r:.40} is no inject")
    return refused(*missing) if missing else _made(source, known)


def _made(source: _File, known: Known) -> Made:
    assumed: list[str] = []
    teams: dict[str, str] = {}
    for team in source.participant_teams:
        teams[team.id] = named(team.id, teams.values(), "team")
    ids: dict[str, str] = {}
    for item in source.injects:
        ids[item.id] = named(item.id, ids.values(), "inject")
    at = _times(source, assumed)
    events: list[Event] = []
    for item in sorted(source.injects, key=lambda item: item.sequence_order):
        to = [teams[team] for team in item.target_teams if team in teams]
        events.append(
            Event(
                id=ids[item.id],
                text=_text(source, item),
                persona="Exercise control",
                to=to[0] if len(to) == 1 else EVERYONE,
                by=to[0] if to else None,
                at=at.get(item.id),
                options=_options(item, ids),
                expected=[Expected(text) for text in item.expected_actions],
            )
        )
        for message in item.triggers_communications:
            minutes = math.ceil(max(0.0, message.delay_after_release_seconds) / 60)
            events.append(
                Event(
                    id=named(f"{ids[item.id]}-message", [event.id for event in events]),
                    text=sentences(message.subject, message.body),
                    persona=message.external_entity,
                    after=(ids[item.id], minutes),
                )
            )
            if message.delay_after_release_seconds % 60:
                assumed.append("delays of seconds were rounded up to minutes")
    duration = source.metadata.get("estimated_duration_minutes")
    roles = {teams[team.id]: team.label or team.id for team in source.participant_teams}
    return scenario(
        Msel(
            id=f"iceberg-{source.title}",
            title=source.title,
            source=f"IcebergTTX {VERSION}: {source.title}",
            roles=roles,
            events=events,
            minutes=duration if isinstance(duration, int) and not isinstance(duration, bool) else None,
            background=source.description,
            notes=source.debrief_notes,
            assumed=assumed,
        ),
        known,
    )


def _times(source: _File, assumed: list[str]) -> dict[str, int]:
    """Minutes of the injects that nothing branches to; those reached by a choice come when it is made."""
    reached = {option.next_inject_id for item in source.injects for option in item.options}
    ordered = sorted(source.injects, key=lambda item: item.sequence_order)
    start = source.start_inject_id or ordered[0].id
    times: dict[str, int] = {}
    minute = 0
    for item in ordered:
        if item.id in reached and item.id != start:
            if item.release_at_minutes is not None:
                assumed.append(f"{item.id} comes when it is chosen, not at minute {item.release_at_minutes}")
            continue
        if item.release_at_minutes is not None:
            minute = max(0, item.release_at_minutes)
        elif item.id != start:
            minute += 10
            assumed.append(f"{item.id} has no time; it comes at minute {minute}")
        times[item.id] = minute
    return times


def _options(item: _Inject, ids: Mapping[str, str]) -> list[tuple[str, str, str | None]]:
    taken: list[str] = []
    found = []
    for option in item.options:
        name = named(option.id, taken, "option")
        taken.append(name)
        found.append((name, option.label, ids[option.next_inject_id] if option.next_inject_id else None))
    return found


def _text(source: _File, item: _Inject) -> str:
    labels = {team.id: team.label or team.id for team in source.participant_teams}
    several = ", ".join(labels.get(team, team) for team in item.target_teams) if len(item.target_teams) > 1 else ""
    return plain(sentences(item.title, item.content) + (f" (For {several}.)" if several else ""))
