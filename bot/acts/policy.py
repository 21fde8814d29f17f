"""Changing the severity policy: one admin proposes what is on file, a second one approves or rejects it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from bot.acts import Done, act, not_from_exercise
from bot.effects import Direct, Effect, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.policy_facts import policy_facts
from bot.views.blocks import escape, person
from bot.views.policy import policy_message
from incidents import access, policies
from incidents.access import Action, Person
from incidents.errors import Conflict
from incidents.policies import PolicyActivation, StoredPolicy
from integrations.slack import Message


def admins_now(item: Item) -> dict[str, Any]:
    """Who the admins are, read from Slack at this moment, and the human behind the account. No answer: nobody is."""
    directory = parts().directory
    admins = directory.admins(fresh=True)
    parts().policy_in_force.edited()  # read and prove the file here, not inside the transaction
    return {"admins": None if admins is None else sorted(admins), "human": directory.human(item.user)}


@act("policy_propose", fresh=True, look=admins_now)
def propose(session: Session, item: Item, who: Person) -> Done:
    """Put forward the policy that the person saw on file; the other admins hear of it."""
    access.check(Action.DECLARE, who)
    not_from_exercise(session, item, who)
    is_admin = _is_admin(item)
    access.require_admin(is_admin)
    edited = parts().policy_in_force.edited()
    if edited is None or edited.policy is None or edited.policy.hash != item.payload["hash"]:
        raise Conflict("The policy on file changed since you looked. Nothing was changed; look again, then propose.")
    policies.remember(session, edited.policy, by=who.user_id)
    policies.propose(session, edited.policy.hash, by=who.user_id, is_admin=is_admin, person=item.payload["human"])
    others = [admin for admin in item.payload["admins"] if admin != who.user_id]
    words = f"Proposed: policy {escape(edited.policy.version, 40)} (`{edited.policy.short_hash}`). "
    words += (
        f"It waits for {' or '.join(person(admin) for admin in others)}."
        if others
        else f"There is no second admin: add one to @{escape(parts().settings.admins_group, 60)}."
    )
    return Done(None, [_tell(item, words), *_ask(session, who, others)])


@act("policy_approve", fresh=True, look=admins_now)
def approve(session: Session, item: Item, who: Person) -> Done:
    """Put the proposed policy in force."""
    access.check(Action.DECLARE, who)
    not_from_exercise(session, item, who)
    row = policies.approve(
        session,
        int(item.payload["activation"]),
        by=who.user_id,
        is_admin=_is_admin(item),
        person=item.payload["human"],
    )
    two = f"proposed by {person(row.requested_by)}, approved by {person(who.user_id)}"
    words = f"{_name(session, row)} is in force now: {two}."
    return Done(None, [_tell(item, words), Direct(row.requested_by, Message(words))])


@act("policy_reject", fresh=True, look=admins_now)
def reject(session: Session, item: Item, who: Person) -> Done:
    """Leave the policy in force."""
    access.check(Action.DECLARE, who)
    not_from_exercise(session, item, who)
    row = policies.reject(session, int(item.payload["activation"]), by=who.user_id, is_admin=_is_admin(item))
    own = row.requested_by == who.user_id
    ended = f"{'taken back' if own else 'rejected'} by {person(who.user_id)}"
    words = f"{_name(session, row)} was {ended}. The policy in force stays."
    effects: list[Effect] = [_tell(item, words)]
    if not own:
        effects.append(Direct(row.requested_by, Message(words)))
    return Done(None, effects)


def _ask(session: Session, who: Person, admins: Collection[str]) -> list[Effect]:
    """The proposal with its buttons, for each other admin; each sees the incidents that are theirs to see."""
    effects: list[Effect] = []
    for admin in admins:
        facts = policy_facts(
            session,
            parts().policy_in_force,
            replace(who, user_id=admin),
            is_admin=True,
            admins_group=parts().settings.admins_group,
        )
        effects.append(Direct(admin, policy_message(facts)))
    return effects


def _name(session: Session, row: PolicyActivation) -> str:
    stored = session.get_one(StoredPolicy, row.hash)
    return f"Policy {escape(stored.version, 40)} (`{row.hash[:12]}`)"


def _is_admin(item: Item) -> bool | None:
    admins = item.payload["admins"]
    return None if admins is None else item.user in admins


def _tell(item: Item, words: str) -> Tell:
    return Tell(item.user, Message(words), item.payload.get("channel"), item.payload.get("response_url"))
