"""Which risk tier an AI system is in: a named person's walk through the questions, and until when it holds.

The newest decision counts; where the inventory's file carries a tier with a later date, the file does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import inventory
from incidents.clock import now
from incidents.errors import Conflict, NotFound
from incidents.inventory import SystemEntry
from incidents.models import System, TierDecision
from severity.tiers import Outcome, Tree


@dataclass(frozen=True)
class Standing:
    """A system's tier as it stands. Any of these may be None: nobody has tiered it, or the file gives no date."""

    tier: int | None
    tiered_at: date | None
    decided_by: str | None
    revalidate_by: date | None

    def overdue(self, today: date) -> bool:
        """Whether the validation no longer holds; a tier without a date has never been shown to hold."""
        return self.tier is not None and (self.revalidate_by is None or today > self.revalidate_by)


def decide(
    session: Session, tree: Tree, system_id: str, answers: Mapping[str, str], tree_hash: str, *, by: str, key: str
) -> Outcome:
    """Save a walk's outcome under the name of `by`, once per `key`.

    Raises Conflict when the walk is not finished or the tree has changed since it was shown, NotFound for a system
    that is not in the inventory.
    """
    system = session.get(System, system_id, with_for_update=True)
    if system is None:
        raise NotFound(f"The inventory has no AI system {system_id!r:.60}. Nothing was changed.")
    if tree_hash != tree.hash:
        raise Conflict("The tier questions have changed since you answered. Nothing was changed; walk them again.")
    outcome = tree.next(answers)
    if not isinstance(outcome, Outcome):
        raise Conflict("Not all tier questions are answered. Nothing was changed; walk them again.")
    if session.execute(sa.select(TierDecision.id).where(TierDecision.key == key)).first() is not None:
        return outcome
    moment = now()
    walked = {taken.question.id: taken.answered for taken in outcome.path}
    session.add(
        TierDecision(
            system_id=system_id,
            tier=outcome.tier,
            category=outcome.category.title,
            answers=walked,
            outcome=outcome.as_json(),
            tree_hash=tree.hash,
            decided_by=by,
            decided_at=moment,
            key=key,
        )
    )
    system.tier = outcome.tier
    system.entry = {**system.entry, "tier": outcome.tier, "tiered_at": moment.date().isoformat()}
    session.flush()
    return outcome


def standing(session: Session, tree: Tree, entry: SystemEntry) -> Standing:
    """A system's tier, since when, by whom (None: the file says so), and the last day it holds."""
    if entry.tier is None:
        return Standing(None, None, None, None)
    newest = inventory.newest_decision(session, entry.id)
    by = newest.decided_by if newest and newest.decided_at.date() == entry.tiered_at else None
    until = tree.revalidate_by(entry.tier, entry.tiered_at) if entry.tiered_at else None
    return Standing(entry.tier, entry.tiered_at, by, until)
