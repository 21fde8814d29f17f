"""What one person's App Home says: their incidents, what waits for them, what is late, and what the bot may do here."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import record
from bot.acts.digest import shown
from bot.parts import Parts
from bot.views.card import CardFacts
from bot.views.home import Digested, HomeFacts, Rehearsal, Todo
from incidents import access, clock_reading, inventory, lifecycle, milestones
from incidents.access import Person
from incidents.digest_rows import WAITING
from incidents.models import Assessment, Incident, RegulatorClock
from incidents.subscriptions import DigestSubscription
from playbooks import running
from playbooks.models import EVALUATOR, Exercise, ExerciseParticipant, ExerciseRating
from postmortems.models import Action
from runbooks import break_glass, progress
from runbooks.models import BreakGlass, RollbackPlan

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
            todo += waiting_for(session, incident, facts, who, mine, now)
    for incident in _unfinished(session, who):
        roles = lifecycle.holders(session, incident.id)
        if access.visible_to(incident, who, set(roles.values())):
            mine = {role for role, holder in roles.items() if holder == who.user_id}
            facts = record.card_facts(session, incident.id)
            todo += waiting_after(session, incident, facts, who, mine, now)
    todo += _actions(session, who, now)
    todo += _rehearsing(session, who)
    return HomeFacts(
        who=who,
        incidents=seen,
        todo=sorted(todo, key=lambda one: (not one.late, one.due or datetime.max.replace(tzinfo=now.tzinfo))),
        abilities=abilities(parts),
        exercises=_exercises(session, who),
        digests=_digests(session, who),
    )


def waiting_for(
    session: Session, incident: Incident, facts: CardFacts, who: Person, roles: set[str], now: datetime
) -> list[Todo]:
    """What this incident waits for from this person."""
    todo = partial(_todo, incident, facts, now)
    waiting: list[Todo] = []
    system = inventory.find(session, incident.system_id)
    if facts.acknowledged_by is None and system and who.user_id in system.on_call:
        target = facts.times["TTA"][1]
        waiting.append(todo("Acknowledge the page", incident.declared_at + target if target else None))
    if incident.severity_provisional and "commander" in roles:
        waiting.append(todo("Classify it: the severity is provisional"))
    proposal = milestones.proposed(session, incident.id, "mitigated")
    if proposal is not None and ("commander" in roles or (who.responder and "commander" not in facts.roles)):
        waiting.append(todo("Has the harm stopped? Confirm it or not", since=proposal.at))
    if incident.next_update_at and roles & {"commander", "communications"}:
        waiting.append(todo("Post the status update you promised", incident.next_update_at))
    for run in progress.runs(session, incident.id):
        for step in progress.open_steps(session, run.id):
            owner = step.assignee or progress.holder(session, incident.id, step.owner_role)
            if owner == who.user_id:
                waiting.append(todo(f"Containment step: {step.title}", step.due_at))
    if who.responder:
        waiting += [todo(words, due) for words, due in _second_person(session, incident, who.user_id, now)]
    return waiting + waiting_after(session, incident, facts, who, roles, now)


def waiting_after(
    session: Session, incident: Incident, facts: CardFacts, who: Person, roles: set[str], now: datetime
) -> list[Todo]:
    """What it may still wait for when it is over: the review of who acted alone, and reports to authorities."""
    todo = partial(_todo, incident, facts, now)
    waiting: list[Todo] = []
    if who.responder:
        waiting += [
            todo(f"Review the break glass: {row.reason}", since=row.at)
            for row in break_glass.unreviewed(session, incident.id)
            if row.used_by != who.user_id
        ]
    if roles & set(KEEPS_TIME):
        for row in clock_reading.of(session, incident.id):
            line = record.clock_line(session, incident, row)
            report = line.next_report
            due = report.due if report else None
            if line.state == "proposed":
                waiting.append(todo(f"Decide whether a report is owed: {line.title}", due))
            elif line.state == "running" and report and due:
                waiting.append(todo(f"{line.title}: {report.title} to the {line.recipient}", due))
    return waiting


def _todo(
    incident: Incident,
    facts: CardFacts,
    now: datetime,
    words: str,
    due: datetime | None = None,
    since: datetime | None = None,
) -> Todo:
    late = due is not None and due < now
    return Todo(incident.number, words, facts.channel_id, due, late=late, since=since)


def _unfinished(session: Session, who: Person) -> Sequence[Incident]:
    """Real incidents that are over, of which a use of break glass or a regulator clock is not."""
    glass = sa.select(BreakGlass.incident_id).where(BreakGlass.verdict.is_(None))
    reports = sa.select(RegulatorClock.incident_id).where(RegulatorClock.state.in_(WAITING))
    query = sa.select(Incident).where(
        Incident.id.in_(sa.union(glass, reports)),
        Incident.team_id == who.team_id,
        Incident.kind == "real",
        Incident.status.not_in(LIVE),
    )
    return session.scalars(query.order_by(Incident.id)).all()


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


def _rehearsing(session: Session, who: Person) -> list[Todo]:
    """What exercises wait for from this person: to begin one they lead, to rate one they evaluated."""
    found = [
        Todo(row.number, f"Exercise: begin “{row.title}”", row.channel_id, None, late=False)
        for row in running.live(session, who.team_id)
        if row.state == "ready" and row.facilitator == who.user_id
    ]
    unrated = sa.exists().where(ExerciseRating.exercise_id == Exercise.id, ExerciseRating.confirmed.is_(None))
    evaluated = (
        sa.select(Exercise)
        .join(ExerciseParticipant, ExerciseParticipant.exercise_id == Exercise.id)
        .where(Exercise.team_id == who.team_id, Exercise.state == "ended", unrated)
        .where(ExerciseParticipant.role == EVALUATOR, ExerciseParticipant.user == who.user_id)
        .order_by(Exercise.id)
    )
    return found + [
        Todo(row.number, f"Exercise: rate the objectives of “{row.title}”", row.channel_id, None, late=False)
        for row in session.scalars(evaluated).unique()
    ]


def _exercises(session: Session, who: Person) -> list[Rehearsal]:
    """The exercises going on that this person is part of."""
    found = []
    for row in running.live(session, who.team_id):
        if who.user_id not in running.everybody(session, row):
            continue
        titles = {role.id: role.title for role in running.scenario_of(row).roles}
        parts = ["facilitator"] if row.facilitator == who.user_id else []
        parts += [
            titles.get(role, role) for role, users in running.people(session, row.id).items() if who.user_id in users
        ]
        found.append(Rehearsal(row.number, row.title, row.state, tuple(parts), row.channel_id))
    return found


def _digests(session: Session, who: Person) -> list[Digested]:
    """The digests that this person has subscribed a channel to."""
    query = (
        sa.select(DigestSubscription)
        .where(DigestSubscription.team_id == who.team_id, DigestSubscription.changed_by == who.user_id)
        .order_by(DigestSubscription.id)
    )
    return [Digested(row.channel, shown(row)) for row in session.scalars(query)]


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
