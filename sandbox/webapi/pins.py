"""pins.*"""

from sandbox.errors import SlackError
from sandbox.webapi.call import Call, method
from sandbox.workspace import Json, message_object


@method("pins.add")
def add(call: Call) -> Json:
    channel = call.own_channel()
    message = call.message(channel, "timestamp")
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    channel.pins.append(message.ts)
    call.workspace.on_change()
    return {}


@method("pins.remove")
def remove(call: Call) -> Json:
    channel = call.own_channel()
    message = call.message(channel, "timestamp")
    if message.ts not in channel.pins:
        raise SlackError("no_pin")
    channel.pins.remove(message.ts)
    call.workspace.on_change()
    return {}


@method("pins.list")
def list_pins(call: Call) -> Json:
    channel = call.own_channel()
    pinned = [channel.messages[ts] for ts in channel.pins]
    items = [
        {"type": "message", "channel": channel.id, "message": message_object(message, channel)} for message in pinned
    ]
    return {"items": items}
