"""Who gets a digest, when; and which digests were given: one row per subscription and period, and never two."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents import timers
from incidents.clock import now
from incidents.db import Json
from incidents.errors import BadInput, Conflict, NotFound
from incidents.models import Base, Timer
from incidents.periods import EVERY, Period, Rhythm

TIMER = "digest"
AUDIENCES = ("team", "organisation")


class DigestSubscription(Base):
    """A channel's digest. `audience` says whether small numbers are shown: `organisation` hides them."""

    __tablename__ = "digest_subscriptions"
    __table_args__ = (
        sa.UniqueConstraint("channel", "every"),  # one weekly, one monthly, one quarterly
        sa.CheckConstraint("every IN ('weekly', 'monthly', 'quarterly')", name="every"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.CheckConstraint("audience IN ('team', 'organisation')", name="audience"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(sa.String(40), index=True)
    channel: Mapped[str] = mapped_column(sa.String(40))
    every: Mapped[str] = mapped_column(sa.String(10))
    weekday: Mapped[int] = mapped_column(sa.SmallInteger)  # 0 is Monday
    at: Mapped[str] = mapped_column(sa.String(5))  # local time, HH:MM
    zone: Mapped[str] = mapped_column(sa.String(64))
    systems: Mapped[list[str]] = mapped_column(default=list)  # none: all
    harm_classes: Mapped[list[str]] = mapped_column(default=list)
    audience: Mapped[str] = mapped_column(sa.String(12))
    changed_by: Mapped[str] = mapped_column(sa.String(40))
    changed_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)  # timers of an earlier one are void

    @property
    def rhythm(self) -> Rhythm:
        """When it is due."""
        return Rhythm(self.every, self.weekday, time.fromisoformat(self.at), self.zone)  # type: ignore[arg-type]


class SentDigest(Base):
    """One digest of one subscription: claimed when it was due, sent when Slack had it."""

    __tablename__ = "sent_digests"
    __table_args__ = (sa.UniqueConstraint("subscription_id", "first", name="uq_sent_digests_period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(sa.ForeignKey("digest_subscriptions.id"))
    first: Mapped[date] = mapped_column(sa.Date)
    after: Mapped[date] = mapped_column(sa.Date)
    due_at: Mapped[datetime]
    claimed_at: Mapped[datetime]
    asked_by: Mapped[str | None] = mapped_column(sa.String(40))  # who sent it by hand; None: the clock
    sent_at: Mapped[datetime | None]
    ts: Mapped[str | None] = mapped_column(sa.String(40))
    numbers: Mapped[dict[str, Any] | None] = mapped_column(Json)  # what it said

    def period(self, subscription: DigestSubscription) -> Period:
        """The days it tells of."""
        return Period(self.first, self.after, subscription.zone, subscription.rhythm.every)


def subscribe(
    session: Session,
    *,
    team_id: str,
    channel: str,
    every: str,
    weekday: int,
    at: str,
    zone: str,
    systems: Sequence[str],
    harm_classes: Sequence[str],
    audience: str,
    by: str,
) -> DigestSubscription:
    """Subscribe a channel, or change its subscription of this rhythm. Raises BadInput naming the field."""
    _check(every, weekday, at, zone, audience)
    if audience == "organisation":
        _check_organisation(session, team_id, channel, every, weekday, zone, [*systems, *harm_classes])
    row = find(session, channel, every)
    if row is None:
        row = DigestSubscription(team_id=team_id, channel=channel, every=every, revision=0, paused_at=None)
        session.add(row)
    row.weekday, row.at, row.zone, row.audience = weekday, at, zone, audience
    row.systems, row.harm_classes = sorted(systems), sorted(harm_classes)
    _changed(session, row, by, None)
    return row


def pause(session: Session, row: DigestSubscription, *, by: str) -> None:
    """Send nothing until somebody resumes it; periods that end meanwhile are left out."""
    if row.paused_at is not None:
        raise Conflict("This digest is paused already. Nothing was changed.")
    _changed(session, row, by, now())


def resume(session: Session, row: DigestSubscription, *, by: str) -> None:
    """Send again, from the next due time on."""
    if row.paused_at is None:
        raise Conflict("This digest is not paused. Nothing was changed.")
    _changed(session, row, by, None)


def find(session: Session, channel: str, every: str) -> DigestSubscription | None:
    """A channel's subscription of one rhythm, locked."""
    query = sa.select(DigestSubscription).where(
        DigestSubscription.channel == channel, DigestSubscription.every == every
    )
    return session.scalars(query.with_for_update()).first()


def get(session: Session, subscription_id: int, team_id: str) -> DigestSubscription:
    """One subscription of this workspace, locked. Raises NotFound."""
    row = session.get(DigestSubscription, subscription_id, with_for_update=True)
    if row is None or row.team_id != team_id:
        raise NotFound("There is no such digest any more. Nothing was changed.")
    return row


def of_channel(session: Session, channel: str) -> list[DigestSubscription]:
    """A channel's subscriptions, the shortest rhythm first."""
    rows = session.scalars(sa.select(DigestSubscription).where(DigestSubscription.channel == channel))
    return sorted(rows, key=lambda row: EVERY.index(row.rhythm.every))


def claim(
    session: Session, row: DigestSubscription, period: Period, due_at: datetime, *, by: str | None = None
) -> SentDigest | None:
    """Take a period's digest to send; None when it was taken before. The row's lock orders the takers."""
    query = sa.select(SentDigest.id).where(SentDigest.subscription_id == row.id, SentDigest.first == period.first)
    if session.execute(query).first() is not None:
        return None
    sent = SentDigest(
        subscription_id=row.id, first=period.first, after=period.after, due_at=due_at, claimed_at=now(), asked_by=by
    )
    session.add(sent)
    session.flush()
    return sent


def on_due(session: Session, timer: Timer) -> SentDigest | None:
    """The digest that a due timer asks for, taken; and the timer for the one after it.

    Each missed period has its own: after an outage they come one after the other, the oldest first, all of them late.
    """
    row = session.get(DigestSubscription, int(timer.payload["subscription"]), with_for_update=True)
    if row is None or row.paused_at is not None or row.revision != timer.payload["revision"]:
        return None
    first, after = (date.fromisoformat(timer.payload[name]) for name in ("first", "after"))
    period = Period(first, after, row.zone, row.rhythm.every)
    _arm(session, row, period.following)
    return claim(session, row, period, timer.due_at)


def _changed(session: Session, row: DigestSubscription, by: str, paused_at: datetime | None) -> None:
    row.changed_by, row.changed_at, row.paused_at = by, now(), paused_at
    row.revision += 1
    session.flush()
    if paused_at is None:
        _arm(session, row, row.rhythm.next(now()))


def _arm(session: Session, row: DigestSubscription, period: Period) -> None:
    payload = {
        "subscription": row.id,
        "revision": row.revision,
        "first": period.first.isoformat(),
        "after": period.after.isoformat(),
    }
    key = f"digest:{row.id}:{row.revision}:{period.first.isoformat()}"
    timers.set_timer(session, TIMER, key, row.rhythm.due(period), payload=payload)


def _check(every: str, weekday: int, at: str, zone: str, audience: str) -> None:
    if every not in EVERY:
        raise BadInput("every", f"A digest comes {', '.join(EVERY)}.")
    if weekday not in range(7):
        raise BadInput("weekday", "Choose a weekday.")
    try:
        time.fromisoformat(at)
        usable = len(at) == 5
    except ValueError:
        usable = False
    if not usable:
        raise BadInput("at", "A time of day looks like 09:00.")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise BadInput("zone", f"{zone[:40]} is no time zone. Zones look like Europe/Berlin or UTC.") from None
    if audience not in AUDIENCES:
        raise BadInput("audience", f"The audience is {' or '.join(AUDIENCES)}.")


def _check_organisation(
    session: Session, team_id: str, channel: str, every: str, weekday: int, zone: str, filters: list[str]
) -> None:
    """Whoever reads two digests can subtract them: all for the organisation count the same, of the same days."""
    if filters:
        raise BadInput(
            "audience",
            "A digest for the organisation covers every AI system and harm class: from two that differ, the small "
            "numbers that it hides could be worked out. Leave both fields empty, or choose the team.",
        )
    others = session.scalars(
        sa.select(DigestSubscription).where(
            DigestSubscription.team_id == team_id,
            DigestSubscription.audience == "organisation",
            sa.or_(DigestSubscription.channel != channel, DigestSubscription.every != every),
        )
    )
    for other in others:
        if (other.every, other.weekday, other.zone) != (every, weekday, zone):
            days = f"{other.every}, on weekday {other.weekday + 1} in {other.zone}"
            raise BadInput(
                "audience",
                f"Another channel has the organisation's digest {days}. All of them must cover the same days: from two "
                "that overlap, the small numbers that they hide could be worked out.",
            )
