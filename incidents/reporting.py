"""What an authority's form asks, as far as an incident's record answers it. The rest stays a gap that the export names.

Nothing is inferred: a field is filled from what somebody said or did, in their words or in the record's. Whatever only
a person can judge (OECD's severity, the limb of Art. 3(49), the causal link's strength) is left to one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from incidents import assessing, clock_reading, inventory, timeline
from incidents.models import Incident, TimelineEntry
from severity.clocks import Clocks
from severity.policy import Policy
from severity.taxonomy import harm_classes

CAUSAL = ("causal_link_suspected", "causal_link_established")
# Questions of the postmortem whose answers a form asks for too: question -> keys of the form's record.
ANSWERED = {
    "affected_users": ("affected_count", "harm_numbers"),
    "segments": ("affected_people",),
    "reproduction": ("reproduction",),
}
ACTED = ("executed", "verified")  # what a rollback's entry says once the system was changed


def form_record(session: Session, incident: Incident, clocks_: Clocks, policy: Policy) -> dict[str, Any]:
    """The record's answers by the keys of forms.yaml. Absent keys are gaps."""
    entries = timeline.entries(session, incident.id)
    system = inventory.find(session, incident.system_id)
    assessment = assessing.latest(session, incident.id, "confirmed")
    stamps = clock_reading.stamps_of(session, incident)
    rollbacks = [entry for entry in entries if entry.kind == "rollback" and entry.data.get("what") in ACTED]
    found: dict[str, Any] = {
        "title": incident.title,
        "summary": incident.description,
        "system": f"{system.name} ({system.id})" if system else None,
        "occurred_at": stamps.get("occurrence"),
        "aware_at": stamps.get("awareness"),
        "informed_by": "a person's report in the workspace",
        "harm_types": [harm_classes()[name].title for name in incident.harm_classes if name in harm_classes()],
        "still_going_on": {"yes": "yes", "no": "no"}.get(incident.ongoing),
        "causal_link": [_stamped(clocks_, name, stamps[name]) for name in CAUSAL if name in stamps],
        "evidence": _evidence(incident, entries),
        "evidence_preserved": [_line(entry) for entry in entries if _kept(entry)],
        "system_altered": [_line(entry) for entry in rollbacks],
        "actions_taken": [_line(entry) for entry in entries if _is_action(entry)],
        "corrective_actions": [_line(entry) for entry in [*rollbacks, *_of(entries, "action_added", "action_done")]],
        "other_notices": _notices(session, incident, clocks_),
    }
    if assessment is not None:
        found["affected_count"] = _label(policy, assessment.answers, "scope")
    decision = inventory.newest_decision(session, incident.system_id) if incident.system_id else None
    if decision is not None:
        found["high_risk_basis"] = f"{decision.category} (from the tier questions of {decision.decided_at:%Y-%m-%d})"
    for entry in _of(entries, "answer"):
        for key in ANSWERED.get(str(entry.data.get("answers")), ()):
            found[key] = entry.text
    return found


def _of(entries: Iterable[TimelineEntry], *kinds: str) -> list[TimelineEntry]:
    return [entry for entry in entries if entry.kind in kinds]


def _is_action(entry: TimelineEntry) -> bool:
    if entry.kind == "step":
        return entry.data.get("what") == "done"
    return entry.kind in ("mitigated", "resolved") or (entry.kind == "rollback" and entry.data.get("what") in ACTED)


def _kept(entry: TimelineEntry) -> bool:
    """Evidence that somebody saved, and the snapshots that every rollback takes first."""
    if entry.kind == "step":
        return entry.data.get("kind") == "collect" and entry.data.get("what") == "done"
    return entry.kind == "rollback" and entry.data.get("what") == "planned"


def _evidence(incident: Incident, entries: Sequence[TimelineEntry]) -> list[str]:
    links = [incident.source_url, *(entry.source_url for entry in entries)]
    return [f"The record {incident.number}, {len(entries)} entries, hash-chained", *dict.fromkeys(filter(None, links))]


def _notices(session: Session, incident: Incident, clocks_: Clocks) -> list[str]:
    rows = {row.id: row for row in clock_reading.of(session, incident.id)}
    sent = []
    for stamp in clock_reading.said(session, incident.id):
        if stamp.clock_id is None:
            continue
        clock = clocks_.clock(rows[stamp.clock_id].clock)
        title = next((stage.title for stage in clock.stages if stage.id == stamp.stage), str(stamp.stage))
        sent.append(f"{clock.title}, {title.lower()}, to the {clock.recipient}, {_utc(stamp.at)}. {clock.source.cite}")
    return sent


def _label(policy: Policy, answers: Mapping[str, Any], fact: str) -> str | None:
    """An answer in the rubric's words; None for "not sure", which answers nothing."""
    given = answers.get(fact)
    known = policy.facts.get(fact)
    return known.answers.get(str(given)) if known is not None else None


def _stamped(clocks_: Clocks, name: str, at: datetime) -> str:
    return f"{clocks_.stamps[name]}: since {_utc(at)}"


def _line(entry: TimelineEntry) -> str:
    return f"{_utc(entry.at)}: {entry.text}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
