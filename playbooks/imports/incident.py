"""A closed incident as an exercise: its timeline in relative minutes, its people as roles, its ground truth kept.

What was learned (the report, notes) becomes an inject; what was done becomes an expected action after it.
Ids, addresses, numbers and everything `integrations.redact` finds are replaced. Names in running text have no shape: a
person reads the draft before anybody else does.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import inventory, timeline
from incidents.errors import Conflict
from incidents.models import Incident, RegulatorClock, TimelineEntry
from integrations.redact import redact
from playbooks.imports.made import Made, made, named, plain, refused, words
from playbooks.scenario import Do
from playbooks.scenario_check import NOTHING_KNOWN, Known

CLOSED = ("resolved", "closed")
SYSTEM = "the AI system"
LONGEST = 70  # minutes of injects; a longer incident is pressed into them
_LEARNED = ("declared", "note", "reopened")
_DONE: Mapping[str, tuple[Do, str]] = {
    "acknowledged": ("acknowledge", "Acknowledge the page."),
    "severity": ("classify", "Classify it."),  # by a person: the provisional one is the policy's
    "role": ("assign", "Give the roles to people."),
    "runbook": ("contain", "Start containment by a runbook."),
    "step": ("step", "Take the steps of the runbook, evidence first."),
    "rollback": ("rollback", "Roll back what does the harm, after the state is saved."),
    "update": ("update", "Tell everybody where it stands."),
    "comms": ("comms", "Tell those outside who have to know."),
    "clock": ("clock", "Decide about the regulator's clock."),
    "mitigated": ("mitigated", "Say that the harm has stopped, and how one sees it."),
    "resolved": ("resolve", "Resolve it with what is missing named."),
}
_ROLES = {
    "commander": ("Incident commander", "Decides."),
    "on-call": ("On-call engineer", "Holds the levers."),
    "communications": ("Communications", "Speaks to those outside."),
    "scribe": ("Scribe", "Keeps the times."),
    "legal": ("Legal", "Judges the clocks."),
}
_BY: Mapping[Do, str] = {"acknowledge": "on-call", "rollback": "on-call", "comms": "communications", "clock": "legal"}


def from_incident(session: Session, incident: Incident, known: Known = NOTHING_KNOWN) -> Made:
    """A scenario from a resolved or closed incident. Raises Conflict while it is open: its truth is not known yet."""
    if incident.status not in CLOSED:
        raise Conflict(
            f"{incident.number} is {incident.status}. A scenario needs an incident that is resolved or closed, because"
            " its ground truth must be known. Nothing was written."
        )
    entries = [
        entry
        for entry in timeline.entries(session, incident.id)
        if entry.kind in (*_LEARNED, *_DONE) and entry.actor != "policy"
    ]
    mask = _Mask(session, incident)
    learned = [entry for entry in entries if entry.kind in _LEARNED]
    if len(learned) < 2:
        return refused("its timeline holds no notes beside the report: there is nothing to send as injects")
    injects, actions = _msel(entries, incident.declared_at, mask)
    tested = dict.fromkeys(action["objective"] for action in actions)
    objectives = {
        "respond": ("Response", "Do what the incident asked for, sooner or better than then."),
        "judge": ("Severity and legal triggers", "Classify, and have a named person decide about each clock."),
    }
    last = max([inject["at"] for inject in injects], default=0)
    value: dict[str, Any] = {
        "id": named(f"from-incident-{incident.id}"),
        "title": words(mask(incident.title), 120, "From an incident"),
        "version": 1,
        "minutes": last + 20,
        "harm_classes": incident.harm_classes or ["H10"],
        "tier": _tier(session, incident),
        "sources": ["A closed incident of our own, names and data replaced"],
        "objectives": [{"id": name, "capability": objectives[name][0], "text": objectives[name][1]} for name in tested],
        "roles": [{"id": name, "title": title, "why": why} for name, (title, why) in _ROLES.items()],
        "systems": [_system(session, incident)],
        "background": "Say here who you are and what the system does; the record of the incident does not.",
        "opening": injects[0]["text"],
        "injects": injects,
        "actions": actions,
        "discussion": [
            "What did we know at minute ten that the people of then did not?",
            "Which decision of then would you defend today?",
        ],
        "hot_wash": ["What has changed since the incident, and what only on paper?"],
        "facilitator": (
            "Made from a closed incident. Before you use it, read every line aloud: no machine finds every name in"
            " running text. If people who were there play, give them other roles than they had."
        ),
        "truth": _truth(session, incident, mask, entries),
    }
    assumed = [
        "names and other data without a shape are still in the texts: read every line before you pass it on",
        "the background is empty, since the record does not hold it",
    ]
    if incident.private:
        assumed.insert(
            0, "the incident is private: the file is not. Keep it where only those may read it who may see it"
        )
    return made(value, assumed, known)


def _msel(entries: list[TimelineEntry], start: datetime, mask: "_Mask") -> tuple[list[Any], list[Any]]:
    """Injects and the actions after them. Times keep their order and their share of the whole."""
    span = max((entry.at - start).total_seconds() / 60 for entry in entries)
    factor = min(1.0, LONGEST / span) if span > 0 else 1.0
    injects: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.seq)):
        minute = max(0, round((entry.at - start).total_seconds() / 60 * factor))
        if entry.kind in _LEARNED:
            text = mask(entry.text)
            injects.append(
                {
                    "id": f"{entry.kind}-{len(injects) + 1}",
                    "at": minute,
                    "persona": {
                        "name": mask.who(entry.actor),
                        "kind": "engineer",
                    },
                    "text": text if len(text) >= 3 else "(no words were kept)",
                    "expects": [],
                }
            )
        elif injects:
            do, text = _DONE[entry.kind]
            if any(action["do"] == do for action in actions):
                continue  # once is what an exercise asks for
            cause = injects[-1]
            name = named(do, [action["id"] for action in actions])
            cause["expects"].append(name)
            actions.append(
                {
                    "id": name,
                    "text": text,
                    "by": _BY.get(do, "commander"),
                    "do": do,
                    "within": min(20, max(5, minute - cause["at"] + 3)),
                    "after": cause["id"],
                    "objective": "judge" if do in ("classify", "clock") else "respond",
                }
            )
    if not actions:
        injects[0]["expects"].append("declare")
        actions.append(
            {
                "id": "declare",
                "text": "Declare it.",
                "by": "commander",
                "do": "declare",
                "within": 10,
                "after": injects[0]["id"],
                "objective": "respond",
            }
        )
    return injects, actions


def _truth(session: Session, incident: Incident, mask: "_Mask", entries: list[TimelineEntry]) -> dict[str, Any]:
    confirmed = [row for row in incident.assessments if row.state in ("confirmed", "superseded") and row.confirmed_by]
    answers = confirmed[-1].answers if confirmed else {}
    clocks = session.scalars(
        sa.select(RegulatorClock.clock)
        .where(RegulatorClock.incident_id == incident.id, RegulatorClock.state.in_(("running", "submitted")))
        .order_by(RegulatorClock.clock)
    ).all()
    found = [mask(entry.text) for entry in entries if entry.kind == "resolved"]  # the summary of who resolved it
    did = [mask(entry.text) for entry in entries if entry.kind in ("rollback", "mitigated")]
    return {
        "cause": plain("\n\n".join([mask(incident.description), *found])),
        "severity": incident.severity,
        "facts": {name: answer for name, answer in answers.items() if isinstance(answer, str)},
        "clocks": list(clocks),
        "containment": plain(" ".join(did)) if did else "The record does not say what stopped it.",
    }


def _system(session: Session, incident: Incident) -> dict[str, Any]:
    entry = inventory.find(session, incident.system_id)
    return {
        "id": "the-ai-system",
        "name": "The AI system",
        "owner": "model-owner",
        "tier": _tier(session, incident),
        "data_classes": list(entry.data_classes) if entry else [],
        "regimes": list(entry.regimes) if entry else [],
        "rollback_targets": [
            {"id": named(target.id), "kind": target.kind, "title": target.id[:75], "class": target.action_class}
            for target in (entry.rollback_targets if entry else ())
        ],
    }


def _tier(session: Session, incident: Incident) -> int:
    entry = inventory.find(session, incident.system_id)
    return entry.tier if entry and entry.tier is not None else 1


class _Mask:
    """Takes out of a text what can be recognised: people, the system, addresses, numbers."""

    def __init__(self, session: Session, incident: Incident) -> None:
        self._roles = {row.user: _ROLES.get(row.role, ("A colleague", ""))[0] for row in incident.roles}
        entry = inventory.find(session, incident.system_id)
        names = [name for name in (incident.system_id, entry.name if entry else None) if name]
        self._names = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE) for name in names]

    def who(self, user: str) -> str:
        """The role somebody had; `A colleague` for anybody else, a machine by its word."""
        if re.fullmatch(r"[UW][A-Z0-9]{2,20}", user):
            return self._roles.get(user, "A colleague")
        return words(user, 60, "Somebody").capitalize()

    def __call__(self, text: str) -> str:
        text = redact(text)
        text = re.sub(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>", lambda match: self.who(match[1]).lower(), text)
        text = re.sub(r"<#[CG][A-Z0-9]+(?:\|[^>]*)?>|(?<!\w)#[a-z0-9][a-z0-9_-]{2,79}", "(channel)", text)
        text = re.sub(r"<?https?://[^\s>]+>?", "(link removed)", text)
        text = re.sub(r"\bINC-\d+\b", "(incident)", text)
        for name in self._names:
            text = name.sub(SYSTEM, text)
        text = re.sub(r"(?<![\w.:%-])\d{5,}(?![\w%])", "(number)", text)
        text = plain(text)
        return text[:1].upper() + text[1:]
