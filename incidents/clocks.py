"""Running regulator clocks: proposed by the written rows, started, declined and submitted by named persons.

What a clock counts from are stamps: times that somebody has said. From them `severity.clocks` gives the reports that
are owed (read them with `clock_reading`), and from those come the timers that warn. A change of any stamp counts
everything again: warnings that no longer fit are cancelled, new ones are set, and one that was given is never given
twice.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline, timers
from incidents.clock import now
from incidents.clock_reading import (
    SUBMITTED,
    Owed,
    assumed_stamps,
    get,
    of,
    owed,
    said,
    stage_of,
    stamps_of,
    submitted_stages,
)
from incidents.errors import BadInput, Conflict, NotAllowed
from incidents.milestones import AHEAD
from incidents.models import Incident, RegulatorClock, Stamp, Timer
from severity.clocks import Clocks, Step, warnings

WARNING, WALL, PASSED = "clock_warning", "clock_wall", "clock_passed"
REASON_LENGTH = 1000


def require_decider(session: Session, incident: Incident, user: str) -> None:
    """Declining and submitting bind the organisation: the legal role or the commander; anybody while nobody is legal.

    Whether `user` may respond at all has been asked before (incidents/access.py).
    """
    holders = lifecycle.holders(session, incident.id)
    legal = holders.get("legal")
    if legal is not None and user not in (legal, holders.get("commander")):
        raise NotAllowed(
            f"Only the legal role (<@{legal}>) or the commander can decide this. Nothing was changed; ask one of them."
        )


def propose_for(
    session: Session,
    incident: Incident,
    clocks: Clocks,
    *,
    regimes: Collection[str],
    answers: Mapping[str, str],
    at: datetime,
) -> list[RegulatorClock]:
    """Propose what may apply at `at` and was not proposed before; the new ones. A second call proposes nothing.

    A decision that somebody took stands. A proposal nobody has decided yet moves to a stricter report when new answers
    ask for one, never to a milder one.
    """
    proposals = clocks.propose(regimes, incident.harm_classes, answers, at)
    known = {row.clock: row for row in of(session, incident.id)} if proposals else {}
    new = []
    for proposal in proposals:
        row = known.get(proposal.clock.id)
        if row is None:
            row = RegulatorClock(
                incident_id=incident.id,
                clock=proposal.clock.id,
                stage=proposal.stage.id,
                state="proposed",
                because=proposal.because,
                proposed_at=now(),
            )
            session.add(row)
            session.flush()
            new.append(row)
        elif row.state == "proposed" and proposal.stage.seconds < stage_of(proposal.clock, row.stage).seconds:
            row.stage, row.because = proposal.stage.id, proposal.because
        else:
            continue
        _write(
            session,
            row,
            "policy",
            f"{proposal.clock.title} ({proposal.stage.title.lower()}) {proposal.because}."
            f" Source: {proposal.clock.source}",
            key=f"clock:{row.id}:proposed:{row.stage}",
        )
        _arm(session, incident, row, clocks)
    return new


def start(
    session: Session,
    incident: Incident,
    clocks: Clocks,
    clock_id: int,
    *,
    stamps: Mapping[str, datetime],
    by: str,
    key: str,
    stage: str | None = None,
) -> RegulatorClock:
    """A named person says that the duty applies, and when what it counts from happened.

    `stamps` are the times said now (stamp id -> when); what was stamped before holds. `stage` is which first report.
    Raises BadInput for an impossible time, Conflict when somebody decided before.
    """
    row = get(session, incident, clock_id)
    if row.state in ("running", "submitted"):
        raise Conflict(f"<@{row.decided_by}> started this clock already. Nothing was changed.")
    clock = clocks.clock(row.clock)
    chosen = stage_of(clock, stage or row.stage)
    if chosen.step is not Step.INITIAL:
        raise BadInput("stage", f"{chosen.title} is not a first report of this clock.")
    before, row.stage = row.state, chosen.id
    row.state, row.decided_by, row.decided_at, row.declined_reason = "running", by, now(), None
    words = f"Started {clock.title} ({chosen.title.lower()})"
    if before == "declined":
        words += ", which had been declined"
    _write(session, row, by, f"{words}. {_counted_from(stamps)}Source: {clock.source}", key=key)
    for name, moment in stamps.items():
        _say(session, incident, clocks, name, moment, by=by, key=f"{key}:{name}")
    _count_again(session, incident, clocks)
    return row


def decline(
    session: Session, incident: Incident, clocks: Clocks, clock_id: int, reason: str, *, by: str, key: str
) -> RegulatorClock:
    """A named person says, with a reason, that the duty does not apply (any more)."""
    row = get(session, incident, clock_id)
    if row.state == "declined":
        raise Conflict(f"<@{row.decided_by}> said already that it does not apply. Nothing was changed.")
    require_decider(session, incident, by)
    words = lifecycle.check_text("reason", reason)[:REASON_LENGTH]
    row.state, row.decided_by, row.decided_at, row.declined_reason = "declined", by, now(), words
    _write(session, row, by, f"{clocks.clock(row.clock).title} does not apply: {words}", key=key)
    _arm(session, incident, row, clocks)
    return row


def mark_submitted(
    session: Session,
    incident: Incident,
    clocks: Clocks,
    clock_id: int,
    stage: str,
    *,
    at: datetime,
    by: str,
    key: str,
    reference: str = "",
) -> RegulatorClock:
    """A named person says that one report was sent at `at`; `reference` is what the authority calls it.

    Submitting a clock that nobody has started starts it. The clock ends when no report can be owed any more.
    """
    row = get(session, incident, clock_id)
    require_decider(session, incident, by)
    clock = clocks.clock(row.clock)
    sent = stage_of(clock, stage)
    if row.state == "declined":
        raise Conflict("Somebody said that this duty does not apply. Start the clock first. Nothing was changed.")
    if sent.id in submitted_stages(session, row) and not sent.repeats:
        raise Conflict(f"{sent.title} is marked submitted already. Nothing was changed.")
    _check_time("at", at)
    if sent.step is Step.INITIAL:
        row.stage = sent.id
    if row.state == "proposed":
        row.decided_by, row.decided_at = by, now()
    row.state = "running"
    session.add(
        Stamp(
            incident_id=incident.id,
            clock_id=row.id,
            name=SUBMITTED[sent.step],
            stage=sent.id,
            at=at,
            recorded_at=now(),
            actor=by,
        )
    )
    named = f" Reference: {reference.strip()[:200]}." if reference.strip() else ""
    _write(
        session,
        row,
        by,
        f"{clock.title}: {sent.title.lower()} submitted to the {clock.recipient}.{named}",
        key=key,
        at=at,
    )
    if not owed(session, incident, clocks, row):
        row.state = "submitted"
    _arm(session, incident, row, clocks)
    return row


def stamp(session: Session, incident: Incident, clocks: Clocks, name: str, at: datetime, *, by: str, key: str) -> None:
    """A named person says when something happened that clocks count from; everything is counted again."""
    _say(session, incident, clocks, name, at, by=by, key=key)
    _count_again(session, incident, clocks)


def recount(session: Session, incident: Incident, clocks: Clocks) -> None:
    """Count all clocks again: a milestone that they count from (detected, resolved) has moved."""
    _count_again(session, incident, clocks)


def _say(session: Session, incident: Incident, clocks: Clocks, name: str, at: datetime, *, by: str, key: str) -> None:
    if name not in clocks.stamps or name in SUBMITTED.values():
        raise BadInput("stamp", f"{name} is not a stamp. Known: {', '.join(clocks.stamps)}.")
    _check_time(name, at)
    moment = at.astimezone(UTC)
    before = stamps_of(session, incident).get(name)
    if before == moment and any(each.name == name for each in said(session, incident.id)):
        return
    session.add(Stamp(incident_id=incident.id, name=name, at=moment, recorded_at=now(), actor=by))
    session.flush()
    was = f" (was {before:%Y-%m-%d %H:%M} UTC)" if before and before != moment else ""
    timeline.append(
        session,
        incident.id,
        "stamp",
        by,
        f"{clocks.stamps[name]}: {moment:%Y-%m-%d %H:%M} UTC{was}",
        key=key,
        at=moment,
        data={"stamp": name},
    )


def _count_again(session: Session, incident: Incident, clocks: Clocks) -> None:
    for row in of(session, incident.id):
        if row.state == "submitted" and owed(session, incident, clocks, row):
            row.state = "running"  # a reopened incident owes its repeating report again
        elif row.state == "running" and not owed(session, incident, clocks, row):
            row.state = "submitted"
        _arm(session, incident, row, clocks)


def _arm(session: Session, incident: Incident, row: RegulatorClock, clocks: Clocks) -> None:
    """Write what is due next on the row, and make the waiting timers exactly those that follow from it."""
    open_reports = owed(session, incident, clocks, row) if row.state in ("proposed", "running") else []
    due = next((each.due for each in open_reports if each.due is not None), None) if row.state == "running" else None
    row.due_stage = due.stage.id if due else None
    row.start_at = due.start if due else None
    row.conservative_at, row.outer_at = (due.conservative, due.outer) if due else (None, None)
    session.flush()
    wanted = {timer.key: timer for timer in _wanted(session, incident, row, clocks, open_reports)}
    waiting = sa.select(Timer).where(
        Timer.incident_id == incident.id, Timer.key.startswith(f"clock:{row.id}:", autoescape=True)
    )
    for timer in session.scalars(waiting).all():
        keep = wanted.pop(timer.key, None)
        if timer.fired_at is None:
            timer.cancelled_at = None if keep else timer.cancelled_at or now()
    for each in wanted.values():
        timers.set_timer(session, each.kind, each.key, each.due_at, incident_id=incident.id, payload=each.payload)


@dataclass(frozen=True)
class _Wanted:
    kind: str
    key: str
    due_at: datetime
    payload: dict[str, str | int]


def _wanted(
    session: Session, incident: Incident, row: RegulatorClock, clocks: Clocks, reports: Iterable[Owed]
) -> Iterable[_Wanted]:
    """The timers of one clock. Of warnings that are past already only the last is given: it says it all."""

    def timer(kind: str, at: datetime, stage: str, limit: datetime, because: str) -> _Wanted:
        key = f"clock:{row.id}:{stage}:{kind}:{int(limit.timestamp())}:{int(at.timestamp())}"
        return _Wanted(kind, key, at, {"clock": row.id, "stage": stage, "because": because})

    moment = now()
    reports = list(reports)
    # A wall runs whether or not anybody has decided: that nobody did is exactly what it must alarm about.
    walled = {}
    for wall in clocks.walls(row.clock, assumed_stamps(session, incident, row)):
        if wall.waiting_for and any(report.stage.id == wall.stage.id for report in reports):
            walled[wall.stage.id] = wall.at
            yield timer(WALL, wall.at.astimezone(UTC), wall.stage.id, wall.at, "")
    for report in reports:
        due = report.due
        if row.state != "running" or due is None or due.conservative is None:
            continue
        end = due.conservative.astimezone(UTC)
        if moment < end:
            warned = warnings(due, due.start)
            past = [each for each in warned if each.at <= moment]
            for each in [*past[-1:], *(each for each in warned if each.at > moment)]:
                yield timer(WARNING, each.at, report.stage.id, end, each.because)
        if walled.get(report.stage.id) != due.conservative:  # else the wall's alarm says it
            yield timer(PASSED, end, report.stage.id, end, "")


def _write(session: Session, row: RegulatorClock, by: str, text: str, *, key: str, at: datetime | None = None) -> None:
    session.flush()
    timeline.append(
        session,
        row.incident_id,
        "clock",
        by,
        text,
        key=key,
        at=at,
        data={"clock": row.clock, "stage": row.stage, "state": row.state},
    )


def _check_time(name: str, at: datetime) -> None:
    if at.tzinfo is None:
        raise BadInput(name, "This time has no UTC offset.")
    if at > now() + AHEAD:
        raise BadInput(name, "This time is in the future.")


def _counted_from(stamps: Mapping[str, datetime]) -> str:
    if not stamps:
        return ""
    times = (f"{name.replace('_', ' ')} {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for name, moment in stamps.items())
    return f"Counted from {', '.join(times)}. "
