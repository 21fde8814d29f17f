"""Reading regulator clocks: what was stamped, which reports are owed from it, and when. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents.errors import BadInput, NotFound
from incidents.models import Incident, RegulatorClock, Stamp, Timer
from severity.clocks import Clock, Clocks, Due, Stage, Step

SUBMITTED = {step: f"{step.value}_submitted" for step in Step}
# Where nobody has stamped one of these, the first moment anybody noticed is the careful guess that a form offers.
NOTICED = ("awareness", "detection", "identification", "discovery", "determination", "reasonable_belief")


@dataclass(frozen=True)
class Owed:
    """One report of one clock that has not been submitted. `due` is None while the stamp it starts at is missing."""

    row: RegulatorClock
    stage: Stage
    due: Due | None

    @property
    def waits_for(self) -> str | None:
        """The stamp without which no due time can be said."""
        return self.stage.starts_at if self.due is None else None


def of(session: Session, incident_id: int) -> list[RegulatorClock]:
    """All clocks of an incident in the order they were proposed."""
    query = sa.select(RegulatorClock).where(RegulatorClock.incident_id == incident_id).order_by(RegulatorClock.id)
    return list(session.scalars(query))


def get(session: Session, incident: Incident, clock_id: int, *, lock: bool = True) -> RegulatorClock:
    """One clock of this incident. NotFound in the same words for absent and foreign ones."""
    row = session.get(RegulatorClock, clock_id, with_for_update=lock or None)
    if row is None or row.incident_id != incident.id:
        raise NotFound("That clock does not belong to this incident. Nothing was changed.")
    return row


def stage_of(clock: Clock, stage_id: str) -> Stage:
    """One report of a clock. Raises BadInput for a name it does not have."""
    for stage in clock.stages:
        if stage.id == stage_id:
            return stage
    raise BadInput("stage", f"{clock.title} has no report {stage_id!r:.60}.")


def stamps_of(session: Session, incident: Incident, row: RegulatorClock | None = None) -> dict[str, datetime]:
    """Stamp id -> when, as it stands now; with `row`, its own submissions too.

    The incident's milestones serve where nobody has stamped the same thing for the clocks.
    """
    milestones = {
        "occurrence": incident.onset_at,
        "detection": incident.detected_at,
        "resolved": incident.resolved_at,
    }
    found = {name: moment for name, moment in milestones.items() if moment is not None}
    query = sa.select(Stamp).where(Stamp.incident_id == incident.id).order_by(Stamp.id)
    for said in session.scalars(query):
        if said.clock_id is None or (row is not None and said.clock_id == row.id):
            found[said.name] = said.at
    return found


def assumed_stamps(session: Session, incident: Incident, row: RegulatorClock | None = None) -> dict[str, datetime]:
    """The stamps, with the first moment anybody noticed in place of awareness that nobody has stamped.

    For proposals and forms only: it never starts a clock, it says how soon it would be due on the careful reading.
    """
    stamps = stamps_of(session, incident, row)
    noticed = incident.detected_at or incident.declared_at
    return {**dict.fromkeys(NOTICED, noticed), **stamps}


def said(session: Session, incident_id: int) -> list[Stamp]:
    """Every stamp that a person said, in order."""
    return list(session.scalars(sa.select(Stamp).where(Stamp.incident_id == incident_id).order_by(Stamp.id)))


def submitted_stages(session: Session, row: RegulatorClock) -> set[str]:
    """The reports of this clock that were sent."""
    query = sa.select(Stamp.stage).where(Stamp.clock_id == row.id)
    return {stage for stage in session.scalars(query) if stage is not None}


def owed(
    session: Session,
    incident: Incident,
    clocks: Clocks,
    row: RegulatorClock,
    stamps: Mapping[str, datetime] | None = None,
) -> list[Owed]:
    """The reports of a clock that are still to come, the soonest first, those without a due time last.

    `stamps` are other times to count from than those of the record (`assumed_stamps`, before anybody has decided).

    Of several first reports the chosen one counts. A report that repeats is owed until the incident is resolved. One
    final report is enough where the law has alternatives.
    """
    clock = clocks.clock(row.clock)
    sent = submitted_stages(session, row)
    stamps = stamps_of(session, incident, row) if stamps is None else stamps
    final_sent = any(stage.step is Step.FINAL and stage.id in sent for stage in clock.stages)
    found = []
    for stage in clock.stages:
        if stage.step is Step.INITIAL:
            over = stage.id != row.stage or stage.id in sent
        elif stage.repeats:
            over = "resolved" in stamps or final_sent
        else:
            over = stage.id in sent or (stage.step is Step.FINAL and final_sent)
        if not over:
            found.append(Owed(row, stage, clocks.due_from(clock.id, stamps, stage.id)))
    return sorted(found, key=_soonest)


def counts_from(clock: Clock, stage_id: str) -> list[str]:
    """The stamps that a report counts from, in the order a form asks for them: the wall's first."""
    stage = stage_of(clock, stage_id)
    names = [stage.wall.starts_at] if stage.wall else []
    return list(dict.fromkeys([*names, stage.starts_at]))


def still_due(session: Session, incident: Incident, clocks: Clocks, timer: Timer) -> Owed | None:
    """The report a fired timer speaks of, or None when it was sent, declined or counted anew meanwhile."""
    row = session.get(RegulatorClock, int(timer.payload["clock"]))
    if row is None or row.state in ("declined", "submitted"):
        return None
    wanted = timer.payload["stage"]
    return next((each for each in owed(session, incident, clocks, row) if each.stage.id == wanted), None)


def _soonest(report: Owed) -> tuple[bool, float]:
    when = report.due.conservative if report.due else None
    # "Immediately" has no time and comes before everything that has one.
    return report.due is None, when.timestamp() if when else 0.0
