"""From what a person typed to an open incident: checks, the provisional severity, and the names outside."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from incidents import inventory, lifecycle
from incidents.access import Person
from incidents.errors import BadInput
from incidents.lifecycle import Opening, Report
from incidents.models import Incident
from severity.policy import Policy
from severity.suggest import suggest

ONGOING = ("yes", "no", "not_sure")
NOT_LISTED = "not-listed"
CHANNEL_NAME = 80  # Slack's limit


def open_report(session: Session, payload: Mapping[str, Any], who: Person, policy: Policy, *, key: str) -> Incident:
    """Open the incident of one submitted report, once per `key`.

    `payload`: `what_happened`, `system` (id or `not-listed`), `ongoing`, `private`; optional `source_url` and
    `reported_at` (Unix seconds of the message that was reported). Raises BadInput naming the field.
    """
    system_id = payload.get("system") or NOT_LISTED
    system = None
    if system_id != NOT_LISTED:
        system = inventory.find(session, str(system_id))
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
        private=bool(payload.get("private")),
        source_url=payload.get("source_url"),
        reported_at=datetime.fromtimestamp(float(reported_at), UTC) if reported_at else None,
        invited=list(system.on_call) if system else [],
    )
    opening = Opening(str(decision.severity), decision.rule, decision.because, decision.policy_hash, suggestion)
    return lifecycle.open_incident(session, report, opening, key=key)


def cues_of(suggestion: Mapping[str, Any]) -> tuple[str, ...]:
    """The floors that the report's words hold up until a person answers what each asks."""
    return tuple(str(floor["fact"]) for floor in suggestion.get("floors", ()))


def channel_name(incident: Incident) -> str:
    """`inc-<n>-<system>`: deterministic, and free of the report's words, because everybody sees channel names."""
    slug = re.sub(r"[^a-z0-9]+", "-", (incident.system_id or "ai-harm").lower()).strip("-")
    prefix = {"real": "inc", "exercise": "exercise", "test": "test"}[incident.kind]
    return f"{prefix}-{incident.id}-{slug}"[:CHANNEL_NAME].rstrip("-")
