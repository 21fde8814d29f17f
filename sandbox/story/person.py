"""One of the six people at work: what they do in the workspace, and what they see there.

Everything goes through the sandbox's own acts and its state for that person, as the page's clicks do. An act that the
workspace refuses raises Refused with the words Slack would show; something awaited that does not come raises Unmet.
"""

import base64
from typing import Any

from sandbox import elements
from sandbox.people import BOT_USER
from sandbox.server import World
from sandbox.story.fields import entry, field, words_of
from sandbox.story.waiting import PATIENCE, until
from sandbox.workspace import Json


class Refused(Exception):
    """The workspace did not do what a person asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Person:
    """`Person(world, "U0ONCALL01")`. Channels are ids; actions, blocks and options are named as the bot named them."""

    def __init__(self, world: World, user_id: str) -> None:
        self.world = world
        self.id = user_id
        self._entered: dict[str, Json] = {}  # view id -> values typed and not yet submitted

    async def act(self, kind: str, **more: Any) -> Json:
        """Any act of the sandbox; its answer, or Refused."""
        answer = await self.world.acts.act({"as": self.id, "type": kind, **more})
        if not answer["ok"]:
            raise Refused(answer["error"], answer["message"])
        return answer

    # in a channel

    async def command(self, channel: str, text: str = "") -> None:
        """Type `/rai-incident <text>`."""
        await self.act("command", channel=channel, command="/rai-incident", text=text)

    async def say(self, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message; its ts."""
        return str((await self.act("message", channel=channel, text=text, thread_ts=thread_ts))["ts"])

    async def react(self, channel: str, ts: str, name: str, *, remove: bool = False) -> None:
        """Add a reaction, or take it away."""
        await self.act("react", channel=channel, ts=ts, name=name, remove=remove)

    async def join(self, channel: str) -> None:
        """Join a public channel."""
        await self.act("join", channel=channel)

    async def upload(self, channel: str, name: str, content: str) -> str:
        """Share a text file in a channel; the file's id."""
        encoded = base64.b64encode(content.encode()).decode()
        return str((await self.act("upload", channel=channel, name=name, content_base64=encoded))["file"])

    async def shortcut(self, callback_id: str, channel: str | None = None, ts: str | None = None) -> None:
        """Use a shortcut, on a message or from anywhere."""
        if ts is None:
            await self.act("global_shortcut", callback_id=callback_id)
        else:
            await self.act("message_shortcut", callback_id=callback_id, channel=channel, ts=ts)

    async def press(self, channel: str, action_id: str, *, ts: str | None = None, within: float = PATIENCE) -> None:
        """Press a button of a message, the newest one that has it (or that of the message `ts`), once it is there."""

        def button() -> tuple[str, str, Json] | None:
            for message in reversed(self.messages(channel)):
                if ts in (None, message["ts"]):
                    for block_id, element in elements.interactive(message["blocks"] or []):
                        if element["action_id"] == action_id:
                            return message["ts"], block_id, element
            return None

        def there() -> object:
            return sorted(self.buttons(channel))

        found, block_id, element = await until(button, f"a button {action_id!r} in {channel}", there, within)
        container = {"type": "message", "channel": channel, "ts": found}
        given = {"value": element["value"]} if "value" in element else {}
        await self.act("block_action", container=container, block_id=block_id, action_id=action_id, element=given)

    # in a modal

    @property
    def top(self) -> Json | None:
        """The modal on top of this person's screen."""
        modals: list[Json] = self.state["modals"]
        return modals[-1] if modals else None

    async def modal(self, *words: str, within: float = PATIENCE) -> Json:
        """The modal on top, once it shows all these words."""

        def shown() -> Json | None:
            top = self.top
            return top if top and all(word in _title(top) + "\n" + words_of(top) for word in words) else None

        return await until(shown, f"a modal with {words or 'anything'}", self._top_words, within)

    async def fill(self, values: dict[str, Any], within: float = PATIENCE) -> None:
        """Enter values by block id, in order, waiting for fields that appear as others are filled.

        A text is a string; a choice its value; several a list of values; a person an id; a time seconds since 1970.
        """
        for block_id, given in values.items():

            def found(block_id: str = block_id) -> tuple[Json, Json, Json] | None:
                top = self.top
                known = field(top["blocks"], block_id) if top else None
                return (top, *known) if top and known else None

            view, block, element = await until(found, f"a field {block_id!r}", self._top_words, within)
            held = {element["action_id"]: entry(element, given)}
            entered = self._entered.setdefault(view["id"], {})
            entered[block_id] = held
            if block.get("dispatch_action"):
                container = {"type": "view", "view_id": view["id"]}
                action = {
                    "block_id": block_id,
                    "action_id": element["action_id"],
                    "element": held[element["action_id"]],
                }
                await self.act("block_action", container=container, state=entered, **action)

    async def submit(self, values: dict[str, Any] | None = None) -> Json:
        """Fill in the rest and submit the modal on top; the workspace's answer. Refused when a field is wrong."""
        await self.fill(values or {})
        view = await self.modal()
        return await self.act("view_submit", view_id=view["id"], values=self._entered.get(view["id"], {}))

    async def close(self) -> None:
        """Close the modal on top."""
        await self.act("view_close", view_id=(await self.modal())["id"])

    # looking

    @property
    def state(self) -> Json:
        """The workspace as this person sees it."""
        return self.world.state(self.id)

    def messages(self, channel: str) -> list[Json]:
        """What this person can read in a channel of theirs, oldest first."""
        shown = next((one for one in self.state["channels"] if one["id"] == channel), None)
        return list(shown["messages"]) if shown else []

    def buttons(self, channel: str) -> set[str]:
        """The action ids that can be pressed in a channel."""
        return {
            str(element["action_id"])
            for message in self.messages(channel)
            for _, element in elements.interactive(message["blocks"] or [])
        }

    def channel(self, name: str) -> Json | None:
        """The channel of theirs whose name begins with this."""
        return next((one for one in self.state["channels"] if not one["is_im"] and one["name"].startswith(name)), None)

    @property
    def bot_dm(self) -> str | None:
        """Their direct channel with the bot."""
        return next((one["id"] for one in self.state["channels"] if one.get("with") == BOT_USER), None)

    async def sees(self, channel: str, *words: str, within: float = PATIENCE) -> Json:
        """The newest message of a channel that has all these words, once it is there."""

        def shown() -> Json | None:
            having = (
                message
                for message in reversed(self.messages(channel))
                if all(word in words_of(message) for word in words)
            )
            return next(having, None)

        def last() -> object:
            return [words_of(message)[:300] for message in self.messages(channel)[-3:]]

        return await until(shown, f"a message with {words} in {channel}", last, within)

    def _top_words(self) -> object:
        top = self.top
        return f"the modal {_title(top)!r}: {words_of(top)[:500]} {top['errors'] or ''}" if top else "no modal"


def _title(view: Json) -> str:
    return str((view.get("title") or {}).get("text", ""))
