"""Failing prompts kept as evidence, and their replay against the system before and after containment.

Both are timeline entries: the record holds them in order, hashed, and the postmortem reads them. Prompts and replies
are redacted before they are written; in a reply every digit is masked too, because names of streets have no shape.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import lifecycle, timeline
from incidents.errors import Conflict
from incidents.lifecycle import check_text
from incidents.models import Incident, TimelineEntry
from integrations.redact import redact
from runbooks.models import RollbackPlan

PROMPT, REPLAY = "failing_prompt", "replay"
MOST = 10  # prompts kept per incident: a handful proves a containment, more would be load on the system
REPLY_LENGTH = 600

Phase = Literal["before", "during", "after"]


@dataclass(frozen=True)
class Prompt:
    """A kept prompt: its number in the incident, and its redacted text."""

    number: int
    text: str


@dataclass(frozen=True)
class Result:
    """What the system said to one prompt. `trouble` says why it said nothing; `harmful` is the system's own word."""

    prompt: int
    reply: str
    harmful: bool | None
    trouble: str = ""


@dataclass(frozen=True)
class Side:
    """One prompt with what was said before containment and what was said after it, as last asked."""

    prompt: Prompt
    before: Result | None
    after: Result | None


def keep(
    session: Session, incident: Incident, text: str, *, by: str, key: str, source_url: str | None = None
) -> Prompt:
    """Keep a prompt that made the system fail. The same words again are the prompt that stands.

    Raises BadInput for nothing, Conflict when the incident is closed or holds ten already.
    """
    lifecycle.lock(session, incident.id)
    if incident.status == "closed":
        raise Conflict(f"{incident.number} is closed. Nothing was changed; reopen it to go on.")
    cleaned = redact(check_text("prompt", text))
    kept = prompts(session, incident.id)
    known = next((prompt for prompt in kept if prompt.text == cleaned), None)
    if known is not None:
        return known
    if len(kept) >= MOST:
        raise Conflict(f"{incident.number} holds {MOST} failing prompts already, which is enough to replay.")
    number = len(kept) + 1
    timeline.append(
        session,
        incident.id,
        PROMPT,
        by,
        f"Failing prompt {number} kept: {cleaned}",
        key=key,
        source_url=source_url,
        data={"number": number, "prompt": cleaned},
    )
    return Prompt(number, cleaned)


def prompts(session: Session, incident_id: int) -> list[Prompt]:
    """The kept prompts, in the order they were kept."""
    return [Prompt(int(row.data["number"]), str(row.data["prompt"])) for row in _of_kind(session, incident_id, PROMPT)]


def phase(session: Session, incident: Incident) -> Phase:
    """Whether a verified containment stands at this moment."""
    contained = sa.select(RollbackPlan.id).where(
        RollbackPlan.incident_id == incident.id, RollbackPlan.state == "verified", RollbackPlan.undoes_id.is_(None)
    )
    if incident.status != "open" or session.execute(contained.limit(1)).first() is not None:
        return "after"
    return "before"


def record(session: Session, incident_id: int, begun: Phase, results: Sequence[Result], *, by: str, key: str) -> Phase:
    """Put a replay on the record, once per key. One that a containment overtook is neither before nor after."""
    incident = lifecycle.lock(session, incident_id)
    when: Phase = begun if phase(session, incident) == begun else "during"
    harmful, silent = sum(one.harmful is True for one in results), sum(bool(one.trouble) for one in results)
    words = f"Replayed {len(results)} failing prompt{'s' if len(results) != 1 else ''} {when} containment"
    words += f": {harmful} harmful by the system's own word" if any(one.harmful is not None for one in results) else ""
    words += f", {silent} without an answer" if silent else ""
    timeline.append(
        session,
        incident_id,
        REPLAY,
        by,
        words,
        key=key,
        data={"phase": when, "results": [asdict(masked(one)) for one in results]},
    )
    return when


def sides(session: Session, incident_id: int) -> list[Side]:
    """Every kept prompt with its last answers before and after containment."""
    last: dict[tuple[int, str], Result] = {}
    for row in _of_kind(session, incident_id, REPLAY):
        for found in row.data["results"]:
            result = _result(found)
            last[result.prompt, str(row.data["phase"])] = result
    return [
        Side(prompt, last.get((prompt.number, "before")), last.get((prompt.number, "after")))
        for prompt in prompts(session, incident_id)
    ]


def masked(result: Result) -> Result:
    """A result as it may be kept and shown: redacted, digits masked, cut."""
    reply = re.sub(r"\d", "#", redact(result.reply))
    return Result(result.prompt, reply[:REPLY_LENGTH], result.harmful, result.trouble)


def _result(found: dict[str, Any]) -> Result:
    return Result(int(found["prompt"]), str(found["reply"]), found["harmful"], str(found["trouble"]))


def _of_kind(session: Session, incident_id: int, kind: str) -> Sequence[TimelineEntry]:
    query = sa.select(TimelineEntry).where(TimelineEntry.incident_id == incident_id, TimelineEntry.kind == kind)
    return session.scalars(query.order_by(TimelineEntry.seq)).all()
