"""Containment in Slack: choosing a runbook, one message per run edited in place, and the modals of its steps."""

from collections.abc import Sequence

from bot.views.blocks import (
    Block,
    actions,
    button,
    checkbox_input,
    clean,
    context,
    cut,
    divider,
    escape,
    modal,
    option,
    person,
    person_input,
    plain,
    section,
    select_input,
    text_input,
    when,
)
from integrations.slack import Message
from runbooks.progress import StepView

MARKS = {
    "done": "✅",
    "skipped": "⏭️",
    "not_applicable": "➖",
    "failed": "❌",
    "started": "▶️",
    "open": "⬜",
    "upcoming": "▫️",
}
STATUSES = {
    "done": "complete",
    "skipped": "complete",
    "not_applicable": "complete",
    "failed": "error",
    "started": "in_progress",
    "open": "in_progress",
    "upcoming": "pending",
}
SHOWN = 18  # steps listed; the current one always is


def choose_modal(number: str, runbooks: Sequence[tuple[str, str, bool]], metadata: str) -> Block:
    """`runbooks` are (id, title, fits the incident's harm classes), the fitting ones first."""
    fitting = [option(title, runbook_id) for runbook_id, title, fits in runbooks if fits]
    others = [option(title, runbook_id) for runbook_id, title, fits in runbooks if not fits]
    element: Block = {"type": "static_select", "action_id": "value"}
    groups = [(words, options) for words, options in (("Fits this harm", fitting), ("All others", others)) if options]
    element["option_groups"] = [{"label": plain(words, 75), "options": options[:100]} for words, options in groups]
    if fitting:
        element["initial_option"] = fitting[0]
    words = (
        "Evidence comes first in every runbook, then containment. One press per step; a reason for what is left out."
    )
    field: Block = {"type": "input", "block_id": "runbook", "label": plain("Runbook"), "element": element}
    return modal(
        "contain", f"Contain {number}", [field, context(words)], submit="Start", metadata=metadata, close="Cancel"
    )


def run_message(
    number: str, incident_id: int, run_id: int, title: str, steps: Sequence[StepView], finished: bool
) -> Message:
    """The whole run: what was done, what is now, what comes; the current steps with their buttons."""
    counted = [step for step in steps if step.kind != "parallel" and step.state != "failed"]
    ended, total = sum(not step.is_open and step.state != "upcoming" for step in counted), len(counted)
    head = section(f"🧯 *{escape(title, 150)}*\n{_bar(ended, total)} {ended} of {total} steps")
    lines = section("\n".join(_line(step) for step in _window(steps)) or "No steps.")
    blocks: list[Block] = []
    for step in (step for step in steps if step.is_open and step.kind != "parallel"):
        blocks += [divider(), *_current(step, incident_id)]
    if finished:
        blocks += [
            divider(),
            section("✅ *Every step has been dealt with.* Is the harm over? Press *Resolve* on the card."),
        ]
    if not finished:
        blocks.append(actions(button("What is next for me?", "next", str(incident_id))))
    following = next((step for step in steps if step.is_open), None)
    state = f"next: {following.title}" if following else "finished"
    text = escape(f"{number} containment, {ended} of {total} steps, {state}", 600)
    return Message(text, [head, _plan(steps), *blocks][:50], plain=[head, lines, *blocks][:50])


def _plan(steps: Sequence[StepView]) -> Block:
    """The steps as Slack's own plan. No block id: an edited message wants a new one, and Slack makes it."""
    return {
        "type": "plan",
        "title": "Steps",
        "tasks": [_task(index, step) for index, step in enumerate(_window(steps))],
    }


def _task(index: int, step: StepView) -> Block:
    """One step; the place is part of the id, because a step that is tried again stands twice."""
    left_out = f" ({step.state.replace('_', ' ')})" if step.state in ("skipped", "not_applicable") else ""
    task: Block = {
        "type": "task_card",
        "task_id": f"{index}:{step.step_id}",
        "title": (cut(clean(step.title), 120) or step.step_id) + left_out,
        "status": STATUSES[step.state],
    }
    parts: list[Block] = []
    words = [f"{len(step.evidence)} saved"] if step.evidence else []
    if step.ended_by and person(step.ended_by).startswith("<@"):
        parts.append({"type": "user", "user_id": step.ended_by})
    elif step.ended_by and step.ended_by != "clock":  # a machine of ours, such as the rollback
        words.insert(0, clean(step.ended_by))
    if step.state in ("skipped", "not_applicable", "failed") and step.note:
        words.append(cut(clean(step.note), 80))
    if words:
        parts.append({"type": "text", "text": (" · " if parts else "") + " · ".join(words)})
    if parts:
        task["details"] = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}
    return task


def _window(steps: Sequence[StepView]) -> Sequence[StepView]:
    """At most SHOWN steps, around the current one."""
    here = next((index for index, step in enumerate(steps) if step.is_open), len(steps))
    start = max(0, min(here - SHOWN // 2, len(steps) - SHOWN))
    return steps[start : start + SHOWN]


def _bar(ended: int, total: int) -> str:
    filled = round(10 * ended / total) if total else 0
    return "▰" * filled + "▱" * (10 - filled)


def _line(step: StepView) -> str:
    words = f"{MARKS[step.state]} {'*' if step.is_open else ''}{escape(step.title, 120)}{'*' if step.is_open else ''}"
    if step.ended_by:
        words += f"  {person(step.ended_by)}" if step.ended_by not in ("clock", "rollback") else ""
    if step.state in ("skipped", "not_applicable", "failed") and step.note:
        words += f" · {escape(step.note, 80)}"
    if step.evidence:
        words += f" · {len(step.evidence)} saved"
    return words


def _current(step: StepView, incident_id: int) -> list[Block]:
    value = f"{incident_id}:{step.run_id}:{step.step_id}"
    who = f"{person(step.assignee)}" if step.assignee else step.owner
    text = f"*{escape(step.title, 150)}*  ({escape(who, 60) if not step.assignee else who}, about {step.minutes} min)"
    blocks = [section(text + (f"\n{escape(step.how, 1800)}" if step.how else ""))]
    if step.check:
        blocks.append(section(f"*How to check*  {escape(step.check, 900)}"))
    small = [escape(cut(f"Why: {step.why}", 900))] if step.why else []
    if step.due_at:
        small.append(f"Due {when(step.due_at, '{time}')}")
    if small:
        blocks.append(context(*small))
    blocks.append(actions(*_buttons(step, value)))
    return blocks


def _buttons(step: StepView, value: str) -> list[Block]:
    buttons: list[Block] = []
    if step.kind == "decide":
        buttons += [button(cut(words, 75), f"step_decide_{choice}", value) for choice, words in step.choices]
    elif step.kind == "collect":
        buttons.append(button("Add evidence", "evidence_open", value, style="primary"))
    elif step.kind == "rollback":
        buttons.append(button("Plan the rollback", "rollback_open", value, style="primary"))
        buttons.append(button("Done by hand", "step_note_open", value))
    else:
        buttons.append(button("Done", "step_done", value, style="primary"))
        buttons.append(button("Done, with a note", "step_note_open", value))
    if step.state == "open" and not step.assignee:
        buttons.append(button("I take it", "step_start", value))
    buttons.append(button("Give to …", "step_assign_open", value))
    if step.kind != "decide" and step.skip != "never":
        buttons.append(button("Skip", "step_skip_open", value))
        buttons.append(button("Not applicable", "step_na_open", value))
    buttons.append(button("Did not work", "step_failed_open", value))
    return buttons[:25]


def words_modal(callback: str, title: str, label: str, submit: str, metadata: str, hint: str | None = None) -> Block:
    """One text field: a note, a reason, what happened."""
    return modal(
        callback, title, [text_input("words", label, hint=hint)], submit=submit, metadata=metadata, close="Cancel"
    )


def assign_modal(step_title: str, metadata: str) -> Block:
    """Give a step to a person."""
    hint = "They are brought into the channel, and reminded when it is overdue."
    blocks = [section(f"*{escape(step_title, 150)}*"), person_input("user", "To whom?", hint=hint)]
    return modal("step_assign", "Give the step to …", blocks, submit="Give it", metadata=metadata, close="Cancel")


def evidence_modal(step_title: str, accepts: Sequence[str], metadata: str) -> Block:
    """Evidence for a collect step: text, a link, a query with its result, or files."""
    blocks: list[Block] = [section(f"*{escape(step_title, 150)}*")]
    if {"text", "link", "query"} & set(accepts):
        kinds = [option(name.capitalize(), name) for name in ("text", "link", "query") if name in accepts]
        blocks.append(select_input("kind", "What is it?", kinds, initial=kinds[0]["value"]))
        blocks.append(
            text_input(
                "words",
                "Evidence",
                optional="file" in accepts,
                hint="Replace personal data by what it is: [address], [order number].",
            )
        )
        if "text" in accepts:
            words = "These are the words that made it fail: keep them for the replay"
            blocks.append(checkbox_input("failing", "Failing prompt", [option(words, "yes")]))
    if "file" in accepts:
        blocks.append(
            {
                "type": "input",
                "block_id": "files",
                "label": plain("Files"),
                "element": {"type": "file_input", "action_id": "value", "max_files": 5},
                "optional": True,
            }
        )
    return modal("evidence", "Save evidence", blocks, submit="Save", metadata=metadata, close="Cancel")
