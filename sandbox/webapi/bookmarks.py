"""bookmarks.*: the links above a channel."""

import time

from sandbox.errors import SlackError, invalid
from sandbox.people import APP_ID
from sandbox.webapi.call import Call, method
from sandbox.workspace import Channel, Json


def _own(call: Call) -> tuple[Channel, Json]:
    channel = call.own_channel("channel_id")
    for bookmark in channel.bookmarks:
        if bookmark["id"] == call.args.text("bookmark_id"):
            return channel, bookmark
    raise SlackError("not_found")


@method("bookmarks.add")
def add(call: Call) -> Json:
    channel = call.own_channel("channel_id")
    if call.args.required("type") != "link":
        raise invalid("type", "must be link")
    if not call.args.text("link").startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    now = int(time.time())
    bookmark = {
        "id": call.workspace.new_id("Bk"),
        "channel_id": channel.id,
        "title": call.args.required("title"),
        "link": call.args.text("link"),
        "emoji": call.args.text("emoji"),
        "icon_url": None,
        "type": "link",
        "entity_id": None,
        "date_created": now,
        "date_updated": now,
        "rank": f"{len(channel.bookmarks):04d}",
        "app_id": APP_ID,
    }
    channel.bookmarks.append(bookmark)
    call.workspace.on_change()
    return {"bookmark": bookmark}


@method("bookmarks.list")
def list_bookmarks(call: Call) -> Json:
    return {"bookmarks": call.own_channel("channel_id").bookmarks}


@method("bookmarks.edit")
def edit(call: Call) -> Json:
    _, bookmark = _own(call)
    for name in ("title", "link", "emoji"):
        if name in call.args:
            bookmark[name] = call.args.text(name)
    bookmark["date_updated"] = int(time.time())
    call.workspace.on_change()
    return {"bookmark": bookmark}


@method("bookmarks.remove")
def remove(call: Call) -> Json:
    channel, bookmark = _own(call)
    channel.bookmarks.remove(bookmark)
    call.workspace.on_change()
    return {}
