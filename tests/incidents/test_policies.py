"""Which severity policy is in force, who put it there, and that an old one can always be read again."""

import pytest
import sqlalchemy as sa
from recordkit import LEAD, ONCALL, REPORTER
from sqlalchemy.orm import Session

from incidents import policies
from incidents.errors import Conflict, NotAllowed, NotFound
from incidents.policies import PolicyActivation, StoredPolicy
from severity.policy import SHIPPED, Policy, load_policy, policy_from_text

PRIVACY = "U0PRIVACY1"


def edited(version: str = "2") -> Policy:
    """The shipped policy with another floor for reports that speak of an injury."""
    text = SHIPPED.read_text(encoding="utf-8").replace('version: "1"', f'version: "{version}"')
    return policy_from_text(text.replace("injury:\n      severity: SEV2", "injury:\n      severity: SEV1"))


@pytest.fixture(scope="module")
def shipped() -> Policy:
    return load_policy()


@pytest.fixture(scope="module")
def own() -> Policy:
    return edited()


@pytest.fixture
def proposal(session: Session, shipped: Policy, own: Policy) -> PolicyActivation:
    """The own policy, proposed by one admin while the shipped one is in force."""
    policies.begin_with(session, shipped)
    policies.remember(session, own)
    return policies.propose(session, own.hash, by=LEAD, is_admin=True, person="lead@example.com")


def in_force(session: Session) -> str:
    row = policies.active(session)
    assert row is not None
    return row.hash


def test_an_empty_record_starts_with_the_shipped_policy(session: Session, shipped: Policy) -> None:
    policies.begin_with(session, shipped)
    row = policies.active(session)
    assert row is not None
    assert (row.hash, row.requested_by, row.approved_by) == (shipped.hash, "shipped", None)


def test_a_second_start_changes_nothing(session: Session, shipped: Policy, own: Policy) -> None:
    policies.begin_with(session, shipped)
    policies.begin_with(session, shipped)
    policies.begin_with(session, own)
    assert in_force(session) == shipped.hash
    assert session.scalar(sa.select(sa.func.count()).select_from(PolicyActivation)) == 1


def test_a_stored_policy_reads_back_as_the_same_policy(session: Session, own: Policy) -> None:
    policies.remember(session, own)
    policies.remember(session, own)
    again = policies.policy_of(session, own.hash)
    assert (again.hash, again.version, again.text) == (own.hash, own.version, own.text)


def test_a_policy_that_was_never_stored_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="no policy 000000000000"):
        policies.text_of(session, "0" * 64)


def test_a_stored_text_that_was_changed_is_refused(session: Session, own: Policy) -> None:
    policies.remember(session, own)
    changed = own.text.replace("the report speaks of a death", "the report speaks of nothing much")
    session.execute(sa.update(StoredPolicy).where(StoredPolicy.hash == own.hash).values(text=changed))
    session.expire_all()
    with pytest.raises(Conflict, match="was changed"):
        policies.policy_of(session, own.hash)


def test_a_proposal_alone_changes_nothing(session: Session, shipped: Policy, proposal: PolicyActivation) -> None:
    assert in_force(session) == shipped.hash
    waiting = policies.waiting(session)
    assert waiting is not None
    assert waiting.id == proposal.id


def test_abuse_40_one_admin_cannot_activate_a_policy_alone(
    session: Session, shipped: Policy, proposal: PolicyActivation
) -> None:
    with pytest.raises(NotAllowed, match="another admin"):
        policies.approve(session, proposal.id, by=LEAD, is_admin=True, person="lead@example.com")
    assert in_force(session) == shipped.hash


def test_abuse_40_a_second_account_of_the_same_human_is_not_a_second_admin(
    session: Session, shipped: Policy, proposal: PolicyActivation
) -> None:
    with pytest.raises(NotAllowed, match="another admin"):
        policies.approve(session, proposal.id, by="U0LEADTWO1", is_admin=True, person=" Lead@Example.com ")
    assert in_force(session) == shipped.hash


def test_two_admins_put_a_policy_in_force(session: Session, own: Policy, proposal: PolicyActivation) -> None:
    row = policies.approve(session, proposal.id, by=PRIVACY, is_admin=True, person="privacy@example.com")
    assert in_force(session) == own.hash
    assert (row.requested_by, row.approved_by) == (LEAD, PRIVACY)
    states = session.scalars(sa.select(PolicyActivation.state).order_by(PolicyActivation.id)).all()
    assert states == ["superseded", "active"]


def test_an_approval_counts_once(session: Session, proposal: PolicyActivation) -> None:
    policies.approve(session, proposal.id, by=PRIVACY, is_admin=True, person="privacy@example.com")
    with pytest.raises(Conflict, match="does not wait any more"):
        policies.approve(session, proposal.id, by=ONCALL, is_admin=True, person="oncall@example.com")


def test_abuse_40_where_slack_says_who_one_of_two_admins_is_nobody_can_tell_and_it_is_denied(
    session: Session, proposal: PolicyActivation
) -> None:
    with pytest.raises(NotAllowed, match="two people"):
        policies.approve(session, proposal.id, by=PRIVACY, is_admin=True)


@pytest.mark.parametrize("is_admin", [False, None])
def test_who_is_not_known_to_be_an_admin_does_nothing(
    session: Session, shipped: Policy, own: Policy, proposal: PolicyActivation, is_admin: bool | None
) -> None:
    with pytest.raises(NotAllowed):
        policies.propose(session, shipped.hash, by=REPORTER, is_admin=is_admin)
    with pytest.raises(NotAllowed):
        policies.approve(session, proposal.id, by=REPORTER, is_admin=is_admin)
    with pytest.raises(NotAllowed):
        policies.reject(session, proposal.id, by=REPORTER, is_admin=is_admin)
    assert in_force(session) == shipped.hash
    assert proposal.state == "proposed"


def test_a_rejected_policy_never_comes_into_force(
    session: Session, shipped: Policy, proposal: PolicyActivation
) -> None:
    policies.reject(session, proposal.id, by=PRIVACY, is_admin=True)
    with pytest.raises(Conflict):
        policies.approve(session, proposal.id, by=PRIVACY, is_admin=True)
    assert in_force(session) == shipped.hash
    assert proposal.rejected_by == PRIVACY


def test_a_newer_proposal_replaces_the_one_that_waits(session: Session, proposal: PolicyActivation) -> None:
    newer = edited("3")
    policies.remember(session, newer)
    row = policies.propose(session, newer.hash, by=PRIVACY, is_admin=True)
    assert proposal.state == "superseded"
    waiting = policies.waiting(session)
    assert waiting is not None
    assert waiting.id == row.id


def test_what_is_in_force_or_waits_already_is_not_proposed_again(
    session: Session, shipped: Policy, own: Policy, proposal: PolicyActivation
) -> None:
    with pytest.raises(Conflict, match="in force already"):
        policies.propose(session, shipped.hash, by=LEAD, is_admin=True)
    with pytest.raises(Conflict, match="another admin has to approve"):
        policies.propose(session, own.hash, by=PRIVACY, is_admin=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "active"},
        {"state": "active", "approved_by": LEAD, "approver_person": "someone@example.com"},
        {"state": "active", "approved_by": PRIVACY, "approver_person": "lead@example.com"},
    ],
)
def test_abuse_40_the_database_itself_refuses_a_policy_without_two_people(
    session: Session, proposal: PolicyActivation, changed: dict[str, str]
) -> None:
    now = sa.update(PolicyActivation).where(PolicyActivation.state == "active").values(state="superseded")
    session.execute(now)
    alone = sa.update(PolicyActivation).where(PolicyActivation.id == proposal.id).values(**changed)
    with session.begin_nested() as savepoint:
        with pytest.raises(sa.exc.IntegrityError):
            session.execute(alone)
        savepoint.rollback()
