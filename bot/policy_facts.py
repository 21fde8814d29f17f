"""What `/rai-incident policy` shows one person: the policy in force, what would replace it, and what that changes."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.policy import PolicyInForce
from bot.views.policy import Changes, InForce, OnFile, PolicyFacts, Waiting
from incidents import access, assessing, lifecycle, policies
from incidents.access import Person
from severity.cases import run_cases
from severity.errors import PolicyError
from severity.explain import Past, answerable, diff
from severity.policy import Policy

COMPARED = 1_000  # newest past assessments; the command line compares all


def policy_facts(
    session: Session, source: PolicyInForce, who: Person, *, is_admin: bool, admins_group: str
) -> PolicyFacts:
    """Incidents that `who` may not see are left out of every list and count."""
    row = policies.active(session)
    assert row is not None  # begin() put one in force
    current = source.by_hash(session, row.hash)
    proposal = policies.waiting(session)
    edited = source.edited()
    past: list[Past] | None = None

    def changed(after: Policy) -> Changes:
        nonlocal past
        past = _visible_past(session, who) if past is None else past
        return changes(current, after, past, source)

    waiting = None
    if proposal is not None:
        proposed = source.by_hash(session, proposal.hash)
        waiting = Waiting(
            activation_id=proposal.id,
            version=proposed.version,
            short_hash=proposed.short_hash,
            requested_by=proposal.requested_by,
            requested_at=proposal.requested_at,
            changes=changed(proposed),
        )
    on_file = None
    if edited is not None and edited.policy is None:
        on_file = OnFile(fault=edited.fault)
    elif edited is not None and edited.policy is not None and (proposal is None or proposal.hash != edited.policy.hash):
        on_file = OnFile("", edited.policy.version, edited.policy.hash, changed(edited.policy))
    return PolicyFacts(
        in_force=InForce(
            version=current.version,
            short_hash=current.short_hash,
            since=row.decided_at or row.requested_at,
            requested_by=row.requested_by,
            approved_by=row.approved_by,
        ),
        waiting=waiting,
        on_file=on_file,
        may_change=is_admin,
        viewer=who.user_id,
        admins_group=admins_group,
    )


def changes(before: Policy, after: Policy, past: Sequence[Past], source: PolicyInForce) -> Changes:
    """Past assessments that `after` answers otherwise, and named cases that do not hold under it."""
    comparable = answerable(before, past)
    return Changes(
        past=[f"{item.id}: {item.reason}" for item in diff(before, after, comparable)],
        compared=len(comparable),
        not_comparable=len(past) - len(comparable),
        cases=_failing(after, source),
    )


def _failing(policy: Policy, source: PolicyInForce) -> list[str]:
    try:
        results = run_cases(policy, source.cases_file)
    except PolicyError as error:
        return [str(fault) for fault in error.faults]
    return [f"{case.name}: {'; '.join(case.faults)}" for case in results if not case.passed]


def _visible_past(session: Session, who: Person) -> list[Past]:
    return [
        past
        for incident, past in assessing.past(session, COMPARED)
        if access.visible_to(incident, who, set(lifecycle.holders(session, incident.id).values()))
    ]
