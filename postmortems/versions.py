"""Versions of a postmortem's text: only added, never changed, each with its author and state."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.clock import now
from incidents.models import Incident
from postmortems.draft import Draft
from postmortems.models import SAVED, PostmortemVersion


def save_draft(session: Session, incident: Incident, draft: Draft, *, by: str, key: str) -> PostmortemVersion:
    """Save a draft as the next version, with its timeline entry, in the caller's transaction.

    The same `key` again answers the version it saved first and changes nothing.
    """
    # The incident's row lock orders the writers, so that version numbers have no holes and no twins.
    session.execute(sa.select(Incident.id).where(Incident.id == incident.id).with_for_update())
    saved = session.scalars(sa.select(PostmortemVersion).where(PostmortemVersion.key == key)).first()
    if saved is not None:
        return saved
    before = latest(session, incident)
    version = PostmortemVersion(
        incident_id=incident.id,
        version=before.version + 1 if before else 1,
        state="draft",
        author=by,
        body=draft.body,
        citations=[citation.as_json() for citation in draft.citations],
        created_at=now(),
        key=key,
    )
    session.add(version)
    session.flush()
    gaps = len(draft.gaps)
    timeline.append(
        session,
        incident.id,
        SAVED,
        by,
        f"Postmortem draft, version {version.version}, with {gaps} open question{'' if gaps == 1 else 's'}",
        key=f"postmortem:{key}",
        data={"version": version.version, "state": version.state},
    )
    return version


def latest(session: Session, incident: Incident) -> PostmortemVersion | None:
    """The newest version, or None where nothing was drafted."""
    return session.scalars(_versions(incident).order_by(PostmortemVersion.version.desc()).limit(1)).first()


def list_versions(session: Session, incident: Incident) -> Sequence[PostmortemVersion]:
    """All versions, oldest first."""
    return session.scalars(_versions(incident).order_by(PostmortemVersion.version)).all()


def _versions(incident: Incident) -> sa.Select[PostmortemVersion]:
    return sa.select(PostmortemVersion).where(PostmortemVersion.incident_id == incident.id)
