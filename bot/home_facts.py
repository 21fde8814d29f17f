"""What one person's App Home says: their incidents, what waits for them, what is late, and what the bot may do here."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import record
from bot.parts import Parts
from bot.views.card import CardFacts
from bot.views.home import HomeFacts, Todo
from incidents import access, clocks, inventory, lifecycle
from incidents.access import Person
from incidents.models import Assessment, Incident
from postmortems.models import Action
from runbooks import progress
from runbooks.models import RollbackPlan

LIVE = ("open", "mitigated")
KEEPS_TIME = ("legal", "commander")  # whose business the regulator clocks are


def home_facts(session: Session, parts: Parts, who: Person, now: datetime) -> HomeFacts:
    """One person's home. Only what they may see; times are UTC."""
    query = sa.select(Incident).where(Incident.team_id == who.team_id, Incident.status.in_(LIVE)).order_by(Incident.id)
    seen: list[CardFacts] = []
    todo: list[Todo] = []
    for incident in session.scalars(query):
        roles = lifecycle.holders(session, incident.id)
        if not access.visible_to(incident, who, set(roles.values())):
            continue
        facts = record.card_facts(session, incident.id)
        seen.append(facts)
        if incident.kind == "real":
            mine = {role for role, holder in roles.items() if holder == who.user_id}
            todo += waiting_for(session, parts, incident, facts, who, mine, now)
    todo += _actions(session, who, now)
    return HomeFacts(
        who=who,
        incidents=seen,
        todo=sorted(todo, key=lambda one: (not one.late, one.due or datetime.max.replace(tzinfo=now.tzinfo))),
        abilities=abilities(parts),
    )


def waiting_for(
    session: Session,
    parts: Parts,
    incident: Incident,
    facts: CardFacts,
    who: Person,
    roles: set[str],
    now: datetime,
) -> list[Todo]:
    """What this incident waits for from this person."""

    def todo(words: str, due: datetime | None = None) -> Todo:
        return Todo(incident.number, words, facts.channel_id, due, late=due is not None and due < now)

    waiting: list[Todo] = []
    system = inventory.find(session, incident.system_id)
    if facts.acknowledged_by is None and system and who.user_id in system.on_call:
        target = facts.times["TTA"][1]
        waiting.append(todo("Acknowledge the page", incident.declared_at + target if target else None))
    if incident.severity_provisional and "commander" in roles:
        waiting.append(todo("Classify it: the severity is provisional"))
    if incident.next_update_at and roles & {"commander", "communications"}:
        waiting.append(todo("Post the status update you promised", incident.next_update_at))
    for run in progress.runs(session, incident.id):
        for step in progress.open_steps(session, run.id):
            owner = step.assignee or progress.holder(session, incident.id, step.owner_role)
            if owner == who.user_id:
                waiting.append(todo(f"Containment step: {step.title}", step.due_at))
    if who.responder:
        waiting += [todo(words, due) for words, due in _second_person(session, incident, who.user_id, now)]
    if roles & set(KEEPS_TIME):
        for row in clocks.of(session, incident.id):
            line = record.clock_line(session, incident, row)
            report = line.next_report
            if line.state == "running" and report is not None and report.due is not None:
                waiting.append(todo(f"{line.title}: {report.title} to the {line.recipient}", report.due))
            elif line.state == "proposed":
                waiting.append(todo(f"Decide whether a report is owed: {line.title}"))
    return waiting


def _second_person(
    session: Session, incident: Incident, user: str, now: datetime
) -> Sequence[tuple[str, datetime | None]]:
    """Decisions that another responder has asked for and that this one may take."""
    plans = session.scalars(
        sa.select(RollbackPlan).where(
            RollbackPlan.incident_id == incident.id,
            RollbackPlan.state == "planned",
            RollbackPlan.requested_by != user,
            RollbackPlan.expires_at > now,
        )
    )
    overrides = session.scalars(
        sa.select(Assessment).where(
            Assessment.incident_id == incident.id,
            Assessment.state == "proposed",
            Assessment.override_reason.is_not(None),
            Assessment.confirmed_by.is_not(None),
            Assessment.confirmed_by != user,
        )
    )
    return [
        *((f"Approve or reject: {plan.title}, {plan.from_value} → {plan.to_value}", plan.expires_at) for plan in plans),
        *((f"Agree or not: {one.severity} instead of {one.computed_severity}", None) for one in overrides),
    ]


def _actions(session: Session, who: Person, now: datetime) -> list[Todo]:
    """The person's open postmortem actions, of incidents they may see."""
    query = (
        sa.select(Action, Incident)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.owner == who.user_id, Action.state == "open", Incident.team_id == who.team_id)
        .order_by(Action.due)
    )
    found = []
    for action, incident in session.execute(query):
        if access.visible_to(incident, who, set(lifecycle.holders(session, incident.id).values())):
            # An action is due by the end of its day.
            due = datetime.combine(action.due, datetime.max.time(), tzinfo=now.tzinfo)
            found.append(Todo(incident.number, f"Action: {action.title}", None, due, late=due < now))
    return found


def abilities(parts: Parts) -> list[str]:
    """What the bot may do in this workspace, as it is configured; our own words."""
    levers = sum(len(system.rollback_targets) for system in parts.systems)
    with_levers = sum(bool(system.rollback_targets) for system in parts.systems)
    return [
        "Page the on-call engineer through PagerDuty"
        if parts.pagerduty
        else "PagerDuty is not configured: it pages nobody",
        "Open and comment tickets in Jira" if parts.jira else "Jira is not configured: it opens no tickets",
        (
            f"Change {levers} lever{'s' * (levers != 1)} of {with_levers} AI system{'s' * (with_levers != 1)},"
            " each only after a plan that people approved"
            if levers
            else "No rollback target is configured: it changes no AI system"
        ),
        ("Ask a language model for suggestions, which decide nothing" if parts.model else "No language model is used"),
        "Read what you give it: commands, forms, 📌, questions. It does not read along in channels",
    ]
