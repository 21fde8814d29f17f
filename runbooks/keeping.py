"""The last working text of each of the organisation's own runbook files: a broken one does not vanish at a restart."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.clock import now
from incidents.db import insert_once
from incidents.models import Base
from runbooks.catalogue import Catalogue


class KeptRunbook(Base):
    """A file of the organisation's runbooks as it was when it was last without a fault."""

    __tablename__ = "kept_runbooks"

    file: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    text: Mapped[str] = mapped_column(sa.Text)
    kept_at: Mapped[datetime]


def kept(session: Session) -> dict[str, str]:
    """The text of each file when it last worked, by the file's name."""
    return {row.file: row.text for row in session.scalars(sa.select(KeptRunbook))}


def keep(session: Session, catalogue: Catalogue) -> None:
    """Remember what works now. A file that is gone is forgotten; one that is broken keeps what worked."""
    working = {item.file: item.text for item in catalogue.definitions.values() if not item.shipped}
    for file, text in working.items():
        insert_once(session, KeptRunbook, file=file, text=text, kept_at=now())
        changed = sa.update(KeptRunbook).where(KeptRunbook.file == file, KeptRunbook.text != text)
        session.execute(changed.values(text=text, kept_at=now()))
    there = {*working, *(fault.file for fault in catalogue.faults)}
    session.execute(sa.delete(KeptRunbook).where(KeptRunbook.file.not_in(there)))
