"""Incidents of exactly the shape a test needs, and the digest of a record."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.digest.assemble import Rules, assemble
from bot.digest.value import Audience, Digest, Pointer
from incidents.digest_rows import Scope
from incidents.models import Incident
from incidents.periods import Period
from playbooks.models import Exercise, ExerciseRating
from playbooks.programme import load_rules
from playbooks.scenario import load_scenarios
from severity.policy import load_policy

TEAM = "T0SANDBOX1"
WEEK = Period(date(2026, 11, 9), date(2026, 11, 16), "UTC", "weekly")
AS_OF = datetime(2026, 11, 16, 9, tzinfo=UTC)
PROGRAMME, SCENARIOS = load_rules(), load_scenarios()
WEIGHTS = {"SEV0": 16, "SEV1": 8, "SEV2": 4, "SEV3": 2, "SEV4": 1}


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def add(session: Session, declared: datetime, severity: str = "SEV3", **more: Any) -> Incident:
    """One incident, closed unless said otherwise."""
    values: dict[str, Any] = {
        "declare_key": f"test:{session.query(Incident).count()}",
        "team_id": TEAM,
        "kind": "real",
        "status": "closed",
        "title": "It showed somebody else's order",
        "description": "It showed somebody else's order",
        "reporter": "U0SUPPORT1",
        "private": False,
        "invited": [],
        "ongoing": "no",
        "harm_classes": ["H4"],
        "suggestion": {},
        "severity_provisional": False,
    }
    incident = Incident(**{**values, "declared_at": declared, "severity": severity, **more})
    session.add(incident)
    session.flush()
    return incident


def digest_of(
    session: Session,
    period: Period = WEEK,
    audience: Audience = "team",
    scope: Scope = Scope(TEAM),
    minimum: int = 5,
    home: Pointer | None = None,
) -> Digest:
    rules = Rules(load_policy().targets, WEIGHTS, minimum, PROGRAMME, SCENARIOS, lambda clock: f"the clock {clock}")
    return assemble(session, period, scope, audience, rules, AS_OF, home=home)


def held(session: Session, title: str, state: str, ended: datetime | None, **more: Any) -> Exercise:
    """An exercise of exactly this shape."""
    values: dict[str, Any] = {
        "key": title,
        "team_id": TEAM,
        "scenario_id": "refund",
        "scenario_hash": "f" * 64,
        "scenario": min(SCENARIOS.scenarios.items())[1].model_dump(mode="json", by_alias=True, exclude_none=True),
        "title": title,
        "state": state,
        "facilitator": "U0RAILEAD1",
        "created_at": at(2),
        "ended_at": ended,
    }
    row = Exercise(**{**values, **more})
    session.add(row)
    session.flush()
    if state == "ended":  # what tested nothing was not held
        session.add(ExerciseRating(exercise_id=row.id, objective_id=row.scenario["objectives"][-1]["id"], proposed="S"))
        session.flush()
    return row
