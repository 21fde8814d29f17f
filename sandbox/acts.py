"""What people do in the workspace: each act changes it, tells the bot, and answers when the bot has acknowledged.

An act is a JSON object with `as` (a user id) and `type`. `Acts.act` answers `{"ok": true, ...}`, or `{"ok": false}`
with a code and the words Slack would show.
"""

import base64
import binascii
import mimetypes
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_args

from sandbox import elements, mrkdwn, payloads
from sandbox.delivery import Delivery, Kind
from sandbox.errors import SlackError
from sandbox.faults import Faults
from sandbox.modals import Modals, NotDone
from sandbox.people import BOT_USER, Person
from sandbox.response_urls import ResponseUrls, answer
from sandbox.triggers import Triggers
from sandbox.webapi import views
from sandbox.workspace import Channel, File, Json, Message, Workspace

SLACKBOT: Final = "USLACKBOT"


class Acts:
    """Every act, one method each, by the name in `type`."""

    def __init__(
        self, workspace: Workspace, delivery: Delivery, triggers: Triggers, response_urls: ResponseUrls, faults: Faults
    ) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._triggers = triggers
        self._response_urls = response_urls
        self._faults = faults
        self._modals = Modals(workspace, delivery, triggers, response_urls, faults)
        self._by_type: dict[str, Callable[[Person, Json], Awaitable[Json]]] = {
            "command": self._command,
            "message": self._message,
            "block_action": self._block_action,
            "view_submit": self._view_submit,
            "view_close": self._view_close,
            "message_shortcut": self._message_shortcut,
            "global_shortcut": self._global_shortcut,
            "react": self._react,
            "open_dm": self._open_dm,
            "open_home": self._open_home,
            "open_assistant": self._open_assistant,
            "read": self._read,
            "join": self._join,
            "upload": self._upload,
            "set_group": self._set_group,
            "deactivate": self._deactivate,
            "emulate": self._emulate,
        }

    async def act(self, body: Any) -> Json:
        try:
            if not isinstance(body, dict) or body.get("type") not in self._by_type:
                raise NotDone("unknown_act", f"type: one of {', '.join(self._by_type)}")
            person = self._workspace.people.get(str(body.get("as")))
            if person is None or person.is_bot:
                raise NotDone("user_not_found", "as: the id of a person of this workspace")
            return {"ok": True, **await self._by_type[body["type"]](person, body)}
        except NotDone as refusal:
            return {"ok": False, "error": refusal.code, "message": refusal.message}
        except (KeyError, TypeError, AttributeError) as fault:
            return {"ok": False, "error": "malformed_act", "message": f"This is not how the act is written: {fault!r}"}

    # words

    async def _command(self, person: Person, act: Json) -> Json:
        channel = self._seen_channel(person, act["channel"])
        command = act["command"]
        address = self._response_urls.issue(person.id, channel)
        trigger_id = self._triggers.issue(person.id)
        text = str(act.get("text") or "").strip()
        payload = payloads.command(person, channel, command, text, trigger_id, address)
        ack = await self._delivery.send("slash_commands", payload)
        if not ack.ok:
            words = f"{command} failed because the app did not respond"
            self._whisper(person, channel, words)
            raise NotDone("dispatch_failed", words)
        content = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if content:
            try:
                answer(self._workspace, person.id, channel, content, self._faults.switches["refuse_blocks"])
            except SlackError as fault:
                words = f"{command} failed with the error “{fault.code}”"
                self._whisper(person, channel, words)
                raise NotDone(fault.code, words) from fault
        return {}

    async def _message(self, person: Person, act: Json) -> Json:
        channel = self._own_channel(person, act["channel"])
        text = mrkdwn.compose(str(act["text"]), self._workspace.names())
        message = Message(self._workspace.next_ts(), channel.id, person.id, text, thread_ts=act.get("thread_ts"))
        await self._say(channel, message)
        return {"ts": message.ts}

    async def _upload(self, person: Person, act: Json) -> Json:
        channel = self._own_channel(person, act["channel"])
        try:
            content = base64.b64decode(act["content_base64"], validate=True)
        except (binascii.Error, ValueError):
            raise NotDone("invalid_file", "content_base64: not base64") from None
        name = str(act["name"])
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File(self._workspace.new_id("F"), name, mimetype, person.id, content, shared_in=[channel.id])
        self._workspace.files[file.id] = file
        ts = self._workspace.next_ts()
        message = Message(ts, channel.id, person.id, "", files=[file], subtype="file_share")
        await self._say(channel, message)
        return {"ts": message.ts, "file": file.id}

    async def _say(self, channel: Channel, message: Message) -> None:
        """Write a person's message and tell the bot, if it is there to hear."""
        if message.thread_ts and message.thread_ts not in channel.messages:
            raise NotDone("thread_not_found", "This thread is gone.")
        self._workspace.write(message)
        if BOT_USER not in channel.members:
            return
        first = self._delivery.emit(payloads.message_event(channel, message))
        if f"<@{BOT_USER}>" in message.text and not channel.is_im:
            await self._delivery.emit(payloads.mention_event(channel, message))
        await first

    def _whisper(self, person: Person, channel: Channel, text: str) -> None:
        """Slack itself speaks to one person."""
        message = Message(self._workspace.next_ts(), channel.id, SLACKBOT, text, ephemeral_to=person.id)
        self._workspace.write(message)

    # blocks and views

    async def _block_action(self, person: Person, act: Json) -> Json:
        container = act["container"]
        block_id, action_id = act["block_id"], act["action_id"]
        if container["type"] == "view":
            view = self._modals.view_of(person, container["view_id"])
            return await self._modals.use_element(person, view, block_id, action_id, act)
        channel, message = self._message_of(person, container["channel"], container["ts"])
        blocks = message.blocks or []
        element = elements.find(blocks, block_id, action_id)
        if element is None:
            raise NotDone("element_not_found", "This message has changed. Look again.")
        given = act.get("element") or {}
        entered = {block_id: {action_id: given}}
        payload = payloads.message_action(
            person,
            channel,
            message,
            elements.action(element, block_id, given, payloads.action_ts()),
            elements.values(blocks, {**(act.get("state") or {}), **entered}),
            self._triggers.issue(person.id),
            self._response_urls.issue(person.id, channel, message),
        )
        return await self._interact(payload)

    async def _view_submit(self, person: Person, act: Json) -> Json:
        view = self._modals.view_of(person, act["view_id"])
        return await self._modals.submit(person, view, act.get("values") or {})

    async def _view_close(self, person: Person, act: Json) -> Json:
        return await self._modals.close(person, self._modals.view_of(person, act["view_id"]))

    async def _message_shortcut(self, person: Person, act: Json) -> Json:
        channel, message = self._message_of(person, act["channel"], act["ts"])
        trigger_id = self._triggers.issue(person.id)
        address = self._response_urls.issue(person.id, channel, message)
        shortcut = payloads.message_shortcut(person, channel, message, act["callback_id"], trigger_id, address)
        return await self._interact(shortcut)

    async def _global_shortcut(self, person: Person, act: Json) -> Json:
        return await self._interact(
            payloads.global_shortcut(person, act["callback_id"], self._triggers.issue(person.id))
        )

    async def _interact(self, payload: Json) -> Json:
        ack = await self._delivery.send("interactive", payload)
        if not ack.ok:
            raise NotDone("dispatch_failed", "This app is not responding. Try again, or ask the people who run it.")
        return {}

    async def _open_home(self, person: Person, act: Json) -> Json:
        channel = self._workspace.direct_channel(BOT_USER, person.id)
        home = self._workspace.homes.get(person.id)
        shown = views.view_object(home) if home else None
        await self._delivery.emit(payloads.home_opened_event(person.id, channel, shown))
        return {}

    async def _open_assistant(self, person: Person, act: Json) -> Json:
        """A new conversation in the app's pane: a thread of the direct message, and the event that tells the app."""
        channel = self._workspace.direct_channel(BOT_USER, person.id)
        ts = self._workspace.next_ts()
        root = Message(
            ts, channel.id, BOT_USER, "New chat", thread_ts=ts, subtype="assistant_app_thread", from_bot=True
        )
        self._workspace.threads[(channel.id, ts)] = {}
        self._workspace.write(root)
        channel.read_ts[person.id] = ts
        await self._delivery.emit(payloads.assistant_event("assistant_thread_started", person.id, channel, ts))
        return {"channel": channel.id, "thread_ts": ts}

    # channels and people

    async def _react(self, person: Person, act: Json) -> Json:
        channel, message = self._message_of(person, act["channel"], act["ts"])
        name, remove = str(act["name"]), bool(act.get("remove"))
        users = message.reactions.setdefault(name, [])
        if (person.id in users) == remove:
            if remove:
                users.remove(person.id)
            else:
                users.append(person.id)
        if not users:
            del message.reactions[name]
        self._workspace.on_change()
        if BOT_USER in channel.members:
            kind = "reaction_removed" if remove else "reaction_added"
            await self._delivery.emit(payloads.reaction_event(kind, person.id, name, message))
        return {}

    async def _open_dm(self, person: Person, act: Json) -> Json:
        if act["user"] not in self._workspace.people:
            raise NotDone("user_not_found", "There is no such person.")
        return {"channel": self._workspace.direct_channel(person.id, act["user"]).id}

    async def _read(self, person: Person, act: Json) -> Json:
        channel = self._seen_channel(person, act["channel"])
        if channel.messages:
            channel.read_ts[person.id] = next(reversed(channel.messages))
            self._workspace.on_change()
        return {}

    async def _join(self, person: Person, act: Json) -> Json:
        channel = self._seen_channel(person, act["channel"])
        if person.guest and person.id not in channel.members:
            raise NotDone("user_is_restricted", "Guests cannot join channels by themselves.")
        self._workspace.add_members(channel, [person.id], inviter=None)
        return {}

    async def _set_group(self, person: Person, act: Json) -> Json:
        group = self._workspace.usergroups.get(act["usergroup"])
        if group is None or not set(act["users"]) <= set(self._workspace.people):
            raise NotDone("not_found", "No such group, or no such person.")
        group.users = list(act["users"])
        self._workspace.on_change()
        return {}

    async def _deactivate(self, person: Person, act: Json) -> Json:
        gone = self._workspace.people.get(act["user"])
        if gone is None or gone.is_bot:
            raise NotDone("user_not_found", "There is no such person.")
        gone.deactivated = True
        self._workspace.on_change()
        return {}

    async def _emulate(self, person: Person, act: Json) -> Json:
        """What Slack's own infrastructure does: `redeliver` the last payload, or `disconnect` the sockets."""
        if act["action"] == "disconnect":
            await self._delivery.disconnect()
            return {}
        kind = act.get("kind")
        if act["action"] != "redeliver" or kind not in (None, *get_args(Kind)):
            raise NotDone("unknown_act", f"action: disconnect or redeliver; kind: {', '.join(get_args(Kind))}")
        if not self._delivery.last or (kind and kind not in self._delivery.last):
            raise NotDone("nothing_delivered", "Nothing has been delivered yet.")
        ack = await self._delivery.redeliver(kind)
        return {"status": ack.status, "body": ack.body}

    # finding

    def _seen_channel(self, person: Person, channel_id: str) -> Channel:
        """A channel this person may look into: their own, and public ones unless they are a guest."""
        channel = self._workspace.channels.get(channel_id)
        if channel is None or (person.id not in channel.members and (channel.is_private or person.guest)):
            raise NotDone("channel_not_found", "There is no such channel.")
        return channel

    def _own_channel(self, person: Person, channel_id: str) -> Channel:
        channel = self._seen_channel(person, channel_id)
        if person.id not in channel.members:
            raise NotDone("not_in_channel", "Join the channel to write in it.")
        if channel.is_archived:
            raise NotDone("is_archived", "This channel is archived.")
        return channel

    def _message_of(self, person: Person, channel_id: str, ts: str) -> tuple[Channel, Message]:
        channel = self._seen_channel(person, channel_id)
        whispers = (message for message in channel.ephemeral if message.ts == ts and message.ephemeral_to == person.id)
        message = channel.messages.get(ts) or next(whispers, None)
        if message is None:
            raise NotDone("message_not_found", "This message is gone.")
        return channel, message
