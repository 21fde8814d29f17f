"""A daily allowance, shared by all replicas: so many uses a day (UTC) of something that costs money."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.clock import now
from incidents.models import Base


class DailyUse(Base):
    """How often something was used on one day."""

    __tablename__ = "daily_uses"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    used: Mapped[int]


def spend(session: Session, name: str, limit: int) -> bool:
    """Take one use of today's allowance. False, and nothing taken, when `limit` were taken already."""
    today = now().date()
    take = (
        sa.update(DailyUse)
        .where(DailyUse.name == name, DailyUse.day == today, DailyUse.used < limit)
        .values(used=DailyUse.used + 1)
        .returning(DailyUse.used)
    )
    if session.execute(take).first() is not None:
        return True
    if session.get(DailyUse, (name, today), populate_existing=True) is not None or limit < 1:
        return False
    try:
        with session.begin_nested():
            session.add(DailyUse(name=name, day=today, used=1))
    except sa.exc.IntegrityError:  # another replica was first today
        return session.execute(take).first() is not None
    return True
