"""What a person's home reads of the record: decisions that wait for them, also in incidents that are over."""

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botkit import COMMS, LEAD, ONCALL, PRIVACY, SUPPORT, every_text
from digestkit import AS_OF, TEAM, add, at
from sqlalchemy.orm import Session

import bot.parts
from bot.home_facts import home_facts
from bot.parts import Parts
from bot.views.home import HomeFacts, home_view
from incidents import clocks, lifecycle, milestones
from incidents.access import Person
from incidents.inventory import SystemEntry
from incidents.inventory import store as store_systems
from incidents.models import Incident, RegulatorClock
from integrations.rollback.base import Plan, Snapshot
from postmortems.models import Action
from runbooks import break_glass, plans
from runbooks.models import BreakGlass
from severity.clocks import load_clocks
from severity.policy import load_policy

Home = Callable[..., str]
RESPONDERS = frozenset({LEAD, ONCALL, COMMS})
LEVER = {"id": "model-version", "kind": "openfeature", "title": "Model version", "class": "critical", "to": "v1"}


@pytest.fixture
def home(session: Session, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The words of somebody's home."""
    made = cast(
        Parts,
        SimpleNamespace(policy=load_policy(), clocks=load_clocks(), systems=(), pagerduty=None, jira=None, model=None),
    )
    monkeypatch.setattr(bot.parts, "_current", made)

    def words(user: str, *, responder: bool = True) -> str:
        session.flush()
        said: list[str] = []
        every_text(home_view(home_facts(session, made, Person(user, TEAM, responder=responder), AS_OF)), said.append)
        return "\n".join(said)

    return words


def led(session: Session, role: str = "commander", user: str = LEAD, **more: Any) -> Incident:
    """An open incident in which somebody has a role."""
    incident = add(
        session, at(15), "SEV2", **{"status": "open", "detected_at": at(15), "acknowledged_at": at(15)} | more
    )
    lifecycle.assign(session, incident, role, user, by=user, key=role)
    return incident


def over(session: Session, incident: Incident, status: str) -> None:
    incident.status, incident.mitigated_at, incident.resolved_at = status, at(15), at(16, 1)
    session.flush()


def clock(session: Session, incident: Incident) -> RegulatorClock:
    """The 72 hours of the GDPR, proposed and not decided."""
    row = RegulatorClock(
        incident_id=incident.id,
        clock="eu-gdpr-33",
        stage="initial",
        state="proposed",
        because="personal data",
        proposed_at=at(15),
        conservative_at=AS_OF - timedelta(hours=1),
    )
    session.add(row)
    session.flush()
    return row


def alone(session: Session, incident: Incident) -> BreakGlass:
    """The on-call engineer lets a plan go ahead alone."""
    plan = plans.propose(
        session,
        incident,
        target_entry=LEVER,
        plan=Plan("v2", "v1", "all requests", "would set v1"),
        snapshot=Snapshot({"model": "v2"}, {}),
        by=ONCALL,
        key="plan",
    )
    used = break_glass.use(
        session, plan.id, plan.plan_hash, by=ONCALL, reason="It shows addresses now", responders=RESPONDERS, key="use"
    )
    assert isinstance(used, BreakGlass)
    return used


def test_a_proposed_mitigation_waits_for_the_commander_alone(session: Session, home: Home) -> None:
    milestones.stamp(session, led(session), "mitigated", source="runbook", actor="bot", at=at(15, 13))
    asked = "Has the harm stopped? Confirm it or not · since <!date^"
    assert asked in home(LEAD)
    assert asked not in home(ONCALL)


def test_without_a_commander_a_proposed_mitigation_waits_for_every_responder(session: Session, home: Home) -> None:
    incident = led(session, "scribe")
    milestones.stamp(session, incident, "mitigated", source="runbook", actor="bot", at=at(15, 13))
    assert all("Has the harm stopped?" in home(user) for user in (LEAD, ONCALL))
    assert "Has the harm stopped?" not in home(SUPPORT, responder=False)
    milestones.confirm(session, incident, "mitigated", by=ONCALL)
    assert "Has the harm stopped?" not in home(LEAD)


def test_a_break_glass_waits_for_every_responder_but_who_used_it(session: Session, home: Home) -> None:
    store_systems(session, [SystemEntry(id="assistant", name="Assistant", owner=LEAD)])
    incident = led(session, system_id="assistant")
    used = alone(session, incident)
    asked = "Review the break glass: It shows addresses now · since <!date^"
    assert asked in home(LEAD)
    assert asked not in home(ONCALL) + home(SUPPORT, responder=False)
    over(session, incident, "resolved")  # the review is still owed
    assert asked in home(LEAD)
    assert "Also open" not in home(LEAD) + home(COMMS)
    break_glass.review(session, used.id, by=LEAD, verdict="justified", words="Nobody woke.", responders=RESPONDERS)
    assert asked not in home(LEAD) + home(COMMS)


@pytest.mark.parametrize("status", ["open", "resolved", "closed"])
def test_a_report_waits_for_the_legal_role_also_when_the_incident_is_over(
    session: Session, home: Home, status: str
) -> None:
    incident = led(session, "legal", PRIVACY)
    row = clock(session, incident)
    if status != "open":
        over(session, incident, status)
    asked = "Decide whether a report is owed: GDPR"
    (line,) = [line for line in home(PRIVACY).splitlines() if asked in line]
    assert " · by <!date^" in line
    assert asked not in home(LEAD)
    became_aware = {"awareness": at(11)}
    clocks.start(session, incident, load_clocks(), row.id, stamps=became_aware, by=PRIVACY, key="start")
    said = home(PRIVACY)
    assert asked not in said
    assert "❗ was due" in said
    clocks.decline(session, incident, load_clocks(), row.id, "Nobody's data after all.", by=PRIVACY, key="no")
    assert "GDPR" not in home(PRIVACY)


def test_abuse_26_what_a_private_incident_waits_for_is_in_no_home_but_its_peoples(session: Session, home: Home) -> None:
    store_systems(session, [SystemEntry(id="assistant", name="Assistant", owner=LEAD)])
    incident = led(session, system_id="assistant", private=True, invited=[LEAD])
    alone(session, incident)
    over(session, incident, "resolved")
    assert "Review the break glass" in home(LEAD)
    assert "Review the break glass" not in home(COMMS)


def test_my_overdue_action_of_a_closed_incident_stands_before_what_has_no_time(session: Session, home: Home) -> None:
    incident = add(session, at(1))
    action = {"type": "detect", "priority": "high", "state": "open", "created_by": LEAD, "created_at": at(2)}
    session.add(
        Action(
            incident_id=incident.id, key="a", title="Add the evaluation", owner=LEAD, due=date(2026, 11, 14), **action
        )
    )
    led(session, severity_provisional=True)
    said = home(LEAD)
    assert "Action: Add the evaluation" in said
    assert said.index("❗ was due") < said.index("Classify it")
    assert "Add the evaluation" not in home(ONCALL)


def test_the_home_begins_with_the_buttons_to_report_and_to_ask() -> None:
    _, buttons, *_ = home_view(HomeFacts(Person(SUPPORT, TEAM), [], []))["blocks"]
    assert [each["action_id"] for each in buttons["elements"]] == ["declare_open", "ask_open"]


def test_a_guest_is_promised_nothing_that_would_be_refused() -> None:
    said = str(home_view(HomeFacts(Person(SUPPORT, TEAM, full_member=False), [], [])))
    assert "ask a full member" in said
    assert "declare_open" not in said and "You can report harm" not in said
