"""Digests: a channel is subscribed, paused, resumed; the newest is sent by hand, once like every other."""

from typing import Any

from sqlalchemy.orm import Session

from bot.acts import Done, act
from bot.effects import Start, Tell
from bot.inbox import Item
from bot.parts import parts
from bot.views.digest_forms import Subscribed, subscribed_words
from bot.workflows.digest import start_of
from incidents import access, inventory, subscriptions
from incidents.access import Action, Person
from incidents.clock import now
from incidents.errors import BadInput, Conflict
from incidents.subscriptions import DigestSubscription
from integrations.slack import Message, SlackRefused
from playbooks import running
from severity.taxonomy import HARM_CLASS_IDS


def membership(item: Item) -> dict[str, Any]:
    """Whether the bot is in the channel: where it is not, Slack would refuse every digest."""
    channel = str(item.payload.get("channel") or "")
    try:
        found = parts().slack.call("conversations.info", channel=channel)["channel"]
    except SlackRefused:
        return {"member": False}
    return {"member": bool(found.get("is_member"))}


@act("digest_subscribe", look=membership)
def subscribe(session: Session, item: Item, who: Person) -> Done:
    """A responder subscribes a channel, or changes its subscription."""
    access.require_responder(who, "subscribe a channel to the digest")
    payload = item.payload
    _require_member(item)
    if running.in_channel(session, who.team_id, str(payload.get("channel") or "")) is not None:
        raise Conflict("This is an exercise's channel; a digest tells of real incidents only. Nothing was saved.")
    known = {system.id for system in inventory.every(session)}
    if not set(payload["systems"]) <= known or not set(payload["harm_classes"]) <= set(HARM_CLASS_IDS):
        raise BadInput("systems", "A system or kind of harm was chosen that is not there any more. Nothing was saved.")
    row = subscriptions.subscribe(
        session,
        team_id=who.team_id,
        channel=str(payload["channel"]),
        every=str(payload["every"]),
        weekday=int(payload["weekday"]),
        at=str(payload["at"]),
        zone=str(payload["zone"]),
        systems=payload["systems"],
        harm_classes=payload["harm_classes"],
        audience=str(payload["audience"]),
        by=who.user_id,
    )
    return Done(None, [_tell(item, subscribed_words(shown(row)))])


@act("digest_pause")
def pause(session: Session, item: Item, who: Person) -> Done:
    """Nothing is sent until somebody resumes it."""
    row = _meant(session, item, who, "pause the digest")
    subscriptions.pause(session, row, by=who.user_id)
    return Done(
        None, [_tell(item, f"Paused: the {row.every} digest of this channel. Nothing is sent until it is resumed.")]
    )


@act("digest_resume")
def resume(session: Session, item: Item, who: Person) -> Done:
    """Sent again from the next due time on."""
    row = _meant(session, item, who, "resume the digest")
    subscriptions.resume(session, row, by=who.user_id)
    return Done(None, [_tell(item, subscribed_words(shown(row)))])


@act("digest_now", look=membership)
def send_now(session: Session, item: Item, who: Person) -> Done:
    """Send the newest whole period now; when it is due later, it is not sent again."""
    row = _meant(session, item, who, "send the digest")
    _require_member(item)
    period = row.rhythm.newest(now())
    sent = subscriptions.claim(session, row, period, row.rhythm.due(period), by=who.user_id)
    if sent is None:
        raise Conflict(f"The digest of {period.title} was sent here already, or is being sent. Nothing was sent twice.")
    return Done(None, [start_of(sent)])


@act("digest_preview")
def preview(session: Session, item: Item, who: Person) -> Done:
    """The newest whole period, for one person's eyes."""
    access.check(Action.DECLARE, who)
    every = str(item.payload.get("every") or "weekly")
    channel = str(item.payload["channel"])
    return Done(
        None, [Start("preview_digest", f"preview:{item.key}", (who.user_id, who.team_id, channel, every, item.key))]
    )


def shown(row: DigestSubscription) -> Subscribed:
    """A subscription as the form shows it."""
    return Subscribed(
        id=row.id,
        every=row.every,
        weekday=row.weekday,
        at=row.at,
        zone=row.zone,
        systems=tuple(row.systems),
        harm_classes=tuple(row.harm_classes),
        audience=row.audience,
        paused=row.paused_at is not None,
        next_due=row.rhythm.due(row.rhythm.next(now())),
    )


def _meant(session: Session, item: Item, who: Person, what: str) -> DigestSubscription:
    """The subscription a button names; typed, the channel's only one."""
    access.require_responder(who, what)
    if item.payload.get("subscription") is not None:
        row = subscriptions.get(session, int(item.payload["subscription"]), who.team_id)
        if row.channel != item.payload.get("channel"):
            raise Conflict("That digest belongs to another channel. Nothing was changed; go there.")
        return row
    rows = subscriptions.of_channel(session, str(item.payload["channel"]))
    every = item.payload.get("every")
    chosen = [row for row in rows if every in (None, "", row.every) and row.team_id == who.team_id]
    if len(chosen) == 1:
        return subscriptions.get(session, chosen[0].id, who.team_id)
    if not chosen:
        raise Conflict("This channel has no such digest. Nothing was changed; `/rai-incident digest` subscribes it.")
    names = ", ".join(row.every for row in chosen)
    raise Conflict(f"This channel has several digests: say which ({names}). Nothing was changed.")


def _require_member(item: Item) -> None:
    if not item.payload.get("member"):
        raise Conflict(
            "The bot cannot write in this channel, so nothing was saved. `/invite @rai-incident`, then try again."
        )


def _tell(item: Item, words: str) -> Tell:
    return Tell(item.user, Message(words), item.payload.get("channel"), item.payload.get("response_url"))
