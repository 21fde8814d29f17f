"""An MSEL of another tool as a scenario of ours: the common part of every such import. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playbooks.imports.made import Made, made, named, plain, words
from playbooks.scenario import EVERYONE, KINDS, Do
from playbooks.scenario_check import NOTHING_KNOWN, Known
from severity.suggest import suggest

LATEST = 240
_ANSWER = 10  # minutes a team has for what the source gives no time for
_NOTE: Do = "note"
# First match wins; words of the expected action -> the command that shows it in the record.
_DO: tuple[tuple[str, Do], ...] = (
    (r"\b(declare|open an? incident|activate)\b", "declare"),
    (r"\b(classif|severity|triage|confirm scope)", "classify"),
    (r"\b(assign|appoint|name an? )\b", "assign"),
    (r"\b(preserve|evidence|collect|snapshot|log)\b", "evidence"),
    (r"\b(roll ?back|revert|switch off|disable|isolate|block)\b", "rollback"),
    (r"\b(publish|statement|message|notify|brief|advisory|response|tell|inform)\b", "comms"),
    (r"\b(regulator|authority|deadline|clock|notification dut)", "clock"),
    (r"\b(approve|decide|choose|set )\b", "decide"),
    (r"\b(update|escalat)", "update"),
)
_KINDS: tuple[tuple[str, str], ...] = (
    (r"news|press|journal|times|reporter|media|tv|radio", "journalist"),
    (r"regulat|authority|inspector|supervis", "regulator"),
    (r"vendor|supplier|provider|amazon|cloud", "vendor"),
    (r"monitor|alert|soc\b|siem|dashboard", "monitor"),
    (r"h4x|hack|attacker|ransom", "attacker"),
    (r"chief|ceo|cfo|board|executive|head of|director", "executive"),
    (r"customer|client|user|citizen|patient", "customer"),
)

# The source names no system; without a lever nothing could be rolled back.
_SYSTEM = {
    "id": "imported-system",
    "name": "System of the exercise",
    "owner": "model-owner",
    "tier": 1,
    "rollback_targets": [
        {"id": "switch", "kind": "openfeature", "title": "The system, on or off", "class": "disruptive"}
    ],
}


@dataclass(frozen=True)
class Expected:
    """What the source expects; what it does not say is guessed. `by` is a role's id, `within` minutes."""

    text: str
    by: str | None = None
    do: Do | None = None
    within: int | None = None


@dataclass(frozen=True)
class Event:
    """One inject of the source, with ids and roles already ours. `options` are id, label, next inject."""

    id: str
    text: str
    persona: str
    to: str = EVERYONE
    by: str | None = None  # who answers, where it goes to everyone
    at: int | None = None
    after: tuple[str, int] | None = None
    kind: str | None = None
    options: Sequence[tuple[str, str, str | None]] = ()
    expected: Sequence[Expected] = ()


@dataclass(frozen=True)
class Msel:
    """A whole source. `roles` are id -> title."""

    id: str
    title: str
    source: str
    roles: Mapping[str, str]
    events: Sequence[Event]
    minutes: int | None = None
    background: str = ""
    notes: str = ""
    assumed: list[str] = field(default_factory=list)


def scenario(msel: Msel, known: Known = NOTHING_KNOWN) -> Made:
    """The scenario, with what the source did not say listed as assumed."""
    assumed = list(msel.assumed)
    minutes = _minutes(msel, assumed)
    roles = dict(msel.roles) or {"commander": "Incident commander"}
    actions: list[dict[str, Any]] = []
    silent = not any(event.expected for event in msel.events)  # the source expects nothing in particular
    chosen = {wanted.text for event in msel.events if event.options for wanted in event.expected}
    injects = [_inject(event, roles, minutes, actions, silent, chosen) for event in msel.events]
    told = " ".join([msel.title, msel.background, *(event.text for event in msel.events)])
    classes = ([found.name for found in suggest(told[:20_000]).harm_classes] or ["H9"])[:3]
    assumed += [
        f"harm class {', '.join(classes)}, risk tier 1 and one system with a name of ours",
        "commands for the expected actions were guessed from their words; a decision without options is a note",
        "severity SEV3, since the source has no ground truth",
    ]
    value = {
        "id": named(msel.id, fallback="imported"),
        "title": words(msel.title, 120, "Imported exercise"),
        "version": 1,
        "minutes": minutes,
        "harm_classes": classes,
        "tier": 1,
        "sources": [words(msel.source, 300, "Imported")],
        "objectives": [
            {
                "id": f"objective-{name}"[:60],
                "capability": words(roles[name], 120, "Response"),
                "text": f"{words(roles[name], 120, 'The role')} answers what it is expected to answer, in time.",
            }
            for name in dict.fromkeys(action["by"] for action in actions)
        ],
        "roles": [
            {"id": name, "title": words(title, 120, "Role"), "why": "Plays in the source."}
            for name, title in roles.items()
        ],
        "systems": [_SYSTEM],
        "background": plain(msel.background) or "The source gives no background. Say who you are and what you run.",
        "opening": "Exercise control opens the exercise; the first event follows.",
        "injects": injects,
        "actions": actions,
        "facilitator": plain(msel.notes) or "The source has no notes for the facilitator.",
        "truth": {
            "cause": "The source does not say. Decide it before you play.",
            "severity": "SEV3",
            "containment": "The source does not say. Decide it before you play.",
        },
    }
    return made(value, assumed, known)


def _minutes(msel: Msel, assumed: list[str]) -> int:
    last = max((event.at or 0 for event in msel.events), default=0)
    needed = max(10, last + _ANSWER)
    if msel.minutes is None or msel.minutes < needed:
        assumed.append(f"{needed} minutes, so that the last inject can be answered")
    return min(LATEST, max(needed, msel.minutes or 0))


def _inject(
    event: Event,
    roles: Mapping[str, str],
    minutes: int,
    actions: list[dict[str, Any]],
    silent: bool,
    chosen: Collection[str],
) -> dict[str, Any]:
    expects = []
    start = event.at or (event.after[1] if event.after else 0)
    expected = [Expected(f"Decide what follows from {event.id}, and write it down.", do="note")] if silent else []
    for wanted in (*event.expected, *expected):
        text = wanted.text
        by = wanted.by or event.by or (event.to if event.to in roles else next(iter(roles)))
        if any((action["text"], action["by"]) == (words(text, 400, "Answer it."), by) for action in actions):
            continue  # expected already, after an earlier inject
        do = wanted.do or command_for(text)
        if do == "decide" and not event.options:
            if text in chosen:
                continue  # expected after a later inject, which has the options
            do = _NOTE
        name = named(f"{event.id[:24]}-{text}", [action["id"] for action in actions])
        expects.append(name)
        actions.append(
            {
                "id": name,
                "text": words(text, 400, "Answer it."),
                "by": by,
                "do": do,
                "within": max(1, min(wanted.within or _ANSWER, minutes - start)),
                "after": event.id,
                "objective": f"objective-{by}"[:60],
            }
        )
    return {
        "id": event.id,
        "at": event.at,
        "after": {"inject": event.after[0], "minutes": event.after[1]} if event.after else None,
        "persona": {
            "name": words(event.persona, 120, "Exercise control"),
            "kind": event.kind or kind_of(event.persona),
        },
        "to": event.to,
        "text": plain(event.text) if len(plain(event.text)) >= 3 else "(The source gives no text.)",
        "expects": expects,
        "options": [
            {"id": name, "label": words(label, 75, "Choice"), "next": following}
            for name, label, following in event.options
        ],
    }


def command_for(text: str) -> Do:
    """The command that an expected action speaks of; a note where nothing tells."""
    return next((do for pattern, do in _DO if re.search(pattern, text, re.IGNORECASE)), _NOTE)


def kind_of(persona: str) -> str:
    """What kind of persona a name speaks of; an engineer where nothing tells."""
    kind = next((kind for pattern, kind in _KINDS if re.search(pattern, persona, re.IGNORECASE)), "engineer")
    assert kind in KINDS
    return kind
