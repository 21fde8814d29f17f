"""The life of an incident: open, acknowledge, roles, notes, updates, mitigated, resolve, reopen.

Every verb writes its record change and its timeline entry in the caller's transaction and may be called twice with the
same `key`: the second call changes nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import milestones, timeline, timers
from incidents.clock import now
from incidents.db import insert_once
from incidents.errors import BadInput, Conflict, NotFound, not_found
from incidents.models import Incident, Link, RoleAssignment

ROLES = ("commander", "communications", "scribe", "legal")
TITLE_LENGTH = 80
TEXT_LENGTH = 3000  # what one Slack text input holds


@dataclass(frozen=True)
class Report:
    """What a person says when declaring. `ongoing` is yes, no or not_sure."""

    team_id: str
    reporter: str
    description: str
    system_id: str | None
    ongoing: str
    private: bool
    kind: str = "real"
    source_url: str | None = None
    reported_at: datetime | None = None  # when the source message was written, where there is one
    invited: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Opening:
    """The provisional severity an incident opens with, and the policy that says so."""

    severity: str
    rule: str
    because: str
    policy_hash: str
    suggestion: dict[str, Any] = field(default_factory=dict)


def title_of(description: str) -> str:
    """The first line of the report that can be seen, cut at a word to fit a title."""
    line = next((" ".join(line.split()) for line in description.splitlines() if _visible(line)), "")
    if len(line) <= TITLE_LENGTH:
        return line
    return line[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def check_text(name: str, text: str) -> str:
    """The text without surrounding space and NUL; BadInput when nothing is left or it is too long."""
    cleaned = text.replace("\x00", "").strip()
    if not _visible(cleaned):
        raise BadInput(name, "This cannot be empty.")
    if len(cleaned) > TEXT_LENGTH:
        raise BadInput(
            name, f"This is {len(cleaned):,} characters long; {TEXT_LENGTH:,} fit. Shorten it and attach the rest."
        )
    return cleaned


def _visible(text: str) -> bool:
    """Whether anything of it can be seen: no control, direction or zero-width character can."""
    return any(character.isprintable() and not character.isspace() for character in text)


def open_incident(session: Session, report: Report, opening: Opening, *, key: str) -> Incident:
    """Open an incident, once per `key`. Stamps `reported`, `detected` and `declared`."""
    found = session.scalars(sa.select(Incident).where(Incident.declare_key == key)).first()
    if found is not None:
        return found
    description = check_text("what_happened", report.description)
    moment = now()
    detected = min(report.reported_at or moment, moment)
    incident = Incident(
        declare_key=key,
        team_id=report.team_id,
        kind=report.kind,
        status="open",
        title=title_of(description),
        description=description,
        system_id=report.system_id,
        reporter=report.reporter,
        private=report.private,
        invited=list(dict.fromkeys([report.reporter, *report.invited])),
        ongoing=report.ongoing,
        harm_classes=[],
        suggestion=opening.suggestion,
        severity=opening.severity,
        severity_provisional=True,
        source_url=report.source_url,
        detected_at=detected,
        declared_at=moment,
    )
    session.add(incident)
    session.flush()
    stamps = {"detected": detected, "reported": detected, "declared": moment}
    milestones.first(session, incident, stamps, source="report", actor=report.reporter)
    declared = timeline.begin(
        session,
        incident.id,
        "declared",
        report.reporter,
        description,
        key="declared",
        source_url=report.source_url,
        data={"system": report.system_id, "ongoing": report.ongoing, "private": report.private},
    )
    timeline.begin(
        session,
        incident.id,
        "severity",
        "policy",
        f"{opening.severity} provisional: {opening.because}",
        after=declared,
        key="severity:provisional",
        data={
            "severity": opening.severity,
            "rule": opening.rule,
            "provisional": True,
            "policy": opening.policy_hash,
            "suggestion": opening.suggestion,
        },
    )
    session.flush()
    return incident


def find(session: Session, team_id: str, number: str) -> Incident:
    """The incident `INC-n` (or n) of this workspace; NotFound in the same words for absent and foreign ones."""
    digits = number.strip().upper().removeprefix("INC-").removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise NotFound(
            "That is not the number of an incident, or it is not yours to see. Nothing was changed. "
            "Numbers look like INC-1; `/rai-incident list` shows them."
        )
    incident = session.get(Incident, int(digits))
    if incident is None or incident.team_id != team_id:
        raise not_found(int(digits))
    return incident


def lock(session: Session, incident_id: int) -> Incident:
    """The incident, locked for this transaction, so that two people pressing at once take turns."""
    session.flush()
    # Read anew: what this session saw before the lock may be what the other person has just changed.
    incident = session.get(Incident, incident_id, with_for_update=True, populate_existing=True)
    if incident is None:
        raise not_found(incident_id)
    return incident


def in_channel(session: Session, team_id: str, channel_id: str) -> Incident | None:
    """The incident whose channel this is."""
    query = (
        sa.select(Incident)
        .join(Link, Link.incident_id == Incident.id)
        .where(Link.kind == "channel", Link.external_id == channel_id, Incident.team_id == team_id)
    )
    return session.scalars(query).first()


def link(session: Session, incident_id: int, kind: str) -> Link | None:
    """The open outside object of one kind."""
    query = sa.select(Link).where(Link.incident_id == incident_id, Link.kind == kind, Link.closed_at.is_(None))
    return session.scalars(query).first()


def links(session: Session, incident_id: int, kind: str) -> list[Link]:
    """All outside objects of one kind, oldest first."""
    return list(session.scalars(sa.select(Link).where(Link.incident_id == incident_id, Link.kind == kind)))


def add_link(
    session: Session, incident_id: int, kind: str, *, key: str, external_id: str, name: str = "", url: str | None = None
) -> None:
    """Remember an outside object by its idempotency key, once."""
    outside = {"kind": kind, "external_id": external_id, "name": name, "url": url}
    insert_once(session, Link, unique="key", key=key, incident_id=incident_id, at=now(), **outside)


def require_live(incident: Incident) -> None:
    """Conflict unless the incident is open or mitigated."""
    if incident.status not in ("open", "mitigated"):
        raise Conflict(
            f"{incident.number} is {incident.status}, so nothing was changed. Reopen it first if the harm is back."
        )


def acknowledge(session: Session, incident: Incident, *, by: str, key: str) -> None:
    """Stamp `acknowledged`. Conflict, naming who was first, when it stands already."""
    require_live(incident)
    first = milestones.current(session, incident.id, "acknowledged")
    if first is not None:
        raise Conflict(f"<@{first.actor}> acknowledged {incident.number} already. Nothing was changed.")
    milestones.stamp(session, incident, "acknowledged", source="button", actor=by, confirmed_by=by)
    timeline.append(session, incident.id, "acknowledged", by, "Acknowledged", key=key)


def holders(session: Session, incident_id: int) -> dict[str, str]:
    """Role -> the person who holds it now."""
    query = sa.select(RoleAssignment).where(
        RoleAssignment.incident_id == incident_id, RoleAssignment.ended_at.is_(None)
    )
    return {row.role: row.user for row in session.scalars(query)}


def assign(session: Session, incident: Incident, role: str, user: str, *, by: str, key: str) -> bool:
    """Give a role to a person; the former holder's row ends. False when they hold it already."""
    require_live(incident)
    if role not in ROLES:
        raise BadInput("role", f"{role} is not a role. Known: {', '.join(ROLES)}.")
    current = session.scalars(
        sa.select(RoleAssignment).where(
            RoleAssignment.incident_id == incident.id, RoleAssignment.role == role, RoleAssignment.ended_at.is_(None)
        )
    ).first()
    if current is not None and current.user == user:
        return False
    moment = now()
    if current is not None:
        current.ended_at = moment
        session.flush()
    session.add(RoleAssignment(incident_id=incident.id, role=role, user=user, assigned_by=by, at=moment))
    before = f" (was <@{current.user}>)" if current else ""
    timeline.append(session, incident.id, "role", by, f"{role}: <@{user}>{before}", key=key, data={"role": role})
    invite(incident, user)
    return True


def invite(incident: Incident, user: str) -> None:
    """Somebody belongs to the incident from now on, also where it is private."""
    if user not in incident.invited:
        incident.invited = [*incident.invited, user]  # a new list, so that the change of the JSON column is seen


def note(
    session: Session,
    incident: Incident,
    text: str,
    *,
    by: str,
    key: str,
    at: datetime | None = None,
    source_url: str | None = None,
    author: str | None = None,
) -> bool:
    """A note on the timeline. With a pushpin reaction `author` wrote it and `by` pinned it. False when it stands."""
    data = {"pinned_by": by} if author and author != by else {}
    entry = timeline.append(
        session,
        incident.id,
        "note",
        author or by,
        check_text("note", text),
        key=key,
        at=at,
        source_url=source_url,
        data=data,
    )
    return entry is not None


def post_update(
    session: Session, incident: Incident, text: str, next_in: timedelta | None, *, by: str, key: str
) -> None:
    """A status update; `next_in` promises the next one and sets the reminder that comes when it is missed."""
    require_live(incident)
    cleaned = check_text("update", text)
    moment = now()
    timeline.append(session, incident.id, "update", by, cleaned, key=key)
    timers.cancel(session, incident.id, "update_due")
    incident.next_update_at = moment + next_in if next_in else None
    if incident.next_update_at:
        timers.set_timer(
            session, "update_due", f"update:{incident.id}:{key}", incident.next_update_at, incident_id=incident.id
        )


def propose_mitigated(session: Session, incident: Incident, *, by: str, at: datetime, because: str, key: str) -> None:
    """A verified containment proposes `mitigated` at its time; a person confirms it. Nothing while one stands."""
    if not milestones.stamp(session, incident, "mitigated", source="rollback", actor=by, at=at):
        return
    words = f"Proposed: mitigated at {at:%H:%M:%S UTC}, because {because}. A person has to confirm it."
    timeline.append(session, incident.id, "mitigated_proposed", "rollback", words, key=key, data={"at": at.isoformat()})


def mitigate(
    session: Session, incident: Incident, *, by: str, key: str, at: datetime | None = None, reason: str = ""
) -> None:
    """A person says the harm has stopped, or confirms the proposal to say so, at `at` instead of its time for a reason.

    Conflict when it was said before.
    """
    require_live(incident)
    proposal = milestones.proposed(session, incident.id, "mitigated")
    if proposal is None:
        if not milestones.stamp(session, incident, "mitigated", source="button", actor=by, at=at, confirmed_by=by):
            raise Conflict(f"{incident.number} is mitigated already. Nothing was changed.")
        words = "Mitigated: the harm has stopped"
    elif at is not None and at != proposal.at:
        reason = check_text("reason", reason)
        milestones.correct(session, incident, "mitigated", at, actor=by, reason=reason)
        words = f"Mitigated: confirmed for {at:%H:%M:%S UTC} instead of the proposed {proposal.at:%H:%M:%S UTC}"
    else:
        milestones.confirm(session, incident, "mitigated", by=by)
        words = f"Mitigated: confirmed for {proposal.at:%H:%M:%S UTC}, as proposed"
    incident.status = "mitigated"
    incident.ongoing = "no"
    timeline.append(session, incident.id, "mitigated", by, words, key=key)


def not_mitigated(session: Session, incident: Incident, words: str, *, by: str, key: str) -> None:
    """A person says that the harm goes on: the proposal is withdrawn. Conflict when none stands."""
    require_live(incident)
    words = check_text("words", words)
    if milestones.proposed(session, incident.id, "mitigated") is None:
        raise Conflict(f"Nothing proposes that {incident.number} is mitigated any more. Nothing was changed.")
    for name in ("mitigated", "verified"):
        milestones.withdraw(session, incident, name)
    incident.ongoing = "yes"
    timeline.append(session, incident.id, "mitigated_rejected", by, f"Not mitigated yet: {words}", key=key)


def missing_for_resolve(session: Session, incident: Incident, open_steps: int) -> list[str]:
    """What a careful person would still want before `resolved`, in words. Empty means nothing is missing."""
    missing = []
    if incident.onset_at is None:
        missing.append("When the harm began (onset) is not set, so time to detect is unknown.")
    if incident.acknowledged_at is None:
        missing.append("Nobody acknowledged it.")
    proposal = milestones.proposed(session, incident.id, "mitigated")
    if incident.mitigated_at is None:
        missing.append("It is not marked mitigated.")
    elif proposal is not None:
        missing.append(f"Nobody confirmed that the harm had stopped at {proposal.at:%H:%M UTC}, as proposed.")
    if incident.severity_provisional:
        missing.append("The severity is provisional: nobody confirmed a classification.")
    if "commander" not in holders(session, incident.id):
        missing.append("No commander was named.")
    if incident.unreviewed:
        missing.append("Break glass was used, and no other responder has reviewed that.")
    if open_steps:
        missing.append(f"{open_steps} runbook step{'s are' if open_steps != 1 else ' is'} still open.")
    return missing


def resolve(
    session: Session,
    incident: Incident,
    summary: str,
    *,
    by: str,
    key: str,
    missing: list[str],
    anyway: bool,
) -> None:
    """Close the response. Conflict listing what is missing, unless the person says `anyway`; that too is recorded."""
    require_live(incident)
    if incident.mitigated_at is None:
        raise Conflict(f"{incident.number} is not mitigated, so it cannot be resolved. Mark it mitigated first.")
    if missing and not anyway:
        raise Conflict("Still missing:\n" + "\n".join(f"• {line}" for line in missing))
    milestones.stamp(session, incident, "resolved", source="button", actor=by, confirmed_by=by)
    incident.status = "resolved"
    incident.next_update_at = None
    timers.cancel(session, incident.id, "update_due")
    timeline.append(
        session, incident.id, "resolved", by, check_text("summary", summary), key=key, data={"missing": missing}
    )


def reopen(session: Session, incident: Incident, reason: str, *, by: str, key: str) -> None:
    """The harm is back: the record goes on. The former stamps stay in the record, superseded."""
    if incident.status in ("open", "mitigated"):
        raise Conflict(f"{incident.number} is {incident.status} already. Nothing was changed.")
    moment = now()
    for name in ("mitigated", "verified", "resolved", "closed"):
        old = milestones.current(session, incident.id, name)
        if old is not None:
            old.superseded_at = moment
    incident.mitigated_at = incident.resolved_at = incident.closed_at = None
    incident.status = "open"
    incident.ongoing = "yes"
    timeline.append(session, incident.id, "reopened", by, check_text("reason", reason), key=key)
