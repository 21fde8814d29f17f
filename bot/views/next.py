"""What is next, for the one who asks: what waits for them, else where the others are."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.blocks import context, escape, person, section, when
from bot.views.home import Todo, todo_line
from integrations.slack import Message
from runbooks.progress import StepView

SHOWN = 5


@dataclass(frozen=True)
class NextFacts:
    """`todo` waits for this person; `current` are the steps that are open now; `contained` whether a runbook ran."""

    number: str
    live: bool
    todo: Sequence[Todo]
    current: Sequence[StepView]
    contained: bool


def next_message(facts: NextFacts) -> Message:
    """For one person."""
    lines = [f"• {todo_line(one)}" for one in facts.todo[:SHOWN]]
    waiting = "\n".join(lines) if lines else "Nothing waits for you by name."
    blocks = [section(f"*Next for you in {facts.number}*\n{waiting}")]
    blocks += [section(_step(step)) for step in facts.current[:SHOWN]]
    if not facts.current:
        blocks.append(context(_without_steps(facts)))
    first = facts.todo[0].words if facts.todo else facts.current[0].title if facts.current else "nothing"
    return Message(escape(f"{facts.number}, next: {first}", 300), blocks)


def _without_steps(facts: NextFacts) -> str:
    if not facts.live:
        return f"{facts.number} has been resolved."
    words = "Every step of the runbook has been dealt with." if facts.contained else "No runbook has been started."
    return f"{words} `/rai-incident contain` starts one."


def _step(step: StepView) -> str:
    holder = person(step.assignee) if step.assignee else f"nobody by name; it is for {escape(step.owner, 60)}"
    due = f" · due {when(step.due_at, '{time}')}" if step.due_at else ""
    how = f"\n{escape(step.how, 900)}" if step.how else ""
    return f"*Now*  {escape(step.title, 150)}\nWho: {holder}{due}{how}"
