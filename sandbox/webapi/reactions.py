"""reactions.*"""

import re

from sandbox.errors import SlackError
from sandbox.people import BOT_USER
from sandbox.webapi.call import Call, method
from sandbox.workspace import Json, message_object


def _name(call: Call) -> str:
    name = call.args.text("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise SlackError("invalid_name")
    return name


@method("reactions.add")
def add(call: Call) -> Json:
    name = _name(call)
    message = call.message(call.own_channel(), "timestamp")
    if BOT_USER in message.reactions.get(name, []):
        raise SlackError("already_reacted")
    message.reactions.setdefault(name, []).append(BOT_USER)
    call.workspace.on_change()
    return {}


@method("reactions.remove")
def remove(call: Call) -> Json:
    name = _name(call)
    message = call.message(call.own_channel(), "timestamp")
    if BOT_USER not in message.reactions.get(name, []):
        raise SlackError("no_reaction")
    message.reactions[name].remove(BOT_USER)
    if not message.reactions[name]:
        del message.reactions[name]
    call.workspace.on_change()
    return {}


@method("reactions.get")
def get(call: Call) -> Json:
    channel = call.own_channel()
    message = call.message(channel, "timestamp")
    return {"type": "message", "channel": channel.id, "message": message_object(message, channel)}
