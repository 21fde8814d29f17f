"""The outside of an incident: whom it pages, where it speaks, which levers it moves. Real, or rehearsed.

Everything that acts outside for an incident asks `parts().world(…)` for its outside and uses what it finds there. An
exercise finds a `Rehearsal`: of types that hold no connection, so that no condition anywhere has to be right for a
drill to stay a drill (abuse case 43).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.views.blocks import Block
from incidents.inventory import SystemEntry
from integrations.asking import Reply, ask
from integrations.jira import Jira, Ticket
from integrations.pagerduty import Page, PagerDuty, PageSeverity
from integrations.rollback.base import Target, TargetError
from integrations.rollback.kinds import build_target
from integrations.slack import Message, Slack


class Pager(Protocol):
    """Who wakes people."""

    def page(
        self, *, key: str, summary: str, severity: PageSeverity, source: str, details: dict[str, str], link: str
    ) -> Page:
        """Page the on-call engineer, once per `key`."""
        ...

    def acknowledge(self, key: str) -> None:
        """Stop the escalation of `key`."""
        ...

    def resolve(self, key: str) -> None:
        """End the page `key`."""
        ...


class Tracker(Protocol):
    """Where tickets are."""

    def find_or_create(self, *, key: str, summary: str, description: str, link: str, again: bool) -> Ticket | None:
        """The ticket of `key`; None where there is none to have."""
        ...

    def comment(self, ticket: Ticket, text: str, key: str) -> None:
        """A comment, once per `key`."""
        ...


class Announcer(Protocol):
    """Who tells everybody."""

    def announce(self, message: Message, *, key: str, again: bool) -> tuple[str, str] | None:
        """Announce, once per `key`: channel and ts of the message, or None where nobody was told."""
        ...


class Room(Protocol):
    """Where the incident's people are spoken to. The methods are those of `integrations.slack.Slack`."""

    def find_or_create_channel(self, name: str, *, private: bool) -> str:
        """The incident's channel."""
        ...

    def invite(self, channel: str, users: Sequence[str]) -> None:
        """Bring people in."""
        ...

    def post(self, channel: str, message: Message, *, key: str, again: bool, thread_ts: str | None = None) -> str:
        """A message, once per `key`; its ts."""
        ...

    def post_direct(self, user: str, message: Message, *, key: str, again: bool) -> str:
        """A direct message, once per `key`; its ts."""
        ...

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message's content."""
        ...

    def tell(self, channel: str, user: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Words for one person only."""
        ...

    def respond(self, response_url: str, message: Message, *, thread_ts: str | None = None) -> bool:
        """Answer a command where it was typed."""
        ...

    def pin(self, channel: str, ts: str) -> None:
        """Pin a message."""
        ...

    def bookmark(self, channel: str, title: str, link: str, *, emoji: str, again: bool) -> None:
        """A bookmark in the channel's header."""
        ...

    def upload(self, channel: str, *, name: str, title: str, content: str | bytes, comment: str, again: bool) -> None:
        """Share a file."""
        ...

    def upload_direct(
        self, user: str, *, name: str, title: str, content: str | bytes, comment: str, again: bool
    ) -> None:
        """A file for one person."""
        ...

    def show_modal(self, view_id: str, view: Block) -> None:
        """Replace the content of an open modal."""
        ...


class Levers(Protocol):
    """What can be rolled back."""

    def entry(self, system_id: str, target_id: str) -> dict[str, Any]:
        """A target's entry as it stands now. Raises Conflict when it is not there any more."""
        ...

    def target(self, system_id: str, target_id: str) -> Target:
        """The target itself. Raises Conflict, or TargetError for a bad entry."""
        ...


class Asker(Protocol):
    """Who puts a failing prompt to a system again."""

    def ask(self, system: SystemEntry, prompt: str, session: str) -> Reply:
        """The system's answer. Raises TargetError or OutsideServiceError where there is none."""
        ...


class RealAsker:
    """Asks the system itself."""

    def ask(self, system: SystemEntry, prompt: str, session: str) -> Reply:
        """One request to the system's endpoint."""
        if system.ask is None or system.endpoint is None:
            raise TargetError("The inventory does not name its endpoint any more.")
        return ask(system.id, system.endpoint, system.ask.model_dump(mode="json"), prompt, session)


class RealAnnouncer:
    """The channel that hears of every public incident."""

    def __init__(self, slack: Slack, channel: Callable[[], str | None]) -> None:
        self._slack = slack
        self._channel = channel

    def announce(self, message: Message, *, key: str, again: bool) -> tuple[str, str] | None:
        """One line in that channel, once; None where there is no such channel."""
        channel = self._channel()
        if channel is None:
            return None
        return channel, self._slack.post(channel, message, key=key, again=again)


class RealLevers:
    """The targets of the operator's file."""

    def __init__(self, entry: Callable[[str, str], dict[str, Any]]) -> None:
        self._entry = entry

    def entry(self, system_id: str, target_id: str) -> dict[str, Any]:
        """The entry as the file has it."""
        return self._entry(system_id, target_id)

    def target(self, system_id: str, target_id: str) -> Target:
        """The adapter that the entry describes."""
        return build_target(self._entry(system_id, target_id))


@dataclass(frozen=True)
class Real:
    """The outside of a real incident. An integration that is not configured is None and is skipped."""

    room: Slack
    pager: PagerDuty | None
    tracker: Jira | None
    announcer: RealAnnouncer
    levers: RealLevers
    asker: RealAsker
    said_of_page: str = "Paged the on-call engineer"
    colleagues: frozenset[str] = frozenset()  # approvers who are no people: only an exercise has such
