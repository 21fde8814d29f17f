"""The form for writing to people outside: another template replaces the text in place."""

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot import comms_facts
from bot.listeners import Ack, Door, carried, visible_incident
from bot.listeners.forms import Body, metadata
from bot.views import comms as views
from bot.views.blocks import Block, escape, modal, section
from incidents.access import Action
from severity.errors import RaiIncidentError


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the form's menu."""

    @app.action(views.CHOOSE)
    async def choose(ack: Ack, body: Body) -> None:
        await ack()
        view = body["view"]
        where = carried(view)
        chosen = str((body["actions"][0].get("selected_option") or {}).get("value") or "")

        def look(session: Session) -> Block:
            number, channel = str(where.get("incident") or ""), str(where.get("channel") or "")
            incident = visible_incident(session, door.parts, body, number, channel, Action.RESPOND)
            return comms_facts.form(session, door.parts, incident, metadata(where), chosen)

        try:
            page = await door.read(look)
        except RaiIncidentError as error:
            page = modal(views.CALLBACK, "Not possible", [section(escape(str(error)))])
        await door.replace_modal(body, page)
