"""users.*: the people of the workspace."""

from sandbox.errors import SlackError
from sandbox.people import BOT_USER, Person, user_object
from sandbox.webapi.call import Call, method
from sandbox.webapi.conversations import channel_object
from sandbox.workspace import Json


def _person(call: Call) -> Person:
    person = call.workspace.people.get(call.args.text("user"))
    if person is None:
        raise SlackError("user_not_found")
    return person


@method("users.info")
def info(call: Call) -> Json:
    return {"user": user_object(_person(call))}


@method("users.list")
def list_users(call: Call) -> Json:
    page, metadata = call.page(list(call.workspace.people.values()))
    return {"members": [user_object(person) for person in page], "cache_ts": 1700000000, "response_metadata": metadata}


@method("users.lookupByEmail")
def lookup_by_email(call: Call) -> Json:
    email = call.args.required("email").lower()
    for person in call.workspace.people.values():
        if person.email == email and not person.deactivated:
            return {"user": user_object(person)}
    raise SlackError("users_not_found")


@method("users.conversations")
def conversations(call: Call) -> Json:
    """The channels of a person, as far as the bot may know them."""
    user = _person(call).id if "user" in call.args else BOT_USER
    channels = [
        channel
        for channel in call.workspace.channels.values()
        if user in channel.members and (not channel.is_private or BOT_USER in channel.members)
    ]
    types = call.args.listed("types") or ["public_channel"]
    if "im" not in types:
        channels = [channel for channel in channels if not channel.is_im]
    if "private_channel" not in types:
        channels = [channel for channel in channels if channel.is_im or not channel.is_private]
    page, metadata = call.page(channels)
    return {"channels": [channel_object(channel) for channel in page], "response_metadata": metadata}
