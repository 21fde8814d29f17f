"""A digest that is due: its numbers computed once and kept, posted once, as charts of Slack's or as a picture."""

import json
import logging
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dbos import DBOS
from sqlalchemy.orm import Session

from bot import charts
from bot.acts import on_lone_timer
from bot.digest.assemble import assemble
from bot.digest.preview import audience_of, rules_of
from bot.digest.value import Digest, Pointer, to_json
from bot.effects import Effect, Start, Tell
from bot.parts import parts
from bot.views.digest import digest_message
from bot.workflows.carry import Trouble, carry_out, durably
from incidents import subscriptions
from incidents.clock import now
from incidents.db import reading
from incidents.digest_rows import Scope
from incidents.models import Timer
from incidents.periods import Period
from incidents.subscriptions import DigestSubscription, SentDigest
from integrations.slack import Message, SlackRefused

LATE = timedelta(minutes=30)  # after its time; less is not worth a word
log = logging.getLogger("rai.digest")


@on_lone_timer(subscriptions.TIMER)
def due(session: Session, timer: Timer) -> list[Effect]:
    """A period's digest is due: taken by one replica, which sends it."""
    sent = subscriptions.on_due(session, timer)
    return [start_of(sent)] if sent else []


def start_of(sent: SentDigest) -> Start:
    """What sends a digest that was taken."""
    taken = int(sent.claimed_at.timestamp() * 1000)  # one that could not be posted may be taken again
    return Start("post_digest", f"digest:{sent.subscription_id}:{sent.first}:{taken}", (sent.id,))


@DBOS.workflow(name="post_digest")
def post_digest(sent_id: int) -> None:
    """Compute, keep, post, and note where. Where Slack will not have it, whoever subscribed is told."""
    digest: Digest = DBOS.run_step({"name": "digest"}, compute, sent_id)
    parts().durable.transact("keep", keep, sent_id, digest)
    channel, key, owner = DBOS.run_step({"name": "where"}, whereabouts, sent_id)
    ts = durably("digest", post, channel, digest, key)
    if isinstance(ts, Trouble):
        words = (
            f"The digest of {digest.period.title} could not be posted in <#{channel}>. {ts.what} If the bot "
            "is not in that channel, invite it; then `/rai-incident digest now` there sends it."
        )
        parts().durable.transact("unsent", release, sent_id)
        carry_out(Tell(owner, Message(words)), f"{key}:trouble", None)
        return
    parts().durable.transact("sent", mark_sent, sent_id, ts)


@DBOS.workflow(name="preview_digest")
def preview_digest(user: str, team_id: str, channel: str, every: str, key: str) -> None:
    """The newest whole period as the channel would get it, for one person's eyes."""
    digest = DBOS.run_step({"name": "digest"}, compute_preview, team_id, channel, every)
    carry_out(Tell(user, digest_message(digest, preview=True), channel), key, None)


def compute(sent_id: int) -> Digest:
    """The digest of one claimed period, as the record stands now."""
    with reading(parts().db) as session:
        sent = session.get_one(SentDigest, sent_id)
        row = session.get_one(DigestSubscription, sent.subscription_id)
        late = sent.due_at if sent.asked_by is None and now() - sent.due_at > LATE else None
        return _of(session, row, sent.period(row), late)


def compute_preview(team_id: str, channel: str, every: str) -> Digest:
    """The digest of the newest whole period; without a subscription, as the form offers it."""
    with reading(parts().db) as session:
        row = next((each for each in subscriptions.of_channel(session, channel) if each.every == every), None)
        if row is None:
            row = DigestSubscription(
                team_id=team_id,
                channel=channel,
                every=every,
                weekday=0,
                at="09:00",
                zone="UTC",
                systems=[],
                harm_classes=[],
                audience="team",
            )
        return _of(session, row, row.rhythm.newest(now()), None)


def _of(session: Session, row: DigestSubscription, period: Period, late_since: datetime | None) -> Digest:
    room = parts().announce_channel
    home = Pointer(None, room, parts().channel_url(room)) if room else None
    scope = Scope(row.team_id, tuple(row.systems), tuple(row.harm_classes))
    own = parts()
    rules = rules_of(own.settings, own.policy, own.clocks, own.programme, own.scenarios)
    audience = audience_of(row.audience == "organisation")
    return assemble(session, period, scope, audience, rules, now(), home=home, late_since=late_since)


def whereabouts(sent_id: int) -> tuple[str, str, str]:
    """(channel, the message's key, who subscribed)."""
    with reading(parts().db) as session:
        sent = session.get_one(SentDigest, sent_id)
        row = session.get_one(DigestSubscription, sent.subscription_id)
        return row.channel, f"digest:{row.id}:{sent.first}", row.changed_by


def post(channel: str, digest: Digest, key: str, again: bool) -> str:
    """Post once per `key`; the message's ts. The picture is drawn only for a workspace that refuses Slack's charts."""
    slack, message = parts().slack, digest_message(digest)
    if not slack.refuses(message):
        try:
            return slack.post(channel, replace(message, plain=None), key=key, again=again)
        except SlackRefused as error:
            if error.code != "invalid_blocks":
                raise
    if not charts.drawable(digest):
        return slack.post(channel, message, key=key, again=again)
    picture = charts.draw_apart(digest)
    address = slack.picture(f"{key.replace(':', '-')}.png", picture, charts.alt_text(digest))
    try:
        if address is not None:
            return slack.post(channel, digest_message(digest, [address]), key=key, again=again)
    except SlackRefused as error:
        if error.code != "invalid_blocks":
            raise
        log.warning("Slack does not take the picture into the message; it goes into the thread")
    ts = slack.post(channel, message, key=key, again=again)
    name = f"{key.replace(':', '-')}-trends.png"
    slack.share_picture(channel, ts, name=name, content=picture, alt_text=charts.alt_text(digest))
    return ts


def keep(session: Session, sent_id: int, digest: Digest) -> None:
    """What is said, kept beside the fact that it was."""
    session.get_one(SentDigest, sent_id).numbers = _plain(to_json(digest))


def mark_sent(session: Session, sent_id: int, ts: str) -> None:
    """It is there."""
    sent = session.get_one(SentDigest, sent_id)
    sent.sent_at, sent.ts = now(), ts


def release(session: Session, sent_id: int) -> None:
    """It could not be sent at all: somebody may ask for it again."""
    session.delete(session.get_one(SentDigest, sent_id))


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    def text(item: object) -> str:
        return item.isoformat() if isinstance(item, date | datetime) else str(item)

    plain: dict[str, Any] = json.loads(json.dumps(value, default=text))
    return plain
