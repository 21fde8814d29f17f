"""The workspace as one person sees it: the JSON that the page is drawn from."""

from typing import Any, Final

from sandbox.people import BOT_ID, BOT_USER
from sandbox.workspace import Channel, Json, Message, View, Workspace

SHOWN_MESSAGES: Final = 150


def people_state(workspace: Workspace) -> list[Json]:
    return [
        {
            "id": person.id,
            "handle": person.handle,
            "name": person.name,
            "guest": person.guest,
            "avatar_color": person.avatar_color,
            "deactivated": person.deactivated,
        }
        for person in workspace.people.values()
        if not person.is_bot
    ]


def usergroups_state(workspace: Workspace) -> list[Json]:
    return [
        {"id": group.id, "handle": group.handle, "name": group.name, "users": group.users}
        for group in workspace.usergroups.values()
    ]


def channels_state(workspace: Workspace, me: str) -> list[Json]:
    """The person's own channels."""
    return [
        channel_state(channel, me) | _pane(workspace, channel)
        for channel in workspace.channels.values()
        if me in channel.members
    ]


def _pane(workspace: Workspace, channel: Channel) -> Json:
    """The conversations of the app's pane, by thread: title, status and suggested prompts."""
    threads = {ts: facts for (channel_id, ts), facts in workspace.threads.items() if channel_id == channel.id}
    return {"pane": threads} if threads else {}


def joinable_state(workspace: Workspace, me: str) -> list[Json]:
    """Public channels the person is not in; guests see none."""
    if workspace.people[me].guest:
        return []
    return [
        {"id": channel.id, "name": channel.name, "topic": channel.topic}
        for channel in workspace.channels.values()
        if me not in channel.members and not channel.is_private and not channel.is_archived
    ]


def channel_state(channel: Channel, me: str) -> Json:
    read = channel.read_ts.get(me, "")
    unread = [
        message
        for message in channel.messages.values()
        if message.ts > read and message.user != me and message.in_channel
    ]
    whispers = [message for message in channel.ephemeral if message.ephemeral_to == me]
    shown = sorted([*channel.messages.values(), *whispers], key=lambda message: message.ts)[-SHOWN_MESSAGES:]
    state: Json = {
        "id": channel.id,
        "name": channel.name,
        "is_im": channel.is_im,
        "is_private": channel.is_private,
        "topic": channel.topic,
        "purpose": channel.purpose,
        "archived": channel.is_archived,
        "members": channel.members,
        "unread": len(unread),
        "mention": any(me in message.notified for message in unread),
        "pins": channel.pins,
        "bookmarks": [
            {name: bookmark[name] for name in ("id", "title", "link", "emoji")} for bookmark in channel.bookmarks
        ],
        "messages": [message_state(channel, message) for message in shown],
    }
    return state | ({"with": channel.partner(me)} if channel.is_im else {})


def _picked(source: Json, *names: str) -> Json:
    return {name: source[name] for name in names}


def message_state(channel: Channel, message: Message) -> Json:
    state: Json = {
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "edited": message.edited_ts is not None,
        "ephemeral": message.ephemeral_to is not None,
        "reactions": [{"name": name, "users": users} for name, users in message.reactions.items()],
        "pinned": message.ts in channel.pins,
        "notified": message.notified,
        "links": message.links,
        "files": [
            {
                "id": file.id,
                "name": file.name,
                "mimetype": file.mimetype,
                "url": f"/files/{file.id}/{file.name}",
                "size": len(file.content),
            }
            for file in message.files
        ],
    }
    optional: dict[str, Any] = {
        "thread_ts": message.thread_ts,
        "reply_count": len(message.replies) or None,
        "bot_id": BOT_ID if message.user == BOT_USER else None,
        "subtype": message.subtype,
        "broadcast": True if message.subtype == "thread_broadcast" else None,
        "attachments": message.attachments,
        "metadata_key": ((message.metadata or {}).get("event_payload") or {}).get("key"),
    }
    return state | {name: value for name, value in optional.items() if value is not None}


def view_state(view: View) -> Json:
    given = view.definition
    return {
        "id": view.id,
        "hash": view.hash,
        "type": given["type"],
        "callback_id": given.get("callback_id", ""),
        "title": given.get("title"),
        "blocks": view.blocks,
        "submit": given.get("submit"),
        "close": given.get("close"),
        "private_metadata": given.get("private_metadata", ""),
        "state": view.state,
        "errors": view.errors,
    }
