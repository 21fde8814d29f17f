"""Every severity policy that was ever in force, word for word, and who put it there.

An assessment keeps the hash of the policy it was made with; the text stands here, so the assessment can be explained
again for as long as the record lives. Another policy comes into force when one admin proposes it and a second one
approves; the one before stays in force until then (abuse case 40).
"""

from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.access import UNSURE, one_human, person_of, require_admin
from incidents.clock import now
from incidents.db import insert_once, partial_index
from incidents.errors import Conflict, NotAllowed, NotFound
from incidents.models import Base
from severity.policy import Policy, policy_from_text

SHIPPED = "shipped"  # who "asked" for the policy that comes with the program
T = TypeVar("T", bound=Base)


class StoredPolicy(Base):
    """One policy, as the canonical YAML its hash is taken of. Never changed, never deleted."""

    __tablename__ = "policies"

    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(80))
    text: Mapped[str] = mapped_column(sa.Text)
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(sa.String(40))


class PolicyActivation(Base):
    """One proposal to put a policy in force, and what became of it."""

    __tablename__ = "policy_activations"
    __table_args__ = (
        sa.CheckConstraint("state IN ('proposed', 'active', 'superseded', 'rejected')", name="state"),
        # Two people means two humans, whatever accounts they hold.
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_by <> requested_by AND approver_person <> requester_person)",
            name="two_people",
        ),
        # Only the policy that came with the program may be in force without a second person.
        sa.CheckConstraint(
            "state <> 'active' OR approved_by IS NOT NULL OR requested_by = 'shipped'", name="active_is_approved"
        ),
        # One policy is in force, and one at most waits.
        partial_index("uq_policy_activations_open", "state", where="state IN ('active', 'proposed')", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(sa.ForeignKey("policies.hash"))
    state: Mapped[str] = mapped_column(sa.String(10))
    requested_by: Mapped[str] = mapped_column(sa.String(40))
    requester_person: Mapped[str] = mapped_column(sa.String(200))  # the human behind the account
    requested_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(sa.String(40))
    approver_person: Mapped[str | None] = mapped_column(sa.String(200))
    rejected_by: Mapped[str | None] = mapped_column(sa.String(40))
    decided_at: Mapped[datetime | None]


def remember(session: Session, policy: Policy, *, by: str = SHIPPED) -> None:
    """Keep a policy's text under its hash; known already is fine."""
    insert_once(
        session,
        StoredPolicy,
        hash=policy.hash,
        version=policy.version,
        text=policy.text,
        added_at=now(),
        added_by=by,
    )


def begin_with(session: Session, shipped: Policy) -> None:
    """Put the shipped policy in force where none ever was; several replicas may do so at once."""
    remember(session, shipped)
    if active(session) is None:
        insert_once(
            session,
            PolicyActivation,
            hash=shipped.hash,
            state="active",
            requested_by=SHIPPED,
            requester_person=SHIPPED,
            requested_at=now(),
            decided_at=now(),
        )


def active(session: Session) -> PolicyActivation | None:
    """What is in force; None only before the first start."""
    return _in_state(session, "active")


def waiting(session: Session) -> PolicyActivation | None:
    """The proposal that waits for a second admin, if one does."""
    return _in_state(session, "proposed")


def text_of(session: Session, policy_hash: str) -> str:
    """The text a hash stands for. Raises NotFound."""
    stored = session.get(StoredPolicy, policy_hash)
    if stored is None:
        raise NotFound(f"The record has no policy {policy_hash[:12]}. Nothing was changed.")
    return stored.text


def policy_of(session: Session, policy_hash: str) -> Policy:
    """The policy a hash stands for, loaded and proved (0.2 s). Raises Conflict when its text was changed."""
    policy = policy_from_text(text_of(session, policy_hash), f"policy {policy_hash[:12]}")
    if policy.hash != policy_hash:
        raise Conflict(f"The stored text of policy {policy_hash[:12]} was changed: it now hashes to another value.")
    return policy


def propose(
    session: Session, policy_hash: str, *, by: str, is_admin: bool | None, person: str | None = None
) -> PolicyActivation:
    """Ask for a remembered policy to come into force. A proposal that waited before it is superseded.

    `is_admin` is None when membership could not be read, which denies. `person` identifies the human behind the
    account (the verified e-mail address), so that a second account of theirs is still theirs.
    """
    require_admin(is_admin)
    text_of(session, policy_hash)
    in_force, before = active(session), waiting(session)
    if in_force is not None and in_force.hash == policy_hash:
        raise Conflict("That policy is in force already. Nothing was changed.")
    if before is not None and before.hash == policy_hash:
        raise Conflict(f"<@{before.requested_by}> proposed it already; another admin has to approve. Nothing changed.")
    if before is not None:
        before.state = "superseded"
        session.flush()
    row = PolicyActivation(
        hash=policy_hash,
        state="proposed",
        requested_by=by,
        requester_person=person_of(person, by),
        requested_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def approve(
    session: Session, activation_id: int, *, by: str, is_admin: bool | None, person: str | None = None
) -> PolicyActivation:
    """A second admin's yes: the proposed policy is in force from now on."""
    require_admin(is_admin)
    row = _proposed(session, activation_id)
    human = person_of(person, by)
    same = one_human(by, human, row.requested_by, row.requester_person)
    if same is None:
        raise NotAllowed(UNSURE)
    if same:
        raise NotAllowed(
            "You proposed this policy, so another admin has to approve it. The policy in force stays. "
            "Nothing was changed."
        )
    before = active(session)
    if before is not None:
        before.state = "superseded"
        session.flush()
    row.state, row.approved_by, row.approver_person, row.decided_at = "active", by, human, now()
    session.flush()
    return row


def reject(session: Session, activation_id: int, *, by: str, is_admin: bool | None) -> PolicyActivation:
    """An admin's no, or the requester taking it back; the policy in force stays."""
    require_admin(is_admin)
    row = _proposed(session, activation_id)
    row.state, row.rejected_by, row.decided_at = "rejected", by, now()
    session.flush()
    return row


def _proposed(session: Session, activation_id: int) -> PolicyActivation:
    row = session.get(PolicyActivation, activation_id, with_for_update=True)
    if row is None or row.state != "proposed":
        raise Conflict(
            "That proposal does not wait any more. Nothing was changed; /rai-incident policy shows what does."
        )
    return row


def _in_state(session: Session, state: str) -> PolicyActivation | None:
    return session.scalars(sa.select(PolicyActivation).where(PolicyActivation.state == state)).first()
