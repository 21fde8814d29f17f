"""The walk through the tier questions. Nothing is saved until the outcome is decided: each page carries the answers."""

import asyncio

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot.listeners import Ack, Door, carried, team_of, user_of
from bot.listeners.forms import Body, Where, metadata
from bot.listeners.submits import choice_of
from bot.parts import Parts
from bot.views import tier as views
from bot.views.blocks import Block, escape, modal, section
from incidents import access, inventory, tiering
from incidents.clock import now
from incidents.errors import Conflict, NotFound
from severity.errors import RaiIncidentError
from severity.tiers import Outcome, Taken


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the walk's pages."""

    @app.view(views.WALK)
    async def next_page(ack: Ack, body: Body) -> None:
        view = body["view"]
        where, values = carried(view), view["state"]["values"]
        block_id = next((block for block in values if block == "system" or block.startswith("tier:")), "")
        answer = choice_of(values, block_id)
        if not answer:
            await ack(response_action="errors", errors={block_id: "Choose one; “Not sure” is an answer."})
            return
        if block_id == "system":
            where = {**where, "system": answer}
        else:
            where = {**where, "answers": {**where.get("answers", {}), block_id.removeprefix("tier:"): answer}}
        try:
            page = await door.read(lambda session: page_of(session, door.parts, where))
        except RaiIncidentError as error:
            page = modal(views.WALK, "Risk tier", [section(escape(str(error)))])
        await ack(response_action="update", view=door.as_shown(page, where))

    @app.action("tier_back")
    async def back(ack: Ack, body: Body) -> None:
        await ack()
        view = body["view"]
        where = carried(view)
        given = dict(where.get("answers", {}))
        path = way(door.parts, given)
        if path:
            given.pop(path[-1].question.id, None)
        page = await door.read(lambda session: page_of(session, door.parts, {**where, "answers": given}))
        await door.replace_modal(body, page)


async def first_page(door: Door, body: Body, system_id: str, channel: str) -> Block:
    """The walk for a system, or the question which one. Raises NotFound, NotAllowed."""
    who = await _who(door, body)

    def look(session: Session) -> Block:
        if system_id:
            entry = _system(session, system_id)
            access.check_tiering(who, entry.owner)
            return page_of(session, door.parts, {"system": entry.id, "channel": channel})
        every = inventory.every(session)
        if not every:
            raise Conflict("The inventory is empty, so there is nothing to tier. An operator writes systems.yaml.")
        return views.choose_modal([(each.id, each.name) for each in every[:100]], metadata({"channel": channel}))

    return await door.read(look)


def page_of(session: Session, parts: Parts, where: Where) -> Block:
    """The page that the answers so far lead to."""
    entry = _system(session, str(where.get("system") or ""))
    given: dict[str, str] = where.get("answers", {})
    path = way(parts, given)
    step = parts.tiers.next({taken.question.id: taken.answered for taken in path})
    kept = metadata(
        {**where, "answers": {taken.question.id: taken.answered for taken in path}, "tree": parts.tiers.hash}
    )
    if isinstance(step, Outcome):
        return views.outcome_modal(entry.name, step, kept)
    return views.question_modal(entry.name, step, path, given.get(step.id), parts.tiers.notice, kept)


def way(parts: Parts, given: dict[str, str]) -> list[Taken]:
    """The answers that lie on the way, in order."""
    walked: dict[str, str] = {}
    path: list[Taken] = []
    while not isinstance(step := parts.tiers.next(walked), Outcome) and step.id in given:
        walked[step.id] = given[step.id]
        path.append(Taken(step, given[step.id], step.counted(given[step.id])))
    return path


def system_facts(session: Session, parts: Parts) -> list[views.SystemFacts]:
    """The inventory as the list shows it."""
    today = now().date()
    found = []
    for entry in inventory.every(session):
        stands = tiering.standing(session, parts.tiers, entry)
        found.append(
            views.SystemFacts(
                id=entry.id,
                name=entry.name,
                owner=entry.owner,
                tier=stands.tier,
                tiered_at=stands.tiered_at,
                decided_by=stands.decided_by,
                revalidate_by=stands.revalidate_by,
                overdue=stands.overdue(today),
                regimes=entry.regimes,
            )
        )
    return found


async def _who(door: Door, body: Body) -> access.Person:
    return await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))


def _system(session: Session, system_id: str) -> inventory.SystemEntry:
    entry = inventory.find(session, system_id)
    if entry is None:
        names = ", ".join(each.id for each in inventory.every(session)) or "none"
        raise NotFound(f"The inventory has no AI system {system_id!r:.60}. There are: {names}.")
    return entry
