"""Canvases: a channel's one Markdown page, kept as a file of the channel."""

from sandbox.errors import SlackError
from sandbox.people import BOT_USER
from sandbox.webapi.call import Call, method
from sandbox.workspace import File, Json

CANVAS_TYPE = "application/vnd.slack-docs"


@method("conversations.canvases.create")
def create(call: Call) -> Json:
    channel = call.own_channel("channel_id")
    existing = (file for file in call.workspace.files.values() if file.mimetype == CANVAS_TYPE)
    if any(channel.id in file.shared_in for file in existing):
        raise SlackError("channel_canvas_already_exists")
    content = call.args.structure("document_content") or {}
    title = call.args.text("title", "Canvas")
    canvas = File(call.workspace.new_id("F"), f"{title}.md", CANVAS_TYPE, BOT_USER, title=title)
    canvas.content = str(content.get("markdown", "")).encode()
    canvas.shared_in.append(channel.id)
    call.workspace.files[canvas.id] = canvas
    call.workspace.on_change()
    return {"canvas_id": canvas.id}
