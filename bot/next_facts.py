"""What is next in one incident, for the one who asks."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot import record
from bot.home_facts import waiting_for
from bot.views.next import NextFacts
from incidents import lifecycle
from incidents.access import Person
from incidents.models import Incident
from runbooks import progress


def next_facts(session: Session, incident: Incident, who: Person, now: datetime) -> NextFacts:
    """What waits for this person by name or role, and the steps that are open now."""
    roles = {role for role, holder in lifecycle.holders(session, incident.id).items() if holder == who.user_id}
    runs = progress.runs(session, incident.id)
    return NextFacts(
        number=incident.number,
        live=incident.status in ("open", "mitigated"),
        todo=waiting_for(session, incident, record.card_facts(session, incident.id), who, roles, now),
        current=[step for run in runs for step in progress.open_steps(session, run.id)],
        contained=bool(runs),
    )
