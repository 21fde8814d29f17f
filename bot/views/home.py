"""The App Home: what is open, what is mine, and the button that matters."""

from collections.abc import Sequence

from bot.views.blocks import Block, actions, button, context, divider, header, section
from bot.views.card import CardFacts
from bot.views.lists import status_text
from incidents.access import Person


def home_view(who: Person, incidents: Sequence[CardFacts]) -> Block:
    """The home of one person. `incidents` are the open ones they may see."""
    mine = [facts for facts in incidents if who.user_id in facts.roles.values() or facts.reporter == who.user_id]
    others = [facts for facts in incidents if facts not in mine]
    blocks: list[Block] = [
        header("AI-harm incidents"),
        actions(button("Report AI harm", "declare_open", "home", style="danger")),
    ]
    for title, facts_list in (("Mine", mine), ("Open", others)):
        if facts_list:
            blocks += [divider(), header(title), *(section(status_text(facts)) for facts in facts_list[:20])]
    if not incidents:
        blocks += [divider(), section("No incident is open. 🌤️")]
    may = "You are a responder." if who.responder else "You can report harm; responders take it from there."
    blocks.append(context(f"{may} Type `/rai-incident help` for everything the bot can do."))
    return {"type": "home", "blocks": blocks[:100]}
