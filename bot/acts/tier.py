"""Risk tiers: a finished walk through the tier questions becomes a decision under a name."""

from sqlalchemy.orm import Session

from bot.acts import Done, act, not_from_exercise
from bot.effects import Tell
from bot.inbox import Item
from bot.parts import parts
from bot.views.tier import decided_message
from incidents import access, inventory, tiering
from incidents.access import Person
from incidents.clock import now
from incidents.errors import NotFound


@act("tier_decide", fresh=True)
def decide(session: Session, item: Item, who: Person) -> Done:
    """Save the walk's outcome."""
    not_from_exercise(session, item, who)
    system = inventory.find(session, str(item.payload["system"]))
    if system is None:
        raise NotFound("The inventory has no such AI system any more. Nothing was changed.")
    access.check_tiering(who, system.owner)
    outcome = tiering.decide(
        session,
        parts().tiers,
        system.id,
        {str(question): str(answer) for question, answer in item.payload["answers"].items()},
        str(item.payload["tree"]),
        by=who.user_id,
        key=item.key,
    )
    message = decided_message(system.name, outcome, outcome.revalidate_by(now().date()))
    return Done(None, [Tell(who.user_id, message, item.payload.get("channel") or None)])
