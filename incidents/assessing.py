"""Assessments: one run of the severity policy each, proposed by the policy and decided by a named person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.clock import now
from incidents.errors import BadInput, Conflict
from incidents.models import Assessment, Incident
from incidents.opening import cues_of
from severity.explain import Past, Situation


@dataclass(frozen=True)
class Result:
    """What the policy answered, as plain values."""

    severity: str
    rule: str
    because: str
    floor: str | None
    materialised: bool
    policy_hash: str


def propose(
    session: Session,
    incident: Incident,
    result: Result,
    *,
    harm_classes: Sequence[str],
    answers: Mapping[str, str],
    by: str,
    key: str,
) -> Assessment:
    """Save what the policy says of these answers; nothing is in force until somebody confirms it."""
    lifecycle.require_live(incident)
    for waiting in _in_state(session, incident.id, "proposed"):
        waiting.state = "superseded"
    row = Assessment(
        incident_id=incident.id,
        at=now(),
        by=by,
        state="proposed",
        harm_classes=list(harm_classes),
        answers=dict(answers),
        computed_severity=result.severity,
        severity=result.severity,
        rule=result.rule,
        because=result.because,
        floor=result.floor,
        materialised=result.materialised,
        policy_hash=result.policy_hash,
    )
    session.add(row)
    session.flush()
    timeline.append(
        session,
        incident.id,
        "assessed",
        by,
        f"Answers give {result.severity}: {result.because}",
        key=key,
        data={"assessment": row.id, "rule": result.rule, "policy": result.policy_hash, "answers": dict(answers)},
    )
    return row


@dataclass(frozen=True)
class Confirmation:
    """What confirming did: the severity before and after, and whether a second person is still awaited."""

    before: str
    after: str
    waiting_for_second: bool

    @property
    def raised(self) -> bool:
        """Whether the severity in force became worse."""
        return self.after < self.before  # SEV0 is the worst and sorts first


def confirm(
    session: Session,
    incident: Incident,
    assessment_id: int,
    *,
    by: str,
    key: str,
    override: str | None = None,
    reason: str | None = None,
) -> Confirmation:
    """Put an assessment in force under the name of `by`.

    `override` sets another severity and needs a reason; one milder than the floor waits for a second person
    (DESIGN.md, severity floors), who calls `second`.
    """
    lifecycle.require_live(incident)
    row = _waiting(session, incident.id, assessment_id)
    target = override or row.computed_severity
    words = (reason or "").strip()[:1000] if target != row.computed_severity else None
    if words == "":
        raise BadInput("reason", "An override needs a reason: the next reader will ask.")
    if words and row.confirmed_by is not None:
        # A second person agrees to what they were shown; it must not become something else meanwhile.
        raise Conflict(
            f"<@{row.confirmed_by}> asked for {row.severity} already, and it waits for a second person. Nothing was "
            "changed; agree to that, or answer the rubric again."
        )
    row.severity, row.override_reason = target, words
    row.confirmed_by, row.confirmed_at = by, now()
    if row.floor is not None and target > row.floor:
        session.flush()
        timeline.append(
            session,
            incident.id,
            "severity",
            by,
            f"Asks to lower to {target}, below the floor {row.floor}: {row.override_reason}."
            " A second person must agree.",
            key=key,
        )
        return Confirmation(incident.severity, incident.severity, waiting_for_second=True)
    return _in_force(session, incident, row, by=by, key=key)


def second(session: Session, incident: Incident, assessment_id: int, *, by: str, key: str) -> Confirmation:
    """The second person's agreement to go below a floor. The first person cannot give it."""
    lifecycle.require_live(incident)
    row = _waiting(session, incident.id, assessment_id)
    if row.confirmed_by is None:
        raise Conflict("Nobody has asked for this override yet. Nothing was changed.")
    if row.confirmed_by == by:
        raise Conflict("You asked for this override, so somebody else has to agree. Nothing was changed.")
    row.second_by = by
    return _in_force(session, incident, row, by=row.confirmed_by, key=key)


def latest(session: Session, incident_id: int, state: str) -> Assessment | None:
    """The newest assessment in one state."""
    query = (
        sa.select(Assessment)
        .where(Assessment.incident_id == incident_id, Assessment.state == state)
        .order_by(Assessment.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def past(session: Session, limit: int | None = None) -> list[tuple[Incident, Past]]:
    """Every assessment of a real incident that somebody decided on, as the policy was given it: the newest `limit`,
    in order."""
    query = (
        sa.select(Assessment, Incident)
        .join(Incident, Incident.id == Assessment.incident_id)
        .where(Assessment.confirmed_by.is_not(None), Incident.kind == "real")
        .order_by(Assessment.id.desc())
        .limit(limit)
    )
    return [
        (incident, Past(f"{incident.number} assessment {row.id}", situation_of(incident, row)))
        for row, incident in reversed(session.execute(query).all())
    ]


def situation_of(incident: Incident, row: Assessment) -> Situation:
    """What the policy was asked when it answered this assessment."""
    return Situation(row.answers, row.harm_classes, cues_of(incident.suggestion))


def get(session: Session, assessment_id: int) -> Assessment:
    """One assessment by id."""
    return session.get_one(Assessment, assessment_id)


def _in_state(session: Session, incident_id: int, state: str) -> Sequence[Assessment]:
    query = sa.select(Assessment).where(Assessment.incident_id == incident_id, Assessment.state == state)
    return session.scalars(query).all()


def _waiting(session: Session, incident_id: int, assessment_id: int) -> Assessment:
    row = session.get(Assessment, assessment_id, with_for_update=True)
    if row is None or row.incident_id != incident_id or row.state not in ("proposed", "confirmed"):
        raise Conflict("These answers were replaced by newer ones. Nothing was changed; look at the card again.")
    if row.state == "confirmed":
        raise Conflict(f"<@{row.confirmed_by}> confirmed this already. Nothing was changed.")
    return row


def _in_force(session: Session, incident: Incident, row: Assessment, *, by: str, key: str) -> Confirmation:
    for old in _in_state(session, incident.id, "confirmed"):
        old.state = "superseded"
    before = incident.severity
    row.state = "confirmed"
    incident.severity = row.severity
    incident.severity_provisional = False
    incident.harm_classes = row.harm_classes
    if row.answers.get("ongoing") in ("yes", "no"):
        incident.ongoing = row.answers["ongoing"]
    session.flush()
    data: dict[str, Any] = {"severity": row.severity, "before": before, "rule": row.rule, "policy": row.policy_hash}
    text = f"{row.severity} confirmed: {row.because}"
    if row.override_reason:
        text = f"{row.severity} set instead of {row.computed_severity}: {row.override_reason}"
        data["second"] = row.second_by
    timeline.append(session, incident.id, "severity", by, text, key=key, data=data)
    return Confirmation(before, row.severity, waiting_for_second=False)
