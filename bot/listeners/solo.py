"""`/rai-incident exercise start <scenario> solo [full] [nohints] [2x]`: an exercise for one, set up without a form."""

import asyncio
import re

from bot.inbox import Item
from bot.listeners import Ack, Door, buttons, team_of, user_of
from bot.listeners.forms import Body
from incidents import access
from incidents.errors import BadInput
from playbooks.running import SPEEDS

WORD = "solo"


def is_solo(words: str) -> bool:
    """Whether what was typed after `start` asks for an exercise for one."""
    return WORD in words.split()


async def typed(door: Door, ack: Ack, body: Body, words: str) -> None:
    """Save what was asked for. Raises NotAllowed, ContentError, BadInput in words for the person."""
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.require_responder(who, "play an exercise")
    refused = await door.save(
        Item(
            key=f"cmd:{body['trigger_id']}",
            kind="solo_start",
            team_id=who.team_id,
            user=who.user_id,
            payload={
                "channel": body["channel_id"],
                "response_url": body.get("response_url"),
                **_meant(door, words.split()),
            },
        )
    )
    await ack(**({"text": refused} if refused else {}))


def _meant(door: Door, words: list[str]) -> dict[str, object]:
    meant: dict[str, object] = {"full": False, "hints": True, "speed": 1}
    names = []
    for word in words:
        speed = re.fullmatch(r"([0-9]{1,3})x", word)
        if word == "full":
            meant["full"] = True
        elif word == "nohints":
            meant["hints"] = False
        elif speed:
            meant["speed"] = int(speed.group(1))
        elif word != WORD:
            names.append(word)
    if meant["speed"] not in SPEEDS:
        raise BadInput("speed", f"The speed is one of {', '.join(f'{each}x' for each in SPEEDS)}. Nothing was started.")
    library = door.parts.scenarios
    if len(names) != 1 or names[0] not in library.scenarios:
        known = "\n".join(f"• `{name}`" for name in sorted(library.scenarios))
        raise BadInput("scenario", f"Name one scenario: `/rai-incident exercise start <scenario> solo`.\n{known}")
    return {**meant, "scenario": names[0]}


buttons.ACTING |= {name: (name, ("exercise",)) for name in ("solo_hint", "solo_hints")}
