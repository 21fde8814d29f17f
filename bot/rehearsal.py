"""The outside of an exercise: adapters without a connection. What they would have done goes onto the timeline.

The room is the one that speaks: it knows the exercise's channel and people, puts the banner on every message, and can
reach nobody else.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.views.blocks import Block, context, person
from incidents import inventory, timeline
from incidents.db import reading, writing
from incidents.errors import Conflict
from incidents.inventory import REHEARSAL, SystemEntry
from integrations.asking import Reply
from integrations.jira import Ticket
from integrations.pagerduty import Page, PageSeverity
from integrations.rollback.base import Description, Drifted, Outcome, Plan, Snapshot, Target, TargetError, Verification
from integrations.slack import Blocks, Message, Slack, SlackRefused
from playbooks import running, solo
from playbooks.models import Exercise

MARK = "EXERCISE"


def banner(number: str) -> Block:
    """What stands above everything that an exercise shows."""
    return context(f"🎭 *{MARK} {number}* · not real · nobody outside is paged, told or changed")


def bannered(number: str, message: Message) -> Message:
    """A message of an exercise: the banner above its blocks, the word before its text."""
    top = banner(number)

    def under(blocks: Blocks | None) -> Blocks | None:
        return None if blocks is None else [top, *blocks]

    blocks = message.blocks if message.blocks is not None else [{"type": "section", "text": _words(message.text)}]
    return replace(message, text=f"{MARK}: {message.text}", blocks=[top, *blocks], plain=under(message.plain))


def bannered_modal(number: str, view: Block) -> Block:
    """A form or answer of an exercise, under one banner."""
    top, blocks = banner(number), view.get("blocks", [])
    return {**view, "blocks": [top, *(block for block in blocks if block != top)][:100]}


def _words(text: str) -> Block:
    return {"type": "mrkdwn", "text": text or " ", "verbatim": True}


class Script:
    """Where an exercise writes what would have happened outside; nothing is written while it has no incident."""

    def __init__(self, db: Engine, exercise_id: int) -> None:
        self._db = db
        self._exercise_id = exercise_id

    def note(self, words: str, key: str) -> None:
        """One line on the timeline of the exercise's incident, once per `key`."""
        with writing(self._db) as session:
            incident_id = running.lock(session, self._exercise_id).incident_id
            if incident_id is not None:
                timeline.append(session, incident_id, "rehearsed", "exercise", f"{MARK}: {words}", key=f"r:{key}"[:200])


class RehearsalPager:
    """Wakes nobody."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def page(
        self, *, key: str, summary: str, severity: PageSeverity, source: str, details: dict[str, str], link: str
    ) -> Page:
        """Nothing outside; the caller writes down that somebody would have been paged."""
        return Page(dedup_key=f"exercise:{key}")

    def acknowledge(self, key: str) -> None:
        """The escalation would have stopped."""
        self._script.note("the escalation of the page would have stopped", f"acknowledge:{key}")

    def resolve(self, key: str) -> None:
        """The page would have ended."""
        self._script.note("the page would have ended", f"resolve:{key}")


class RehearsalTracker:
    """Opens no ticket."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def find_or_create(self, *, key: str, summary: str, description: str, link: str, again: bool) -> Ticket | None:
        """A ticket would have been opened."""
        self._script.note("a ticket would have been opened", key)
        return None

    def comment(self, ticket: Ticket, text: str, key: str) -> None:
        """The ticket would have been told."""
        self._script.note(f"the ticket would have been told: {text}", key)


class RehearsalAnnouncer:
    """Tells nobody."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def announce(self, message: Message, *, key: str, again: bool) -> tuple[str, str] | None:
        """The company would have heard of it."""
        self._script.note("the incident would have been announced to everybody", key)
        return None


class RehearsalAsker:
    """Asks no system."""

    def ask(self, system: SystemEntry, prompt: str, session: str) -> Reply:
        """Nothing is sent; whoever asked reads why."""
        raise TargetError("This is an exercise: no system is asked.")


class RehearsalLevers:
    """The scenario's levers, kept in the exercise's own row."""

    def __init__(self, db: Engine, exercise_id: int) -> None:
        self._db = db
        self._exercise_id = exercise_id

    def entry(self, system_id: str, target_id: str) -> dict[str, Any]:
        """The target as the scenario has it. Raises Conflict when the scenario has none such."""
        with reading(self._db) as session:
            system = inventory.find(session, system_id, fictional=True)
        for target in system.rollback_targets if system else ():
            if target.id == target_id and target.kind == REHEARSAL:
                return target.model_dump(mode="json", by_alias=True)
        raise Conflict(f"The scenario has no rollback target {target_id} for this system. Nothing was changed.")

    def target(self, system_id: str, target_id: str) -> Target:
        """The rehearsed lever."""
        return RehearsalTarget(self._db, self._exercise_id, system_id, self.entry(system_id, target_id))


class RehearsalTarget:
    """One lever that exists in the record only: planned, approved, moved and verified like a real one."""

    def __init__(self, db: Engine, exercise_id: int, system_id: str, entry: dict[str, Any]) -> None:
        if entry.get("kind") != REHEARSAL:
            raise TargetError("This lever is real; an exercise cannot hold it. Nothing was changed.")
        self._db = db
        self._exercise_id = exercise_id
        self._entry = entry
        self._name = f"{system_id}/{entry['id']}"

    def describe(self) -> Description:
        """What this lever is in the scenario."""
        return Description(str(self._entry["title"]), REHEARSAL, "Moves in the exercise only; nothing outside changes.")

    def current(self) -> str:
        """The value in the exercise now."""
        with reading(self._db) as session:
            return self._value(session)

    def snapshot(self) -> Snapshot:
        """Evidence as an exercise has it: the lever's value."""
        values = {"lever": self._name, "value": self.current()}
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
        return Snapshot(values, {"rehearsed lever": digest})

    def plan(self, snapshot: Snapshot) -> Plan:
        """What would change, in the scenario."""
        value, to = str(snapshot.values["value"]), str(self._entry["to"])
        return Plan(
            value, to, f"{MARK}: in the scenario, everybody who uses it. Outside, nobody.", f"{MARK}: {value} → {to}"
        )

    def execute(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Move the lever in the exercise's row, once per `key`."""
        return self._move(plan.from_, plan.to, f"{key}:execute")

    def verify(self, plan: Plan) -> Verification:
        """Ask the lever again."""
        value = self.current()
        return Verification(value == plan.to, f"{MARK}: the scenario's lever is at {value}")

    def undo(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Move it back, once per `key`."""
        return self._move(plan.to, plan.from_, f"{key}:undo")

    def _value(self, session: Session) -> str:
        held = running.find_held(session, self._exercise_id, self._name)
        return str(held["value"]) if held else str(self._entry["from"])

    def _move(self, expected: str, to: str, key: str) -> Outcome | Drifted:
        with writing(self._db) as session:
            exercise = running.lock(session, self._exercise_id)
            held = exercise.levers.get(self._name, {"value": str(self._entry["from"]), "keys": []})
            if key in held["keys"]:
                return Outcome(False, f"{MARK}: {held['value']}")
            if held["value"] != expected:
                return Drifted(expected, str(held["value"]), already=held["value"] == to)
            moved = {"value": to, "keys": [*held["keys"], key]}
            exercise.levers = {**exercise.levers, self._name: moved}
        return Outcome(True, f"{MARK}: {to}")


class RehearsalRoom:
    """The exercise's channel and its people. Everything said bears the banner; nobody else can be reached."""

    def __init__(self, slack: Slack, number: str, channel: str | None, people: Collection[str], script: Script) -> None:
        self._slack = slack
        self._number = number
        self._channel = channel
        self._people = frozenset(people)
        self._script = script

    def find_or_create_channel(self, name: str, *, private: bool) -> str:
        """The exercise's own channel: everybody is there already."""
        return self._own(self._channel)

    def invite(self, channel: str, users: Sequence[str]) -> None:
        """The exercise's people only."""
        self._slack.invite(self._own(channel), [user for user in users if user in self._people])
        for user in users:
            if user not in self._people:
                self._script.note(f"{person(user)} would have been invited", f"invite:{user}")

    def post(self, channel: str, message: Message, *, key: str, again: bool, thread_ts: str | None = None) -> str:
        """In the exercise's channel, under the banner."""
        shown = bannered(self._number, message)
        return self._slack.post(self._own(channel), shown, key=key, again=again, thread_ts=thread_ts)

    def post_direct(self, user: str, message: Message, *, key: str, again: bool) -> str:
        """To one of the exercise's people, under the banner; whoever else it was meant for hears nothing."""
        if user not in self._people:
            self._script.note(f"{person(user)} would have been told directly", key)
            return ""
        return self._slack.post_direct(user, bannered(self._number, message), key=key, again=again)

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Under the banner again."""
        self._slack.update(self._own(channel), ts, bannered(self._number, message))

    def update_direct(self, user: str, channel: str, ts: str, message: Message) -> None:
        """Under the banner again, in the direct messages of one of the exercise's people."""
        if user in self._people:
            self._slack.update(channel, ts, bannered(self._number, message))

    def tell(self, channel: str, user: str, message: Message, *, thread_ts: str | None = None) -> None:
        """To the one who acted, wherever they did."""
        self._slack.tell(channel, user, bannered(self._number, message), thread_ts=thread_ts)

    def respond(self, response_url: str, message: Message, *, thread_ts: str | None = None) -> bool:
        """To the one who typed."""
        return self._slack.respond(response_url, bannered(self._number, message), thread_ts=thread_ts)

    def pin(self, channel: str, ts: str) -> None:
        """In the exercise's channel."""
        self._slack.pin(self._own(channel), ts)

    def bookmark(self, channel: str, title: str, link: str, *, emoji: str, again: bool) -> None:
        """In the exercise's channel."""
        self._slack.bookmark(self._own(channel), f"{MARK}: {title}", link, emoji=emoji, again=again)

    def upload(self, channel: str, *, name: str, title: str, content: str | bytes, comment: str, again: bool) -> None:
        """In the exercise's channel; the comment is the message."""
        said, shown = self._file(title, comment)
        self._slack.upload(self._own(channel), name=name, title=shown, content=content, comment=said, again=again)

    def upload_direct(
        self, user: str, *, name: str, title: str, content: str | bytes, comment: str, again: bool
    ) -> None:
        """To one of the exercise's people; whoever else it was meant for gets nothing."""
        if user not in self._people:
            self._script.note(f"{person(user)} would have been sent a file directly", f"{name}:{user}")
            return
        said, shown = self._file(title, comment)
        self._slack.upload_direct(user, name=name, title=shown, content=content, comment=said, again=again)

    def show_modal(self, view_id: str, view: Block) -> None:
        """Under the banner."""
        self._slack.show_modal(view_id, bannered_modal(self._number, view))

    def _file(self, title: str, comment: str) -> tuple[str, str]:
        return f"🎭 {MARK} {self._number} · not real\n{comment}", f"{MARK}: {title}"

    def _own(self, channel: str | None) -> str:
        if channel is None or channel != self._channel:
            raise SlackRefused("not_the_exercise", " (an exercise speaks in its own channel only)")
        return channel


@dataclass(frozen=True)
class Rehearsal:
    """The outside of an exercise incident. Each part is of a type that has no way out."""

    room: RehearsalRoom
    pager: RehearsalPager
    tracker: RehearsalTracker
    announcer: RehearsalAnnouncer
    levers: RehearsalLevers
    asker: RehearsalAsker
    said_of_page: str = f"{MARK}: the on-call engineer would have been paged"
    colleagues: frozenset[str] = frozenset()


def rehearsal_of(session: Session, exercise_id: int, db: Engine, slack: Slack) -> Rehearsal:
    """The outside of one exercise."""
    exercise = session.get_one(Exercise, exercise_id)
    script = Script(db, exercise_id)
    return Rehearsal(
        room=RehearsalRoom(slack, exercise.number, exercise.channel_id, running.everybody(session, exercise), script),
        pager=RehearsalPager(script),
        tracker=RehearsalTracker(script),
        announcer=RehearsalAnnouncer(script),
        levers=RehearsalLevers(db, exercise_id),
        asker=RehearsalAsker(),
        colleagues=frozenset({solo.COLLEAGUE} if solo.of(session, exercise_id) else ()),
    )
