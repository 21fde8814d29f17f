"""Declaring, durably: the page and the reporter first, then card, ticket, announcement and bookmarks.

Branches run side by side as child workflows, each with its own recovery. Every outside object is found by its key when
a step runs twice: the page by its dedup key, the channel by its name, messages by their metadata, the ticket by its
label.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from dbos import DBOS, SetWorkflowID, WorkflowHandle
from sqlalchemy.orm import Session

from bot import inbox, record
from bot.acts import clocks
from bot.acts.exercise import real_comes_first
from bot.effects import ClocksMessage, Effect, Page, Panel, Tell, perform
from bot.inbox import Item
from bot.parts import parts
from bot.shown import keep_shown
from bot.views.blocks import escape
from bot.views.card import announcement, incident_card
from bot.views.declare import opened_message, opened_modal
from bot.workflows.carry import Trouble, carry_out, durably
from incidents import access, lifecycle, opening
from incidents.access import Person
from incidents.db import reading, writing
from incidents.models import Incident
from integrations.jira import INDEX_LAG_SECONDS
from integrations.slack import Message
from playbooks import running
from playbooks.models import Exercise
from severity.errors import RaiIncidentError

R = TypeVar("R")


@DBOS.workflow(name="declare")
def declare(item: Item) -> None:
    """Open one incident from one submit and tell everybody who must know."""
    # Not a step: who it is counts only inside `open`, whose result is kept, and a report waits for nothing.
    who = parts().directory.member(item.user, item.team_id)
    opened = parts().durable.transact("open", open_incident, item, who)
    if isinstance(opened, str):
        carry_out(Tell(item.user, Message(escape(opened)), item.payload.get("channel")), f"{item.key}:refused", None)
    else:
        _tell_everybody(opened, str(item.payload.get("view_id") or ""))
    parts().durable.transact("done", inbox.mark_done, item.key)


def _tell_everybody(incident_id: int, view_id: str) -> None:
    """The page first, and beside it the channel; then people into it; whatever else is needed after them.

    Card, page and ticket do not wait for each other: whatever comes after the card is brought onto it.
    """
    page = _branch(page_branch, "page", incident_id)
    branches = []
    channel = durably("channel", make_channel, incident_id, incident_id=incident_id, repeatable=True)
    if not isinstance(channel, Trouble):
        branches = [
            _branch(people_branch, "people", incident_id, channel),
            _branch(card_branch, "card", incident_id, channel),
            _branch(reporter_branch, "reporter", incident_id, view_id),
        ]
    elif view_id:
        durably("modal", show_opened, incident_id, view_id, incident_id=incident_id, repeatable=True)
    ticket = _branch(ticket_branch, "ticket", incident_id)
    effects = parts().durable.transact("exercises", _exercises, incident_id)
    for index, effect in enumerate(effects):
        carry_out(effect, f"exercises:{incident_id}:{index}", None)
    ticket.get_result()
    bookmark = _branch(bookmark_branch, "bookmark", incident_id)
    stands = durably("card", complete_card, incident_id, incident_id=incident_id, repeatable=True)
    for branch in (*branches, page, bookmark):
        branch.get_result()
    if stands is False:
        durably("card", complete_card, incident_id, incident_id=incident_id, repeatable=True)


def open_incident(session: Session, item: Item, who: Person) -> int | str:
    """The new incident's id, or words why not."""
    try:
        access.check(access.Action.DECLARE, who)
        with session.begin_nested():
            policy = parts().policy_in_force.at(session)
            exercise = _exercise(session, item, who)
            kind = "real" if exercise is None else "exercise"
            incident = opening.open_report(session, item.payload, who, policy, key=item.key, kind=kind)
            if exercise is not None:
                running.attach(session, exercise, incident)
            clocks.at_declare(session, incident)
            if parts().model is not None and exercise is None:
                opening.let_model_read(session, incident)
            return incident.id
    except RaiIncidentError as error:
        return str(error)


def _exercise(session: Session, item: Item, who: Person) -> Exercise | None:
    """The exercise that the form was opened in; it must go on, or what somebody believed to be one is lost in it."""
    if not item.payload.get("exercise"):
        return None
    exercise = running.lock(session, running.find(session, who.team_id, int(item.payload["exercise"])).id)
    running.require_begun(exercise)
    return exercise


def _branch(workflow: Callable[..., R], name: str, incident_id: int, *more: str) -> "WorkflowHandle[R]":
    with SetWorkflowID(f"declare:{incident_id}:{name}"):
        return DBOS.start_workflow(workflow, incident_id, *more)


@DBOS.workflow(name="declare_page")
def page_branch(incident_id: int) -> None:
    """Page the on-call engineer: one outside call. A card that was quicker hears of it."""
    page = Page(incident_id, "Declared", f"page:{incident_id}:declared")
    overtaken = durably("page", _page, page, incident_id=incident_id, repeatable=True)
    if overtaken is True:
        durably("card", complete_card, incident_id, incident_id=incident_id, repeatable=True)


@DBOS.workflow(name="declare_people")
def people_branch(incident_id: int, channel: str) -> None:
    """Reporter and on-call into the channel; the regulators' clocks that may run; one line for everybody else."""
    durably("invite", invite, incident_id, channel, incident_id=incident_id, repeatable=True)
    carry_out(ClocksMessage(incident_id), f"clocks:{incident_id}", incident_id)
    durably("announcement", announce, incident_id, incident_id=incident_id)


@DBOS.workflow(name="declare_card")
def card_branch(incident_id: int, channel: str) -> None:
    """The card, pinned."""
    ts = durably("card", post_card, incident_id, channel, incident_id=incident_id)
    if not isinstance(ts, Trouble):
        durably("pin", pin, incident_id, channel, ts, incident_id=incident_id, repeatable=True)


@DBOS.workflow(name="declare_reporter")
def reporter_branch(incident_id: int, view_id: str) -> None:
    """The reporter hears where it is handled: in the modal, and by message, for they may have closed it."""
    if view_id:
        durably("modal", show_opened, incident_id, view_id, incident_id=incident_id, repeatable=True)
    durably("tell the reporter", tell_reporter, incident_id, incident_id=incident_id)


@DBOS.workflow(name="declare_ticket")
def ticket_branch(incident_id: int) -> None:
    """The ticket, where Jira is configured. By itself, because a second try has to wait for Jira's index."""
    durably("ticket", make_ticket, incident_id, incident_id=incident_id)


@DBOS.workflow(name="declare_bookmark")
def bookmark_branch(incident_id: int) -> None:
    """The ticket's bookmark, where there are both ticket and channel."""
    durably("bookmark", bookmark_ticket, incident_id, incident_id=incident_id)


def _exercises(session: Session, incident_id: int) -> list[Effect]:
    """A real incident makes what is only rehearsed stand still; one of an exercise appears on its panel."""
    own = running.of_incident(session, incident_id)
    return [Panel(own.id)] if own else real_comes_first(session, session.get_one(Incident, incident_id))


def _page(page: Page) -> bool:
    """Page, and say whether the card stands already. PagerDuty itself keeps to the key."""
    perform(page, page.page_key, again=False)
    with reading(parts().db) as session:
        return lifecycle.link(session, page.incident_id, "card") is not None


def make_channel(incident_id: int) -> str:
    """Find or create the incident's channel by its name; its id."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        room = parts().world_of(session, incident).room
        known = lifecycle.link(session, incident_id, "channel")
        name, private = opening.channel_name(incident), incident.private
    if known is not None:
        return known.external_id
    channel = room.find_or_create_channel(name, private=private)
    _remember(incident_id, "channel", f"channel:{incident_id}", channel, name)
    return channel


def invite(incident_id: int, channel: str) -> None:
    """Invite whoever the incident names; inviting twice is no error."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        users = list(incident.invited)
        room = parts().world_of(session, incident).room
    room.invite(channel, users)


def post_card(incident_id: int, channel: str, again: bool) -> str:
    """Post the card once; its ts."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        known = lifecycle.link(session, incident_id, "card")
        facts = record.card_facts(session, incident_id)
        room = parts().world_of(session, incident).room
    if known is not None:
        return known.external_id
    key = f"card:{incident_id}"
    ts = room.post(channel, incident_card(facts), key=key, again=again)
    _remember(incident_id, "card", key, ts, channel)
    return ts


def complete_card(incident_id: int) -> bool:
    """The card with ticket and page on it; whether it stands already."""
    return keep_shown(incident_id, "card", incident_card)


def pin(incident_id: int, channel: str, ts: str) -> None:
    """Pin the card."""
    parts().world(incident_id).room.pin(channel, ts)


def announce(incident_id: int, again: bool) -> None:
    """Announce a public incident, once."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        known = lifecycle.link(session, incident_id, "announcement")
        facts = record.card_facts(session, incident_id)
        announcer = parts().world_of(session, incident).announcer
    if known is not None or facts.private:
        return
    key = f"announcement:{incident_id}"
    message = announcement(facts)
    announced = announcer.announce(message, key=key, again=again)
    if announced is None:
        return
    channel, ts = announced
    _remember(incident_id, "announcement", key, ts, channel)
    keep_shown(incident_id, "announcement", announcement, None if again else message)


def make_ticket(incident_id: int, again: bool) -> None:
    """Find or create the ticket by its label. The report's text stays in Slack; a private incident has no ticket, which
    everybody on the project would see (abuse case 26)."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        tracker = parts().world_of(session, incident).tracker
        if tracker is None or incident.private:
            return
        system = record.system_name(session, incident)
        channel = lifecycle.link(session, incident_id, "channel")
    where = parts().channel_url(channel.external_id) if channel else parts().workspace_url
    if again:
        time.sleep(INDEX_LAG_SECONDS)  # what an earlier process made a moment ago, Jira's search may not see yet
    ticket = tracker.find_or_create(
        key=f"ticket:{incident_id}",
        summary=f"{incident.number} {incident.severity}: AI incident, {system}",
        description=f"Opened by rai-incident. Severity {incident.severity} (provisional). The record is in Slack.",
        link=where,
        again=again,
    )
    if ticket is None:
        return
    _remember(incident_id, "ticket", f"ticket:{incident_id}", ticket.key, ticket.key, ticket.url)


def bookmark_ticket(incident_id: int, again: bool) -> None:
    """The ticket in the channel's header."""
    with reading(parts().db) as session:
        ticket = lifecycle.link(session, incident_id, "ticket")
        channel = lifecycle.link(session, incident_id, "channel")
    if ticket is not None and ticket.url and channel is not None:
        title = f"Ticket {ticket.external_id}"
        room = parts().world(incident_id).room
        room.bookmark(channel.external_id, title, ticket.url, emoji=":ticket:", again=again)


def tell_reporter(incident_id: int, again: bool) -> None:
    """A direct message with the channel, for the reporter who closed the modal."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        facts = record.opened_facts(session, incident_id)
        room = parts().world_of(session, incident).room
    room.post_direct(facts.reporter, opened_message(facts), key=f"opened:{incident_id}", again=again)


def show_opened(incident_id: int, view_id: str) -> None:
    """Replace the submitted modal by what happened; closed meanwhile is fine."""
    with reading(parts().db) as session:
        incident = session.get_one(Incident, incident_id)
        facts = record.opened_facts(session, incident_id)
        room = parts().world_of(session, incident).room
    room.show_modal(view_id, opened_modal(facts))


def _remember(incident_id: int, kind: str, key: str, external_id: str, name: str, url: str | None = None) -> None:
    with writing(parts().db) as session:
        lifecycle.add_link(session, incident_id, kind, key=key, external_id=external_id, name=name, url=url)
