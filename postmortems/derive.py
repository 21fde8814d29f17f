"""What follows from a record: the four times against their targets, containment, missed updates. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from postmortems.record import Assessed, Entry, Promise, Record, Stamp

# Metric -> (from, to, what it says). DESIGN.md, "milestone".
ENDS = {
    "ttd": ("onset", "detected", "time to detect"),
    "tta": ("declared", "acknowledged", "time to acknowledge"),
    "ttm": ("detected", "mitigated", "time to mitigate"),
    "ttr": ("detected", "resolved", "time to resolve"),
}
COMPONENTS = ("model", "prompt", "policy", "retrieval index", "tools")
_COMPONENT_WORDS = {
    "model": "model",
    "prompt": "prompt",
    "policy": "policy|guardrail|filter",
    "retrieval index": "retrieval|index|corpus|embedding",
    "tools": "tools?|plugin|mcp",
}


@dataclass(frozen=True)
class Metric:
    """One of the four times: its value, its target, and where both ends stand in the record."""

    name: str
    meaning: str
    value: timedelta | None
    target: timedelta | None
    start: Stamp | None
    end: Stamp | None
    start_name: str
    end_name: str

    @property
    def within(self) -> bool | None:
        """Whether the target was held; None where value or target is unknown."""
        return None if self.value is None or self.target is None else self.value <= self.target

    @property
    def over(self) -> timedelta | None:
        """How much the target was missed by."""
        return self.value - self.target if self.value is not None and self.target is not None else None

    @property
    def reversed(self) -> bool:
        """The end lies before the start: the value shows 0 s, and somebody has to say which of the two is right."""
        return self.start is not None and self.end is not None and self.end.at < self.start.at


@dataclass(frozen=True)
class Change:
    """One rollback, put together from the timeline entries that name its plan."""

    plan: str
    what: str
    before: str | None
    after: str | None
    states: dict[str, Entry]  # planned, approved, executing, executed, verified, failed, ... -> its last entry
    undoes: str | None  # the plan it takes back
    undone: bool

    @property
    def entries(self) -> list[tuple[str, Entry]]:
        return sorted(self.states.items(), key=lambda item: item[1].seq)

    @property
    def refs(self) -> tuple[str, ...]:
        return tuple(entry.ref for _, entry in self.entries)

    @property
    def words(self) -> str:
        """What the first entry about it says, for an entry that carries no `from` and `to` of their own."""
        return self.entries[0][1].text

    def did(self, state: str) -> bool:
        """Whether the rollback ever was in that state."""
        return state in self.states

    @property
    def component(self) -> str | None:
        """Which part of the AI system it changed, by the words of its target."""
        for component in COMPONENTS:
            if re.search(rf"\b(?:{_COMPONENT_WORDS[component]})\b", self.what.replace("-", " "), re.IGNORECASE):
                return component
        return None

    @property
    def approved_by_another(self) -> bool:
        planned, approved = self.states.get("planned"), self.states.get("approved")
        return planned is not None and approved is not None and planned.actor != approved.actor


@dataclass(frozen=True)
class Step:
    """The last word on one runbook step: done, skipped, not_applicable or failed."""

    state: str
    entry: Entry


@dataclass(frozen=True)
class Late:
    """A status update that came after the promised time, or (`entry` None) never came."""

    promise: Promise
    entry: Entry | None
    by: timedelta | None


def metrics(record: Record) -> list[Metric]:
    """TTD, TTA, TTM, TTR from the stamps in force. Never negative, as `incidents.milestones.times`."""
    found = []
    for name, (start_name, end_name, meaning) in ENDS.items():
        start, end = record.stamp(start_name), record.stamp(end_name)
        value = max(end.at - start.at, timedelta(0)) if start and end else None
        found.append(Metric(name, meaning, value, record.targets.get(name), start, end, start_name, end_name))
    return found


def changes(record: Record) -> list[Change]:
    """Every rollback on the timeline, in the order they were planned.

    Read from entries of kind `rollback` with `plan` and `what` in their data; `title`, `from`, `to` and `undoes` are
    used where an entry has them.
    """
    plans: dict[str, list[Entry]] = {}
    for entry in record.of_kind("rollback"):
        if "plan" in entry.data and "what" in entry.data:
            plans.setdefault(str(entry.data["plan"]), []).append(entry)
    undone = {
        str(entry.data["undoes"])
        for entry in record.of_kind("rollback")
        if entry.data.get("undoes") is not None and entry.data.get("what") == "verified"
    }
    found = []
    for plan, entries in plans.items():
        data = {key: str(value) for entry in entries for key, value in entry.data.items() if value is not None}
        found.append(
            Change(
                plan=plan,
                what=data.get("title") or data.get("target") or "",
                before=data.get("from"),
                after=data.get("to"),
                states={str(entry.data["what"]): entry for entry in entries},
                undoes=data.get("undoes"),
                undone=plan in undone,
            )
        )
    return found


def unreviewed(record: Record) -> list[Entry]:
    """The uses of break glass that nobody else has reviewed: entries of kind `break_glass`, `used` or `reviewed`."""
    entries = record.of_kind("break_glass")
    reviewed = {entry.data.get("break_glass") for entry in entries if entry.data.get("what") == "reviewed"}
    return [one for one in entries if one.data.get("what") == "used" and one.data.get("break_glass") not in reviewed]


def steps(record: Record) -> list[Step]:
    """Runbook steps that somebody ended, the last state of each: entries of kind `step` with `run`, `step`, `what`."""
    ended: dict[tuple[str, str], Step] = {}
    for entry in record.of_kind("step"):
        state = str(entry.data.get("what"))
        if state in {"done", "skipped", "not_applicable", "failed"}:
            ended[str(entry.data.get("run")), str(entry.data.get("step"))] = Step(state, entry)
    return list(ended.values())


def late_updates(record: Record) -> list[Late]:
    """Promised updates that came late or never. A resolved incident owes none after its resolution."""
    said = record.of_kind("update", "resolved")
    late = []
    for promise in record.promises:
        promised_in = next((entry for entry in said if entry.key == promise.entry_key), None)
        following = next((e for e in said if promised_in is not None and e.seq > promised_in.seq), None)
        if following is None and promised_in is not None and record.status not in ("resolved", "closed"):
            continue  # still running: whether it is late depends on the present, which is not in the record
        if following is None or following.at > promise.due_at:
            late.append(Late(promise, following, following.at - promise.due_at if following else None))
    return late


def decided(record: Record) -> Assessed | None:
    """The assessment in force: the last confirmed one, else the last of all."""
    confirmed = [one for one in record.assessments if one.state == "confirmed"]
    standing = confirmed or list(record.assessments)
    return standing[-1] if standing else None


def first_severity(record: Record) -> tuple[str, str] | None:
    """(severity at declaration, its reference)."""
    for entry in record.of_kind("severity"):
        if "severity" in entry.data:
            return str(entry.data["severity"]), entry.ref
    return None


def unsure(record: Record) -> list[str]:
    """The rubric questions that the assessment in force answers with "not sure"."""
    one = decided(record)
    return sorted(str(question) for question, given in one.answers.items() if given == "not_sure") if one else []


def counts(record: Record) -> dict[str, int]:
    """The numbers a draft may count up. The check allows these and what stands in the record, nothing else."""
    ended = steps(record)
    return {
        "entries": len(record.entries),
        "people": len({e.actor for e in record.entries if record.role(e.actor) != e.actor}),
        "steps": len(ended),
        "steps done": sum(step.state == "done" for step in ended),
        "steps left out": sum(step.state in ("skipped", "not_applicable") for step in ended),
        "steps failed": sum(step.state == "failed" for step in ended),
        "rollbacks": len(changes(record)),
        "updates": len(record.of_kind("update")),
        "late updates": len(late_updates(record)),
        "assessments": len(record.assessments),
        "actions": len(record.actions),
        "open actions": sum(todo.state == "open" for todo in record.actions),
        "corrections": len(record.of_kind("correction")),
    }


def spans(record: Record) -> frozenset[timedelta]:
    """Every length of time that follows from the record: between milestones, targets, margins, late updates."""
    found = {abs(one.at - other.at) for one, other in combinations(record.stamps, 2)}
    found |= set(record.targets.values())
    for metric in metrics(record):
        found |= {abs(span) for span in (metric.value, metric.over) if span is not None}
    found |= {late.by for late in late_updates(record) if late.by is not None}
    return frozenset(found)


def moments(record: Record) -> Iterator[datetime]:
    """Every point in time the record holds."""
    for entry in record.entries:
        yield from (entry.at, entry.recorded_at)
    yield from (stamp.at for stamp in record.stamps)
    for one in record.assessments:
        yield one.at
        if one.confirmed_at is not None:
            yield one.confirmed_at
    for held in record.roles:
        yield held.at
        if held.ended_at is not None:
            yield held.ended_at
    yield from (promise.due_at for promise in record.promises)


def answers(record: Record, question: str) -> list[Entry]:
    """The entries that answer one question of `questions.yaml`, oldest first."""
    return [entry for entry in record.entries if entry.data.get("answers") == question]
