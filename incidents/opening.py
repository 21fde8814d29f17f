"""From what a person typed to an open incident: checks, the provisional severity, and the names outside."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from incidents import inventory, lifecycle, timeline, timers
from incidents.access import Person
from incidents.clock import now
from incidents.errors import BadInput
from incidents.lifecycle import Opening, Report
from incidents.models import Incident
from severity.explain import Situation
from severity.policy import Decision, Policy
from severity.suggest import suggest

ONGOING = ("yes", "no", "not_sure")
NOT_LISTED = "not-listed"
CHANNEL_NAME = 80  # Slack's limit
MODEL_TIMER = "model_suggestion"


def open_report(
    session: Session, payload: Mapping[str, Any], who: Person, policy: Policy, *, key: str, kind: str = "real"
) -> Incident:
    """Open the incident of one submitted report, once per `key`; of an exercise where `kind` says so.

    `payload`: `what_happened`, `system` (id or `not-listed`), `ongoing`, `private`; optional `source_url` and
    `reported_at` (Unix seconds of the message that was reported). Raises BadInput naming the field.
    """
    system_id = payload.get("system") or NOT_LISTED
    system = None
    if system_id != NOT_LISTED:
        system = inventory.find(session, str(system_id), fictional=kind == "exercise")
        if system is None:
            raise BadInput(
                "system", "This AI system is not in the inventory any more. Choose another, or “not listed”."
            )
    ongoing = str(payload.get("ongoing") or "not_sure")
    if ongoing not in ONGOING:
        raise BadInput("ongoing", f"“Still going on” is one of {', '.join(ONGOING)}.")
    answers = {"ongoing": ongoing} if ongoing != "not_sure" else {}
    description = lifecycle.check_text("what_happened", str(payload.get("what_happened") or ""))
    suggestion = suggest(description).to_json()
    decision = policy.provisional(answers, (), cues_of(suggestion))
    reported_at = payload.get("reported_at")
    report = Report(
        team_id=who.team_id,
        reporter=who.user_id,
        description=description,
        system_id=system.id if system else None,
        ongoing=ongoing,
        kind=kind,
        private=bool(payload.get("private")),
        source_url=payload.get("source_url"),
        reported_at=datetime.fromtimestamp(float(reported_at), UTC) if reported_at else None,
        invited=list(system.on_call) if system else [],
    )
    because = _with_words(policy, decision, suggestion)
    opening = Opening(str(decision.severity), decision.rule, because, decision.policy_hash, suggestion)
    return lifecycle.open_incident(session, report, opening, key=key)


@dataclass(frozen=True)
class Provisional:
    """What the policy was asked and answered when an incident was opened."""

    situation: Situation
    severity: str
    rule: str
    policy_hash: str


def provisional(session: Session, incident: Incident) -> Provisional:
    """The opening of an incident, from its timeline."""
    entries = {entry.key: entry.data for entry in timeline.entries(session, incident.id) if entry.key}
    opened = entries["severity:provisional"]
    ongoing = entries["declared"]["ongoing"]
    answers = {"ongoing": ongoing} if ongoing != "not_sure" else {}
    return Provisional(
        Situation(answers, (), cues_of(opened["suggestion"])), opened["severity"], opened["rule"], opened["policy"]
    )


def _with_words(policy: Policy, decision: Decision, suggestion: Mapping[str, Any]) -> str:
    """The decision's reason; where a cue holds it up, with the report's words that are the cue."""
    for floor in suggestion["floors"]:
        if policy.table.cues[floor["fact"]].floor.id == decision.rule:
            words = ", ".join(f"“{word}”" for word in floor["because"][:3])
            return f"{decision.because} ({words})"
    return decision.because


def let_model_read(session: Session, incident: Incident) -> None:
    """Have the report read by the language model at once, but after everything that helps people."""
    timers.set_timer(session, MODEL_TIMER, f"{MODEL_TIMER}:{incident.id}", now(), incident_id=incident.id)


def add_model_suggestion(session: Session, incident_id: int, found: Mapping[str, Any], *, model: str) -> None:
    """Keep the model's checked suggestions beside those of the words, once. They change no severity."""
    count = len(found["answers"])
    said = f"The language model suggests {count} answer{'s' if count != 1 else ''}, each with words of the report"
    if found["unavailable"]:
        said = f"The language model gave nothing ({found['unavailable']}); the suggestions come from the words alone"
    data = {"model": model, **found}
    if timeline.append(session, incident_id, "suggested", "language model", said, key=MODEL_TIMER, data=data):
        incident = lifecycle.lock(session, incident_id)
        incident.suggestion = {**incident.suggestion, "model": data}


def cues_of(suggestion: Mapping[str, Any]) -> tuple[str, ...]:
    """The floors that the report's words hold up until a person answers what each asks."""
    return tuple(str(floor["fact"]) for floor in suggestion.get("floors", ()))


def classes_of(incident: Incident) -> list[str]:
    """The harm classes of an incident: those somebody confirmed, else those its report's words suggest."""
    return list(incident.harm_classes) or [str(item["class"]) for item in incident.suggestion.get("harm_classes", ())]


def channel_name(incident: Incident) -> str:
    """`inc-<n>-<system>`: deterministic, and free of the report's words, because everybody sees channel names."""
    slug = re.sub(r"[^a-z0-9]+", "-", (incident.system_id or "ai-harm").lower()).strip("-")
    prefix = {"real": "inc", "exercise": "exercise", "test": "test"}[incident.kind]
    return f"{prefix}-{incident.id}-{slug}"[:CHANNEL_NAME].rstrip("-")
