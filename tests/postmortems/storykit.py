"""A story told to the record through the verbs of the rooms, with only time faked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from incidents import assessing, clock, inventory, lifecycle, milestones, timeline
from incidents.models import Incident
from integrations.rollback.base import Outcome, Plan, Snapshot
from postmortems import actions, answers, versions
from runbooks import approvals, plans, rollback

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
TOLD = 5400  # seconds after START at which the story is over
REPORTER, COMMANDER, APPROVER = "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1"
PEOPLE = {REPORTER: "Support agent", COMMANDER: "On-call engineer", APPROVER: "Responsible-AI lead"}
CLOCKED = (clock, lifecycle, timeline, milestones, assessing, inventory, plans, rollback, approvals, versions, actions)
TARGETS = {"ttd": timedelta(minutes=30), "tta": timedelta(hours=1), "ttm": timedelta(hours=24)}


def declare(session: Session, description: str = "It showed me the order of another customer.") -> Incident:
    """The least a record can hold: an incident just declared."""
    report = lifecycle.Report("T0SANDBOX1", REPORTER, description, None, "not_sure", private=False)
    opening = lifecycle.Opening("SEV2", "scope-unknown", "the scope is unknown", "0" * 64)
    return lifecycle.open_incident(session, report, opening, key=f"declare:{description[:40]}")


def tell(session: Session, at: Callable[[float], None]) -> Incident:
    """Report to resolution: TTD 45 min (missed by 15), TTA 2 min, TTM 21 min 30 s, TTR 1 h 30 min, one late update."""
    system = inventory.SystemEntry(id="support-assistant", name="Support assistant", owner=APPROVER, tier=1)
    inventory.store(session, [system])
    report = lifecycle.Report(
        "T0SANDBOX1",
        REPORTER,
        "The assistant showed a customer the order and address of another one.\nCustomer wrote from a.b@mail.example",
        "support-assistant",
        "not_sure",
        private=True,
        source_url="https://sandbox.slack.com/archives/C0SUPPORT1/p1772420400000100",
        reported_at=START,
    )
    opening = lifecycle.Opening("SEV2", "scope-unknown", "the scope is unknown", "0" * 64)
    incident = lifecycle.open_incident(session, report, opening, key="declare:story")
    lifecycle.assign(session, incident, "commander", COMMANDER, by=COMMANDER, key="role:1")
    at(120)
    lifecycle.acknowledge(session, incident, by=COMMANDER, key="ack")
    at(180)
    lifecycle.post_update(
        session, incident, "Looking at the session cache.", timedelta(minutes=15), by=COMMANDER, key="update:1"
    )
    at(300)
    result = assessing.Result("SEV1", "data-exposed", "personal data of others was shown", "SEV2", True, "ab12" * 16)
    proposed = assessing.propose(
        session,
        incident,
        result,
        harm_classes=["H4"],
        answers={"data_exposed": "yes", "scope": "not_sure"},
        by=COMMANDER,
        key="assess",
    )
    assessing.confirm(session, incident, proposed.id, by=COMMANDER, key="confirm")
    milestones.stamp(session, incident, "onset", source="rubric", actor=COMMANDER, at=START - timedelta(minutes=45))
    roll_back(session, incident, at)
    at(1500)
    lifecycle.post_update(session, incident, "The old model serves.", None, by=COMMANDER, key="update:2")
    answers.answer(session, incident, "affected_users", "14 customers, counted in the logs", by=APPROVER, key="a:1")
    at(TOLD)
    lifecycle.resolve(
        session, incident, "The cache key holds the customer now.", by=COMMANDER, key="r", missing=[], anyway=True
    )
    return incident


def roll_back(session: Session, incident: Incident, at: Callable[[float], None]) -> None:
    """A rollback from plan to verified, by the verbs of the room that does it; only the target is not there."""
    responders = frozenset({COMMANDER, APPROVER})
    target = {"id": "model-version", "kind": "openfeature", "title": "Model version", "class": "disruptive"}
    at(900)
    plan = plans.propose(
        session,
        incident,
        target_entry=target,
        plan=Plan("v2", "v1", "every user of the assistant", "would set v1"),
        snapshot=Snapshot({"model": "v2"}, {}),
        by=COMMANDER,
        key="plan:1",
    )
    at(960)
    own = approvals.approve(session, plan.id, plan.plan_hash, by=COMMANDER, responders=responders, now=clock.now())
    assert isinstance(own, approvals.Refused)
    approvals.approve(session, plan.id, plan.plan_hash, by=APPROVER, responders=responders, now=clock.now())
    at(1200)
    execution = rollback.begin(session, plan.id, target_entry=target, responders=responders)
    assert isinstance(execution, rollback.Execution)
    at(1260)
    rollback.finish(session, execution.id, Outcome(changed=True, seen="v1"))
    at(1290)
    rollback.record_verification(session, plan.id, True, "the assistant says v1")
