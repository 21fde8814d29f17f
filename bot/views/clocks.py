"""Regulator clocks in Slack: the message that proposes and follows them, their forms, and the warnings.

Whatever shows a due time shows with it that it is not legal advice, where the duty is written, and whether it is
contested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    cut,
    escape,
    person,
    section,
    when,
)
from incidents.clock_reading import SUBMITTED, Owed
from incidents.models import RegulatorClock
from integrations.slack import Message
from severity.clocks import Clocks

STATES = {
    "proposed": "Nobody has decided",
    "running": "Running",
    "declined": "Does not apply",
    "submitted": "Submitted",
}
MARKS = {"proposed": "❔", "running": "⏱️", "declined": "➖", "submitted": "✅"}
FOLLOWS = {*SUBMITTED.values(), "resolved"}
SHOWN = 15  # clocks of one kind in one message; Slack shows 50 blocks


@dataclass(frozen=True)
class Report:
    """One report that is owed. `due` is None while the stamp `waits_for` is missing, or for "immediately".

    `later`: it follows another report or the end of the incident, so there is nothing to do about it yet.
    """

    title: str
    due: datetime | None
    outer: datetime | None
    immediately: bool
    waits_for: str | None
    later: bool


@dataclass(frozen=True)
class ClockLine:
    """One clock as people see it. `assumed`: counted from when it was first noticed, since nobody has decided."""

    clock_id: int
    title: str
    recipient: str
    trigger: str
    note: str
    source: str
    contested: str | None
    state: str
    because: str
    decided_by: str | None
    declined_reason: str | None
    reports: list[Report]
    stages: dict[str, str]
    assumed: bool

    @property
    def next_report(self) -> Report | None:
        """The report that is owed first."""
        return self.reports[0] if self.reports else None


@dataclass(frozen=True)
class ClockFacts:
    """All clocks of an incident. `stamps` are name -> (when, who said it); `words` say what each stamp means."""

    incident_id: int
    number: str
    lines: list[ClockLine]
    stamps: Mapping[str, tuple[datetime, str]]
    regimes_known: bool
    notice: str
    words: Mapping[str, str]


def line_of(book: Clocks, row: RegulatorClock, owed: Sequence[Owed], *, assumed: bool = False) -> ClockLine:
    """A clock's row, its written duty, and what is owed, as plain values."""
    clock = book.clock(row.clock)
    reports = [
        Report(
            title=each.stage.title,
            due=each.due.conservative if each.due else None,
            outer=each.due.outer if each.due else None,
            immediately=each.due is not None and each.due.conservative is None,
            waits_for=each.waits_for,
            later=each.waits_for in FOLLOWS,
        )
        for each in owed
    ]
    return ClockLine(
        clock_id=row.id,
        title=clock.title,
        recipient=clock.recipient,
        trigger=clock.trigger,
        note=clock.note,
        source=str(clock.source),
        contested=book.contested(clock),
        state=row.state,
        because=row.because,
        decided_by=row.decided_by,
        declined_reason=row.declined_reason,
        reports=reports,
        stages={stage.id: stage.title for stage in clock.stages},
        assumed=assumed,
    )


def clocks_message(facts: ClockFacts) -> Message:
    """Every clock of an incident with its decision, its next report, its source, and the buttons to decide."""
    open_lines = [line for line in facts.lines if line.state in ("proposed", "running")]
    undecided = sum(line.state == "proposed" for line in facts.lines)
    blocks: list[Block] = [section(_heading(facts, undecided))]
    if not facts.regimes_known and facts.lines:
        blocks.append(
            context(
                "The inventory names no regime for this AI system, so every duty that could fit is listed. "
                "Write its regimes into systems.yaml to make this list short."
            )
        )
    for line in open_lines[:SHOWN]:
        blocks += [section(_line(line)), _buttons(line, facts.incident_id)]
    for line in [line for line in facts.lines if line.state not in ("proposed", "running")][:SHOWN]:
        again = button("Start", "clock_start_open", f"{facts.incident_id}:{line.clock_id}")
        blocks.append(section(_closed(line), accessory=again if line.state == "declined" else None))
    if facts.stamps:
        said = " · ".join(_said(facts, name) for name in facts.words if name in facts.stamps)
        if said:
            blocks.append(context(cut(f"Said so far: {said}", 2900)))
    blocks += [
        actions(button("Say when something happened", "clock_stamp_open", str(facts.incident_id))),
        context(escape(facts.notice)),
    ]
    return Message(escape(f"{facts.number}: {_summary(facts, undecided)} {facts.notice}", 1000), blocks)


def more_message(number: str, incident_id: int, titles: Sequence[str]) -> Message:
    """New answers propose more clocks; the one message above shows them."""
    names = ", ".join(f"*{escape(title, 100)}*" for title in titles[:3])
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    return Message(
        f"{number}: {_count(len(titles), 'more regulator clock')} may apply. Not legal advice.",
        [
            section(f"❔ More reports may be owed for {number}: {names}{more}. A named person decides each."),
            actions(button("Show the clocks", "clocks_open", str(incident_id))),
            context("Not legal advice."),
        ],
    )


def card_lines(lines: Sequence[ClockLine], now: datetime) -> list[str]:
    """The running clocks, one compact line each, the soonest first; and how many nobody has decided."""
    running = [(line, line.next_report) for line in lines if line.state == "running"]
    ordered = sorted(running, key=lambda pair: _key(pair[1]))
    shown = []
    for line, report in ordered[:6]:
        doubt = ", contested" if line.contested else ""
        shown.append(f"⏱️ *{escape(line.title, 80)}* · {_report(report, now)} · {escape(line.source, 120)}{doubt}")
    if len(ordered) > 6:
        shown.append(f"… and {len(ordered) - 6} more running: `/rai-incident clocks`")
    undecided = sum(line.state == "proposed" for line in lines)
    if undecided:
        shown.append(
            f"❔ {_count(undecided, 'report')} to authorities may be owed and nobody has decided: press *Clocks*"
        )
    return [*shown, "_Not legal advice._"] if shown else []


def started_message(number: str, by: str, line: ClockLine, notice: str) -> Message:
    """Somebody started a clock."""
    words = f"⏱️ {person(by)} started *{escape(line.title, 100)}*. " + " ".join(
        f"{escape(report.title, 100)}: {_due_words(report)}." for report in line.reports if not report.later
    )
    return Message(
        escape(f"{number}: the clock {line.title} runs. {notice}", 1000),
        [section(words), context(f"To the {escape(line.recipient, 200)}. {small_print(line)} {escape(notice)}")],
    )


def submitted_message(number: str, by: str, line: ClockLine, stage: str) -> Message:
    """A report was sent; what comes next."""
    words = (
        f"✅ {person(by)} marked *{escape(line.title, 100)}*, {escape(line.stages.get(stage, stage), 100)}, submitted."
    )
    if line.next_report:
        words += f" Next: {escape(line.next_report.title, 100)}, {_due_words(line.next_report)}."
    else:
        words += " Nothing more is owed on this clock."
    text = f"{number}: {line.title} submitted. Not legal advice."
    return Message(escape(text, 1000), [section(words), _print_block(line)])


def declined_words(line: ClockLine) -> str:
    """For whoever said that a duty does not apply."""
    return (
        f"Saved under your name: *{escape(line.title, 100)}* does not apply. Its warnings are off; *Start* undoes it."
    )


def stamped_words(book: Clocks, name: str, at: datetime) -> str:
    """“The organisation became aware of it: today 14:00”."""
    return f"{escape(book.stamps.get(name, name), 200)}: {when(at)}"


def _heading(facts: ClockFacts, undecided: int) -> str:
    if not facts.lines:
        return (
            f"*Regulator clocks of {facts.number}*\nNone is proposed. Clocks are proposed when somebody confirms a "
            "severity, from the harm classes, the answers, and the regimes of the AI system."
        )
    if undecided:
        return (
            f"*These clocks may apply to {facts.number}*\nThe bot cannot know; a named person decides each. "
            "Start what applies: being early costs little."
        )
    return f"*Regulator clocks of {facts.number}*"


def _summary(facts: ClockFacts, undecided: int) -> str:
    running = sum(line.state == "running" for line in facts.lines)
    return (
        f"{_count(undecided, 'regulator clock')} may apply, {running} running."
        if facts.lines
        else "no clock is proposed."
    )


def _line(line: ClockLine) -> str:
    text = f"{MARKS[line.state]} *{escape(line.title, 120)}* · {STATES[line.state]}"
    if line.decided_by and line.state != "proposed":
        text += f", started by {person(line.decided_by)}"
    text += f"\nIt {escape(line.because, 500)}." if line.state == "proposed" else ""
    now_owed = [report for report in line.reports if not report.later]
    for report in now_owed[:4]:
        text += f"\n• {escape(report.title, 120)}: {_due_words(report)}"
    if later := [escape(report.title, 120) for report in line.reports if report.later]:
        text += f"\n• Then: {', '.join(later)}"
    if line.state == "running":
        text += f"\n{escape(line.note, 700)}"
    if line.assumed and any(report.due for report in line.reports):
        text += "\n_Counted from when it was first noticed; say when we became aware to make it exact._"
    return f"{text}\n_{small_print(line)}_"


def _closed(line: ClockLine) -> str:
    reason = f": {escape(line.declined_reason, 300)}" if line.declined_reason else ""
    by = f", {person(line.decided_by)}" if line.decided_by else ""
    return f"{MARKS[line.state]} {escape(line.title, 120)} · {STATES[line.state]}{by}{reason}"


def _buttons(line: ClockLine, incident_id: int) -> Block:
    value = f"{incident_id}:{line.clock_id}"
    first = [button("Start", "clock_start_open", value, style="primary")] if line.state == "proposed" else []
    return actions(
        *first,
        button("Submitted", "clock_submit_open", value),
        button("Does not apply", "clock_decline_open", value),
    )


def _due_words(report: Report) -> str:
    if report.immediately:
        return "*immediately*; the law gives no number"
    if report.due is None:
        return f"no due time until somebody says when: {(report.waits_for or '').replace('_', ' ')}"
    outer = (
        f" (outer limit, for information: {when(report.outer)})" if report.outer and report.outer > report.due else ""
    )
    return f"work to *{when(report.due)}*{outer}"


def _report(report: Report | None, now: datetime) -> str:
    if report is None:
        return "nothing more owed"
    if report.due is not None and report.due <= now:
        return f"{escape(report.title, 60)} *was due* {when(report.due)}"
    if report.due is not None:
        return f"{escape(report.title, 60)} by {when(report.due)}"
    if report.immediately:
        return f"{escape(report.title, 60)} *immediately*"
    return f"{escape(report.title, 60)} waits for “{(report.waits_for or '').replace('_', ' ')}”"


def small_print(line: ClockLine) -> str:
    """Where a duty is written, and whether it is contested."""
    doubt = f"Contested: {escape(line.contested, 300)}" if line.contested else "Not contested."
    return f"Source: {escape(line.source, 200)}. {doubt}"


def _print_block(line: ClockLine) -> Block:
    return context(f"{small_print(line)} Not legal advice.")


def _said(facts: ClockFacts, name: str) -> str:
    at, by = facts.stamps[name]
    return f"{escape(facts.words[name], 100)} {when(at)} ({person(by)})"


def _key(report: Report | None) -> tuple[int, float]:
    if report is None or (report.due is None and not report.immediately):
        return 1, 0.0
    return 0, report.due.timestamp() if report.due else 0.0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
