"""What a digest tells of other rooms: overdue actions, exercises, questions that office hours could not answer."""

from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.digest.value import Exercise, Gap, OverdueAction, Pointer, Unrehearsed
from bot.programme_facts import exercises_of
from incidents import questions
from incidents.digest_rows import Scope, rooms
from incidents.models import Incident
from incidents.periods import Period
from playbooks.programme import Held, Rules
from playbooks.scenario import ScenarioLibrary
from playbooks.score import ORDER
from postmortems.models import Action
from severity.officehours.gaps import clusters

_PRIORITY = sa.case({"high": 0, "medium": 1, "low": 2}, value=Action.priority)


def overdue_actions(session: Session, scope: Scope, today: date) -> list[OverdueAction]:
    """Open actions whose day has passed: the most important first, then the longest overdue."""
    query = (
        sa.select(Action)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.state == "open", Action.due < today, *scope.counted())
        .order_by(_PRIORITY, Action.due, Action.id)
    )
    actions = session.scalars(query).all()
    known = rooms(session, [action.incident_id for action in actions])
    return [
        OverdueAction(
            f"INC-{action.incident_id}",
            action.title,
            action.owner,
            action.due,
            action.priority,
            Pointer(f"INC-{action.incident_id}", *known.get(action.incident_id, (None, None))),
        )
        for action in actions
    ]


def exercises(
    session: Session, team_id: str | None, period: Period, rules: Rules, library: ScenarioLibrary
) -> tuple[list[Exercise], list[Exercise], list[Unrehearsed]]:
    """(done in the period; AI systems whose turn it was at its end, and what is planned for the next period; what was
    not rehearsed in time at its end, as the programme says)."""
    found = exercises_of(session, period, rules, library, team_id=team_id)
    done = [Exercise(f"{each.number} {each.title}", each.on, _confirmed(each)) for each in found.held]
    due = [
        Exercise(
            f"{each.system.name}, one every {each.every_days} days, "
            f"{f'the last on {each.last}' if each.last else 'none so far'}",
            each.by,
        )
        for each in found.due
    ]
    planned = [
        Exercise(f"{each.number} {each.title}, planned", each.at.astimezone(ZoneInfo(period.zone)).date())
        for each in found.planned
        if each.at < period.following.end
    ]
    unrehearsed = [Unrehearsed(gap.tier, gap.harm_class, gap.days) for gap in found.class_gaps]
    return done, [*due, *planned], unrehearsed


def _confirmed(exercise: Held) -> dict[str, int]:
    found = Counter(each.rating for each in exercise.ratings if each.confirmed)
    return {letter: found[letter] for letter in reversed(ORDER) if found[letter]}


def gaps(session: Session, team_id: str | None, period: Period) -> list[Gap]:
    """What office hours had no sure answer to in the period, or a wrong one: by subject, most asked first."""
    asked = questions.asked_between(session, team_id, period.start, period.end)
    wrong = clusters(each.question for each in asked if each.wrong)
    unanswered = clusters(each.question for each in asked if each.verdict != "answered" and not each.wrong)
    found = [
        *(Gap(each.questions[0], each.count, wrong=False) for each in unanswered),
        *(Gap(each.questions[0], each.count, wrong=True) for each in wrong),
    ]
    return sorted(found, key=lambda each: -each.count)
