"""Exercises, durably: the channel and its people, each inject once, the report.

Every inject is a workflow whose id is the inject, and its message bears the same key: however often the process dies,
it is sent once, and whoever comes next finds it sent.
"""

from pathlib import Path

from dbos import DBOS
from sqlalchemy.orm import Session

from bot import exercise_shown
from bot.effects import Panel
from bot.exercise_report import gather
from bot.parts import parts
from bot.pdf import markdown_to_pdf
from bot.views import exercise as views
from bot.views import solo as views_solo
from bot.views.blocks import escape, person
from bot.workflows.carry import Trouble, carry_out, durably
from incidents.db import reading, writing
from integrations.slack import Message
from playbooks import afterwards, running, solo
from playbooks.models import BEING_OPENED, Exercise, ExerciseInject, Improvement
from playbooks.report import markdown
from playbooks.scenario import EVERYONE, Inject
from severity.errors import ContentError


@DBOS.workflow(name="open_exercise")
def open_exercise(exercise_id: int) -> None:
    """The channel, its people, the pinned opening, the facilitator's panel."""
    channel = durably("exercise channel", make_channel, exercise_id)
    if not isinstance(channel, Trouble):
        durably("exercise people", invite, exercise_id, channel)
        ts = durably("exercise opening", post_opening, exercise_id, channel)
        if not isinstance(ts, Trouble):
            durably("exercise pin", pin, exercise_id, channel, ts)
    carry_out(Panel(exercise_id), f"panel:{exercise_id}:open", None)


@DBOS.workflow(name="invite_to_exercise")
def invite_to_exercise(exercise_id: int) -> None:
    """Whoever was added since."""
    channel = durably("exercise channel", make_channel, exercise_id)
    if not isinstance(channel, Trouble):
        durably("exercise people", invite, exercise_id, channel)


def make_channel(exercise_id: int, again: bool) -> str:
    """Find or create the exercise's channel by its name; its id. Private: who is not of the exercise sees nothing that
    could be taken for real."""
    with reading(parts().db) as session:
        exercise = session.get_one(Exercise, exercise_id)
        known, name = exercise.channel_id, f"exercise-ex{exercise.id}-{exercise.scenario_id}"[:80].rstrip("-")
    if known is not None:
        return known
    channel = parts().slack.find_or_create_channel(name, private=True)
    with writing(parts().db) as session:
        exercise = running.lock(session, exercise_id)
        exercise.channel_id = channel
        parts().exercise_rooms[channel] = exercise.number  # at once: people are about to come in
    return channel


def invite(exercise_id: int, channel: str, again: bool) -> None:
    """Everybody of the exercise."""
    with reading(parts().db) as session:
        users = running.everybody(session, session.get_one(Exercise, exercise_id))
    exercise_shown.room(exercise_id).invite(channel, users)


def post_opening(exercise_id: int, channel: str, again: bool) -> str:
    """What this is and who plays what; its ts."""
    with reading(parts().db) as session:
        exercise = session.get_one(Exercise, exercise_id)
        scenario, alone = running.scenario_of(exercise), solo.of(session, exercise_id)
        message = (
            views_solo.opening_message(exercise_id, scenario, alone.hints)
            if alone is not None
            else views.opening_message(
                exercise_id, scenario, running.people(session, exercise_id), exercise.facilitator
            )
        )
    return exercise_shown.room(exercise_id).post(channel, message, key=f"opening:{exercise_id}", again=again)


def pin(exercise_id: int, channel: str, ts: str, again: bool) -> None:
    """The opening, pinned."""
    exercise_shown.room(exercise_id).pin(channel, ts)


@DBOS.workflow(name="deliver_inject")
def deliver_inject(row_id: int) -> None:
    """One inject to whom it is for."""
    durably("inject", send, row_id)
    for kind in ("image", "file"):
        durably(f"inject {kind}", attach, row_id, kind)


def send(row_id: int, again: bool) -> None:
    """Post the inject: into the channel, or as a direct message to whoever plays the role."""
    exercise_id, channel, inject, players = _inject(row_id)
    room, key = exercise_shown.room(exercise_id), f"inject:{exercise_id}:{inject.id}"
    users = _directly(inject, players)
    for user in users:
        room.post_direct(user, views.inject_message(exercise_id, inject, ""), key=f"{key}:{user}", again=again)
    if users or channel is None:
        return
    message = views.inject_message(exercise_id, inject, _to(exercise_id, inject, players))
    ts = room.post(channel, message, key=key, again=again)
    with writing(parts().db) as session:
        session.get_one(ExerciseInject, row_id).message_ts = ts


def attach(row_id: int, kind: str, again: bool) -> None:
    """The picture or file that comes with an inject, to whom the inject went; its name is its key. One that is not
    there any more is said aloud, so that nobody waits for it."""
    exercise_id, channel, inject, players = _inject(row_id)
    name = inject.image if kind == "image" else inject.file
    if name is None:
        return
    room, users = exercise_shown.room(exercise_id), _directly(inject, players)
    with reading(parts().db) as session:
        exercise = session.get_one(Exercise, exercise_id)
        number, scenario_id = exercise.number, exercise.scenario_id
    try:
        parts().scenarios.require(scenario_id)
        content = parts().scenarios.attachment(scenario_id, name).read_bytes()
    except ContentError:
        missing = Message(
            f"The {kind} that belongs here ({escape(name, 100)}) is not there any more. The facilitator has its words."
        )
        key = f"attachment:{row_id}:{kind}"
        for user in users:
            room.post_direct(user, missing, key=f"{key}:{user}", again=again)
        if not users and channel is not None:
            room.post(channel, missing, key=key, again=again)
        return
    title, own = Path(name).name, f"{number}-{inject.id}-{Path(name).name}"
    comment = escape(inject.persona.name)
    for user in users:
        room.upload_direct(user, name=own, title=title, content=content, comment=comment, again=again)
    if not users and channel is not None:
        room.upload(channel, name=own, title=title, content=content, comment=comment, again=again)


def _directly(inject: Inject, players: list[str]) -> list[str]:
    """Who gets an inject directly; nobody where it goes into the channel, as it does where nobody plays its role."""
    return players if inject.channel == "dm" else []


@DBOS.workflow(name="show_choice")
def show_choice(row_id: int) -> None:
    """The inject's message with the choice instead of its buttons."""
    durably("choice", mark_choice, row_id)


def mark_choice(row_id: int, again: bool) -> None:
    """Edit the message in place; one that went to a person directly keeps its buttons, which answer who was first."""
    exercise_id, channel, inject, players = _inject(row_id)
    with reading(parts().db) as session:
        row = session.get_one(ExerciseInject, row_id)
        ts, option, by = row.message_ts, row.choice, row.chosen_by
    label = next((each.label for each in inject.options if each.id == option), None)
    if channel is not None and ts is not None and label is not None and by is not None:
        message = views.inject_message(exercise_id, inject, _to(exercise_id, inject, players), (label, by))
        exercise_shown.room(exercise_id).update(channel, ts, message)


@DBOS.workflow(name="report_exercise")
def report_exercise(exercise_id: int, stamp: str) -> None:
    """The after-action report as Markdown and PDF, in the exercise's channel."""
    for kind in ("md", "pdf"):
        durably(f"report {kind}", share_report, exercise_id, stamp, kind)


def share_report(exercise_id: int, stamp: str, kind: str, again: bool) -> None:
    """One of the two files; its name is its key."""
    with reading(parts().db) as session:
        exercise = session.get_one(Exercise, exercise_id)
        titles = {clock.id: clock.title for clock in parts().clocks}
        found = gather(session, exercise, parts().policy, parts().directory.name, titles)
        channel = exercise.channel_id
    if channel is None:
        return
    text, title = markdown(found), f"{found.number} after-action report"
    exercise_shown.room(exercise_id).upload(
        channel,
        name=f"{found.number}-after-action-{stamp}.{kind}",
        title=title,
        content=text if kind == "md" else markdown_to_pdf(text, title=f"{title}: {found.title}"),
        comment="The after-action report, as the record stands now." if kind == "md" else "The same to print.",
        again=again,
    )


@DBOS.workflow(name="ticket_improvements")
def ticket_improvements(exercise_id: int) -> None:
    """A real ticket for every line of the improvement plan that has none."""
    for improvement_id in parts().durable.transact("lines", _taken_up, exercise_id):
        if isinstance(durably("improvement ticket", make_ticket, improvement_id), Trouble):
            parts().durable.transact("given back", _given_back, improvement_id)
    carry_out(Panel(exercise_id), f"{DBOS.workflow_id}:panel", None)


def _taken_up(session: Session, exercise_id: int) -> list[int]:
    """The lines that have no ticket and that no other press is opening one for: from now on this one does."""
    running.lock(session, exercise_id)
    rows = [row for row in afterwards.improvements(session, exercise_id) if row.ticket is None]
    for row in rows:
        row.ticket = BEING_OPENED
    return [row.id for row in rows]


def _given_back(session: Session, improvement_id: int) -> None:
    """No ticket could be had: the next press tries again."""
    session.get_one(Improvement, improvement_id).ticket = None


def make_ticket(improvement_id: int, again: bool) -> None:
    """Find or create the ticket of one line. The facilitator asked for it by name, so it is real."""
    jira = parts().jira
    with reading(parts().db) as session:
        row = session.get_one(Improvement, improvement_id)
        exercise = session.get_one(Exercise, row.exercise_id)
        channel, number, text, due = exercise.channel_id, exercise.number, row.text, row.due
        owner = parts().directory.name(row.owner)
    if jira is None:
        return
    ticket = jira.find_or_create(
        key=f"improvement:{improvement_id}",
        summary=text,
        description=f"{text}\n\nFrom the improvement plan of exercise {number}. Owner {owner}, due {due:%Y-%m-%d}.",
        link=parts().channel_url(channel) if channel else parts().workspace_url,
        again=again,
    )
    with writing(parts().db) as session:
        found = session.get_one(Improvement, improvement_id)
        found.ticket, found.ticket_url = ticket.key, ticket.url


def _inject(row_id: int) -> tuple[int, str | None, Inject, list[str]]:
    """(exercise, channel, inject, who plays the role it is for)."""
    with reading(parts().db) as session:
        row = session.get_one(ExerciseInject, row_id)
        exercise = session.get_one(Exercise, row.exercise_id)
        inject = running.inject_of(exercise, row)
        return exercise.id, exercise.channel_id, inject, running.people(session, exercise.id).get(inject.to, [])


def _to(exercise_id: int, inject: Inject, players: list[str]) -> str:
    """Whom an inject in the channel is for, in words; nothing where it is for everybody."""
    if inject.to == EVERYONE:
        return ""
    if players:
        return ", ".join(map(person, players))
    with reading(parts().db) as session:
        scenario = running.scenario_of(session.get_one(Exercise, exercise_id))
    return escape(scenario.role(inject.to).title)
