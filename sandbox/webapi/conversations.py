"""conversations.*: channels, their members and their history."""

import re

from sandbox.errors import SlackError, invalid
from sandbox.people import BOT_USER
from sandbox.webapi.call import Call, method
from sandbox.workspace import Channel, Json, Message, message_object


def channel_object(channel: Channel) -> Json:
    """A channel as `conversations.info` shows it (https://docs.slack.dev/reference/objects/conversation-object)."""
    shown: Json = {
        "id": channel.id,
        "created": channel.created,
        "creator": channel.creator,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_mpim": False,
        "is_channel": not channel.is_im and not channel.is_private,
        "is_group": channel.is_private and not channel.is_im,
        "is_private": channel.is_private,
        "is_org_shared": False,
        "is_shared": False,
        "is_ext_shared": False,
    }
    if channel.is_im:
        return shown | {"user": channel.partner(BOT_USER), "is_open": True}
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_general": channel.name == "general",
        "is_member": BOT_USER in channel.members,
        "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created},
        "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": channel.created},
        "num_members": len(channel.members),
    }


def checked_name(name: str) -> str:
    """The channel name, or Slack's code for what is wrong with it."""
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > 80:
        raise SlackError("invalid_name_maxlength")
    if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    if not re.search(r"[^\W_]", name):
        raise SlackError("invalid_name_punctuation")
    return name


@method("conversations.create")
def create(call: Call) -> Json:
    name = checked_name(call.args.text("name"))
    if call.workspace.channel_named(name):
        raise SlackError("name_taken")
    channel = call.workspace.create_channel(name, BOT_USER, is_private=call.args.flag("is_private"))
    return {"channel": channel_object(channel)}


@method("conversations.rename")
def rename(call: Call) -> Json:
    channel = call.own_channel()
    name = checked_name(call.args.text("name"))
    holder = call.workspace.channel_named(name)
    if holder is not None and holder is not channel:
        raise SlackError("name_taken")
    channel.name = name
    call.workspace.on_change()
    return {"channel": channel_object(channel)}


@method("conversations.invite")
def invite(call: Call) -> Json:
    """All or nothing, unless `force` invites those who can be."""
    channel = call.own_channel()
    if channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    users = call.args.listed("users")
    if not users:
        raise SlackError("no_user")
    faults = {user: fault for user in users if (fault := _invitation_fault(call, channel, user))}
    able = [user for user in users if user not in faults]
    if faults and (not call.args.flag("force") or not able):
        errors = [{"user": user, "ok": False, "error": fault} for user, fault in faults.items()]
        raise SlackError(next(iter(faults.values())), errors=errors)
    call.workspace.add_members(channel, able, inviter=BOT_USER)
    return {"channel": channel_object(channel)}


def _invitation_fault(call: Call, channel: Channel, user: str) -> str | None:
    person = call.workspace.people.get(user)
    if user == BOT_USER:
        return "cant_invite_self"
    if person is None:
        return "user_not_found"
    if person.deactivated:
        return "cant_invite"
    return "already_in_channel" if user in channel.members else None


@method("conversations.kick")
def kick(call: Call) -> Json:
    channel = call.own_channel()
    user = call.args.text("user")
    if user == BOT_USER:
        raise SlackError("cant_kick_self")
    if user not in channel.members:
        raise SlackError("not_in_channel")
    channel.members.remove(user)
    call.workspace.on_change()
    return {}


@method("conversations.info")
def info(call: Call) -> Json:
    return {"channel": channel_object(call.channel())}


@method("conversations.list")
def list_channels(call: Call) -> Json:
    wanted = call.args.listed("types") or ["public_channel"]
    if not set(wanted) <= {"public_channel", "private_channel", "im", "mpim"}:
        raise SlackError("invalid_types")
    visible = [
        channel
        for channel in call.workspace.channels.values()
        if _kind(channel) in wanted
        and (not channel.is_private or BOT_USER in channel.members)
        and not (channel.is_archived and call.args.flag("exclude_archived"))
    ]
    page, metadata = call.page(visible)
    return {"channels": [channel_object(channel) for channel in page], "response_metadata": metadata}


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


@method("conversations.members")
def members(call: Call) -> Json:
    page, metadata = call.page(call.channel().members)
    return {"members": page, "response_metadata": metadata}


@method("conversations.join")
def join(call: Call) -> Json:
    channel = call.channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    already = BOT_USER in channel.members
    call.workspace.add_members(channel, [BOT_USER], inviter=None)
    return {"channel": channel_object(channel)} | ({"warning": "already_in_channel"} if already else {})


@method("conversations.leave")
def leave(call: Call) -> Json:
    channel = call.channel()
    if BOT_USER not in channel.members:
        return {"not_in_channel": True}
    channel.members.remove(BOT_USER)
    call.workspace.on_change()
    return {}


@method("conversations.open")
def open_conversation(call: Call) -> Json:
    """A direct message with one person. Messages to several people at once are not part of the sandbox."""
    if "channel" in call.args:
        return {"channel": channel_object(call.channel())}
    users = call.args.listed("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    person = call.workspace.people.get(users[0])
    if person is None:
        raise SlackError("user_not_found")
    if person.deactivated:
        raise SlackError("user_disabled")
    channel = call.workspace.direct_channel(BOT_USER, person.id)
    shown = channel_object(channel) if call.args.flag("return_im") else {"id": channel.id}
    return {"channel": shown}


@method("conversations.archive")
def archive(call: Call) -> Json:
    channel = call.channel()
    if channel.is_archived:
        raise SlackError("already_archived")
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    if channel.name == "general":
        raise SlackError("cant_archive_general")
    channel.is_archived = True
    call.workspace.on_change()
    return {}


@method("conversations.unarchive")
def unarchive(call: Call) -> Json:
    channel = call.channel()
    if not channel.is_archived:
        raise SlackError("not_archived")
    channel.is_archived = False
    call.workspace.on_change()
    return {}


@method("conversations.setTopic")
def set_topic(call: Call) -> Json:
    channel = call.own_channel()
    channel.topic = _short(call, "topic")
    call.workspace.on_change()
    return {"channel": channel_object(channel)}


@method("conversations.setPurpose")
def set_purpose(call: Call) -> Json:
    channel = call.own_channel()
    channel.purpose = _short(call, "purpose")
    call.workspace.on_change()
    return {"purpose": channel.purpose}


def _short(call: Call, name: str) -> str:
    if len(call.args.text(name)) > 250:
        raise SlackError("too_long")
    return call.args.text(name)


@method("conversations.history")
def history(call: Call) -> Json:
    """Newest first; replies are not in it unless they were also sent to the channel."""
    channel = _readable(call)
    messages = [message for message in reversed(channel.messages.values()) if message.in_channel]
    return _messages(call, channel, messages)


@method("conversations.replies")
def replies(call: Call) -> Json:
    """A thread, oldest first, beginning with the message it hangs on."""
    channel = _readable(call)
    root = call.message(channel, missing="thread_not_found")
    return _messages(call, channel, [root, *(channel.messages[ts] for ts in root.replies)])


def _readable(call: Call) -> Channel:
    channel = call.channel()
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _messages(call: Call, channel: Channel, messages: list[Message]) -> Json:
    oldest, latest = _stamp(call, "oldest"), _stamp(call, "latest")
    inclusive = call.args.flag("inclusive")

    def wanted(ts: float) -> bool:
        after = oldest is None or (ts >= oldest if inclusive else ts > oldest)
        before = latest is None or (ts <= latest if inclusive else ts < latest)
        return after and before

    page, metadata = call.page([message for message in messages if wanted(float(message.ts))])
    with_metadata = call.args.flag("include_all_metadata")
    return {
        "messages": [message_object(message, channel, with_metadata=with_metadata) for message in page],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": len(channel.pins),
        "response_metadata": metadata,
    }


def _stamp(call: Call, name: str) -> float | None:
    """A time bound in seconds; None when not given."""
    try:
        return float(call.args.text(name)) if name in call.args else None
    except ValueError:
        raise invalid(name, "must be a timestamp") from None
