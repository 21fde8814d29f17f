"""chat.*: the bot's messages."""

from sandbox.errors import SlackError, invalid
from sandbox.people import BOT_USER, TEAM_DOMAIN
from sandbox.posting import edit_as_bot, write_as_bot
from sandbox.webapi.call import Call, method
from sandbox.workspace import Channel, Json, Message, message_object


def _content(call: Call) -> Json:
    args = call.args
    return {
        "text": args.text("text") if "text" in args else None,
        "blocks": call.args.structure("blocks"),
        "attachments": call.args.structure("attachments"),
        "metadata": call.args.structure("metadata"),
        "thread_ts": args.text("thread_ts"),
        "reply_broadcast": args.flag("reply_broadcast"),
        "link_names": args.flag("link_names"),
        "parse": args.text("parse"),
    }


def _destination(call: Call) -> Channel:
    """A channel by id or #name; a person's id means the direct message with them."""
    named = call.args.text("channel")
    person = call.workspace.people.get(named)
    if person is not None and not person.deactivated and not person.is_bot:
        return call.workspace.direct_channel(BOT_USER, person.id)
    channel = call.workspace.channel_named(named.removeprefix("#")) if named else None
    if channel is not None and not channel.is_private:
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel
    return call.own_channel()


def _own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    channel = call.channel()
    message = call.message(channel)
    if message.user != BOT_USER:
        raise SlackError(refusal)
    return channel, message


@method("chat.postMessage")
def post_message(call: Call) -> Json:
    channel = _destination(call)
    message = write_as_bot(call.workspace, channel, _content(call), call.refused_blocks)
    shown = message_object(message, channel, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


@method("chat.postEphemeral")
def post_ephemeral(call: Call) -> Json:
    channel = call.own_channel()
    user = call.args.text("user")
    if user not in call.workspace.people:
        raise SlackError("user_not_found")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    content = _content(call) | {"ephemeral_to": user}
    return {"message_ts": write_as_bot(call.workspace, channel, content, call.refused_blocks).ts}


@method("chat.update")
def update(call: Call) -> Json:
    channel, message = _own_message(call, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_archived")
    content = _content(call)
    if all(content[name] is None for name in ("text", "blocks", "attachments", "metadata")):
        raise SlackError("no_text")
    edit_as_bot(call.workspace, message, content, call.refused_blocks)
    shown = message_object(message, channel, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


@method("chat.delete")
def delete(call: Call) -> Json:
    channel, message = _own_message(call, "cant_delete_message")
    call.workspace.remove_message(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    if "message_ts" not in call.args:
        raise invalid("message_ts", "missing required field: message_ts")
    channel = call.channel()
    message = call.message(channel, "message_ts")
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}
