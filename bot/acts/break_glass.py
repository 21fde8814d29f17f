"""Break glass: one responder alone in an emergency, the people who hear of it, and the review by another."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, incident_of, on_timer
from bot.acts.rollback import execution, plan_of, say, shown_hash
from bot.effects import Card, Direct, Effect, Page, PlanMessage, Post
from bot.inbox import Item
from bot.parts import parts
from bot.views import break_glass as views
from incidents import access, lifecycle, timeline
from incidents.access import Action, Person
from incidents.errors import NotFound
from incidents.models import Incident, Timer
from runbooks import break_glass
from runbooks.approvals import Refused, change
from runbooks.models import BreakGlass, RollbackPlan
from runbooks.progress import holder

PAGE = "One person alone is changing the system (break glass)"


@act("break_glass", fresh=True)
def use(session: Session, item: Item, who: Person) -> Done:
    """Execute at once, page a second person, tell the commander and the system's owner, and ask for the review."""
    incident, plan = plan_of(session, item, who, Action.READ)
    outcome = break_glass.use(
        session,
        plan.id,
        shown_hash(item, plan),
        by=who.user_id,
        reason=str(item.payload["words"]),
        responders=parts().directory.responders(),
        key=item.key,
        person=parts().directory.human(who.user_id),
    )
    if isinstance(outcome, Refused):
        return Done(incident.id, [say(item, outcome.message), PlanMessage(plan.id)])
    to_tell = _others(session, incident, outcome)
    message = views.used_message(
        incident.number, outcome.used_by, change(plan), outcome.reason, to_tell, parts().paging(incident)
    )
    effects: list[Effect] = [
        execution(session, plan),
        Page(incident.id, PAGE, f"page:{incident.id}:break-glass:{outcome.id}"),
        Post(incident.id, message),
        *(Direct(user, message) for user in to_tell),
        PlanMessage(plan.id),
        Card(incident.id),
    ]
    return Done(incident.id, effects)


@act("break_glass_review", fresh=True)
def review(session: Session, item: Item, who: Person) -> Done:
    """Another responder says whether it was right."""
    incident = incident_of(session, item, who, Action.READ)
    row = session.get(BreakGlass, int(item.payload["glass"]))
    if row is None or row.incident_id != incident.id:
        raise NotFound("That does not belong to this incident. Nothing was changed.")
    break_glass.review(
        session,
        row.id,
        by=who.user_id,
        verdict=str(item.payload["verdict"]),
        words=str(item.payload["words"]),
        responders=parts().directory.responders(),
        person=parts().directory.human(who.user_id),
        user=parts().directory.human(row.used_by),
    )
    plan = session.get_one(RollbackPlan, row.plan_id)
    verdict, words = str(row.verdict), str(row.words)
    message = views.reviewed_message(incident.number, row.used_by, who.user_id, change(plan), verdict, words)
    return Done(incident.id, [Post(incident.id, message), PlanMessage(row.plan_id), Card(incident.id)])


@on_timer(break_glass.REVIEW)
def remind(session: Session, timer: Timer, incident: Incident) -> list[Effect]:
    """Ask for the review, again and again until somebody has given it."""
    row = session.get(BreakGlass, int(timer.payload["break_glass"]))
    if row is None or row.verdict is not None:
        return []
    break_glass.remind(session, row)
    words = "Reminded of the review of break glass, which nobody else has given yet"
    timeline.append(session, incident.id, "reminder", "clock", words, key=f"timer:{timer.id}")
    plan = session.get_one(RollbackPlan, row.plan_id)
    whom = _others(session, incident, row)
    message = views.reminder_message(incident.number, incident.id, row.id, row.used_by, change(plan), row.at, whom)
    return [Post(incident.id, message)]


def _others(session: Session, incident: Incident, row: BreakGlass) -> tuple[str, ...]:
    """The commander and the system's owner, without who used it, and without anybody a private incident is not for."""
    holders = lifecycle.holders(session, incident.id)
    found = [holders.get("commander"), holder(session, incident.id, "model-owner")]
    seen = [
        user
        for user in dict.fromkeys(found)
        if user is not None and access.visible_to(incident, Person(user, incident.team_id), holders.values())
    ]
    return tuple(user for user in seen if user != row.used_by)
