"""Classifying: answers in, the policy's answer out, and a named person's decision on it."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, clocks, incident_of
from bot.effects import AssessmentMessage, Card, Effect, Page, Post, TicketComment
from bot.inbox import Item
from bot.parts import parts
from bot.views.blocks import escape, person, section
from bot.views.classify import second_message
from incidents import assessing
from incidents.access import UNSURE, Action, Person, one_human, person_of
from incidents.assessing import Confirmation, Result
from incidents.errors import NotAllowed
from incidents.models import Incident
from incidents.opening import cues_of
from integrations.slack import Message

PAGES_AT = ("SEV0", "SEV1")  # raising to one of these pages again


@act("classify")
def classify(session: Session, item: Item, who: Person) -> Done:
    """Evaluate the answers and show what they give; nothing is in force yet."""
    incident = incident_of(session, item, who, Action.RESPOND)
    policy = parts().policy_in_force.at(session)
    classes = [str(name) for name in item.payload["harm_classes"]]
    answers = {str(fact): str(answer) for fact, answer in item.payload["answers"].items()}
    decision = policy.provisional(answers, classes, cues_of(incident.suggestion))
    replaced = assessing.latest(session, incident.id, "proposed")
    row = assessing.propose(
        session,
        incident,
        Result(
            severity=str(decision.severity),
            rule=decision.rule,
            because=decision.because,
            floor=str(decision.floor) if decision.floor else None,
            materialised=decision.materialised,
            policy_hash=decision.policy_hash,
        ),
        harm_classes=classes,
        answers=answers,
        by=who.user_id,
        key=item.key,
    )
    shown: list[Effect] = [AssessmentMessage(row.id)]
    if replaced is not None:
        shown.append(AssessmentMessage(replaced.id))
    return Done(incident.id, shown)


@act("assessment_confirm")
def confirm(session: Session, item: Item, who: Person) -> Done:
    """Put the policy's answer in force under the name of who pressed."""
    incident = incident_of(session, item, who, Action.RESPOND)
    confirmation = assessing.confirm(session, incident, int(item.payload["assessment"]), by=who.user_id, key=item.key)
    return Done(incident.id, _after(session, incident, confirmation, who.user_id, int(item.payload["assessment"])))


@act("override")
def override(session: Session, item: Item, who: Person) -> Done:
    """Another severity, with a reason."""
    incident = incident_of(session, item, who, Action.RESPOND)
    assessment_id = int(item.payload["assessment"])
    confirmation = assessing.confirm(
        session,
        incident,
        assessment_id,
        by=who.user_id,
        key=item.key,
        override=str(item.payload["severity"]),
        reason=str(item.payload["reason"]),
    )
    return Done(incident.id, _after(session, incident, confirmation, who.user_id, assessment_id))


@act("assessment_second", fresh=True)
def second(session: Session, item: Item, who: Person) -> Done:
    """The second person agrees to go below the floor."""
    incident = incident_of(session, item, who, Action.RESPOND)
    assessment_id = int(item.payload["assessment"])
    first = assessing.get(session, assessment_id).confirmed_by
    human = parts().directory.human
    if first is not None and first != who.user_id:
        mine, theirs = person_of(human(who.user_id), who.user_id), person_of(human(first), first)
        same = one_human(who.user_id, mine, first, theirs)
        if same is None:
            raise NotAllowed(UNSURE)
        if same:
            raise NotAllowed("You asked for this override with another account, so somebody else has to agree.")
    confirmation = assessing.second(session, incident, assessment_id, by=who.user_id, key=item.key)
    return Done(incident.id, _after(session, incident, confirmation, who.user_id, assessment_id))


def _after(
    session: Session, incident: Incident, confirmation: Confirmation, by: str, assessment_id: int
) -> list[Effect]:
    row = assessing.get(session, assessment_id)
    if confirmation.waiting_for_second:
        return [
            AssessmentMessage(assessment_id),
            Post(
                incident.id,
                second_message(
                    incident.number,
                    incident.id,
                    assessment_id,
                    by,
                    row.severity,
                    str(row.floor),
                    str(row.override_reason),
                ),
            ),
        ]
    why = row.override_reason or row.because
    words = (
        f"{person(by)} confirmed *{confirmation.after}* for {incident.number} because {escape(why, 600)}. "
        f"Rule `{escape(row.rule, 80)}`, policy {row.policy_hash[:12]}."
    )
    told = f"Severity {confirmation.after} confirmed (was {confirmation.before})."
    effects: list[Effect] = [
        Card(incident.id),
        AssessmentMessage(assessment_id),
        Post(incident.id, Message(words, [section(words)])),
        TicketComment(incident.id, told),
    ]
    if confirmation.raised and confirmation.after in PAGES_AT:
        reason = f"Raised from {confirmation.before} to {confirmation.after}"
        effects.insert(0, Page(incident.id, reason, f"page:{incident.id}:{confirmation.after}:{assessment_id}"))
    return [*effects, *clocks.proposed(session, incident)]
