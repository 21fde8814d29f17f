"""Break glass: in an emergency one responder alone lets a plan go ahead, and another must review that afterwards.

Only the second person is left out: the group, the plan's hash, its fifteen minutes and the one execution hold as ever.
The review stands until somebody else has closed it with words; until then the incident cannot be closed.
"""

from datetime import timedelta
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline, timers
from incidents.access import UNSURE, one_human, person_of, then_or_now
from incidents.clock import now
from incidents.errors import BadInput, Conflict, NotAllowed, NotFound
from incidents.lifecycle import check_text
from runbooks.approvals import Refused, barred, change, find_locked, refuse, used
from runbooks.models import BreakGlass

Verdict = Literal["justified", "not_justified"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
REVIEW = "break_glass_review"  # the timer's kind
FIRST_REMINDER = timedelta(hours=4)
EVERY = timedelta(hours=24)


def use(
    session: Session,
    plan_id: int,
    plan_hash: str,
    *,
    by: str,
    reason: str,
    responders: frozenset[str] | None,
    key: str,
    person: str | None = None,
) -> BreakGlass | Refused:
    """Let the plan with this hash go ahead on one responder's word; it is `approved` then, and a review is due.

    Arguments as of `approvals.approve`. The same key again answers with the use it made. Raises BadInput without a
    reason, NotFound for an unknown plan.
    """
    plan, incident = find_locked(session, plan_id)
    known = used(session, plan)
    if known is not None and known.key == key:
        return known
    reason = check_text("reason", reason)
    obstacle = barred(session, plan, incident, by=by, responders=responders, plan_hash=plan_hash, at=now())
    if obstacle is not None:
        return refuse(session, plan, by, obstacle.code, obstacle.message)
    row = BreakGlass(
        key=key,
        plan_id=plan.id,
        plan_hash=plan.plan_hash,
        incident_id=incident.id,
        used_by=by,
        person=person_of(person, by),
        reason=reason,
        at=now(),
    )
    session.add(row)
    plan.state = "approved"
    incident.unreviewed += 1
    session.flush()
    timeline.append(
        session,
        incident.id,
        "break_glass",
        by,
        f"Break glass used for {change(plan)}: one responder alone, because: {reason}",
        key=f"break-glass:{row.id}",
        data={"break_glass": row.id, "plan": plan.id, "plan_hash": plan.plan_hash, "what": "used"},
    )
    remind(session, row, FIRST_REMINDER)
    return row


def review(
    session: Session,
    break_glass_id: int,
    *,
    by: str,
    verdict: str,
    words: str,
    responders: frozenset[str] | None,
    person: str | None = None,
    user: str | None = None,
) -> BreakGlass:
    """Another responder says whether it was right. Final. `person` is the human behind the reviewer's account, `user`
    the one behind that of who used it, as known now.

    Raises NotAllowed for whoever used it (by any account) and for strangers, Conflict when it was reviewed before,
    BadInput without words or with another verdict.
    """
    row = session.get(BreakGlass, break_glass_id)
    if row is None:
        raise NotFound("There is no such use of break glass.")
    incident = lifecycle.lock(session, row.incident_id)
    session.refresh(row)
    if verdict not in VERDICTS:
        raise BadInput("verdict", f"{verdict!r:.40} is no verdict: {', '.join(VERDICTS)}.")
    words = check_text("words", words)
    if row.reviewed_by is not None:
        raise Conflict(f"<@{row.reviewed_by}> has reviewed this already. Nothing was changed.")
    if by not in (responders or frozenset()):
        raise NotAllowed("Only members of the responders' group may review this. Nothing was changed.")
    same = one_human(by, person_of(person, by), row.used_by, then_or_now(row.person, row.used_by, user))
    if same is None:
        raise NotAllowed(UNSURE)
    if same:
        raise NotAllowed("You used break glass, so another responder has to review it. Nothing was changed.")
    row.verdict, row.words, row.reviewed_at = verdict, words, now()
    row.reviewed_by, row.reviewer_person = by, person_of(person, by)
    incident.unreviewed -= 1
    session.flush()
    said = "justified" if verdict == "justified" else "NOT justified"
    timeline.append(
        session,
        incident.id,
        "break_glass",
        by,
        f"Use of break glass reviewed: {said} — {words}",
        key=f"break-glass:{row.id}:review",
        data={"break_glass": row.id, "plan": row.plan_id, "what": "reviewed", "verdict": verdict},
    )
    return row


def remind(session: Session, row: BreakGlass, after: timedelta = EVERY) -> None:
    """Ask for the review again after a while."""
    due = now() + after
    payload = {"break_glass": row.id}
    key = f"break-glass:{row.id}:{due:%Y%m%d%H%M%S}"
    timers.set_timer(session, REVIEW, key, due, incident_id=row.incident_id, payload=payload)


def unreviewed(session: Session, incident_id: int) -> list[BreakGlass]:
    """The uses nobody else has looked at yet, oldest first."""
    query = sa.select(BreakGlass).where(BreakGlass.incident_id == incident_id, BreakGlass.verdict.is_(None))
    return list(session.scalars(query.order_by(BreakGlass.id)))
