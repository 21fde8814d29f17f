"""files.*: the three steps of an upload (ask for an address, send the bytes there, complete) and reading it back."""

import asyncio
import mimetypes

from sandbox.errors import SlackError, invalid
from sandbox.people import BOT_USER
from sandbox.posting import check_blocks
from sandbox.webapi.call import Call, method
from sandbox.workspace import File, Json, Message, file_object


def shown(call: Call, file: File) -> Json:
    address = f"{call.url}/files/{file.id}/{file.name}"
    return file_object(file) | {"url_private": address, "url_private_download": address}


@method("files.getUploadURLExternal")
def get_upload_url(call: Call) -> Json:
    name = call.args.required("filename")
    if call.args.number("length", 0) < 1:
        raise invalid("length", "must be greater than 0")
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(call.workspace.new_id("F"), name, mimetype, BOT_USER)
    call.workspace.files[file.id] = file
    return {"upload_url": f"{call.url}/upload/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal")
def complete_upload(call: Call) -> Json:
    given = call.args.structure("files")
    if not isinstance(given, list) or not given:
        raise invalid("files", "must be a list of files")
    files = []
    for entry in given:
        file = call.workspace.files.get(str(entry.get("id")))
        if file is None or not file.content:
            raise SlackError("file_not_found")
        file.title = str(entry.get("title") or file.name)
        files.append(file)
    destinations = call.args.listed("channels") or call.args.listed("channel_id")
    for channel_id in destinations:
        _share(call, files, channel_id)
    return {"files": [shown(call, file) for file in files]}


def _share(call: Call, files: list[File], channel_id: str) -> None:
    channel = call.workspace.channels.get(channel_id)
    if channel is None or BOT_USER not in channel.members:
        raise SlackError("channel_not_found")
    blocks = call.workspace.blocks_with_ids(check_blocks(call.args.structure("blocks"), call.refused_blocks))

    def show() -> None:
        for file in files:
            file.shared_in.append(channel.id)
        call.workspace.write(
            Message(
                ts=call.workspace.next_ts(),
                channel=channel.id,
                user=BOT_USER,
                text=call.args.text("initial_comment"),
                blocks=blocks,
                thread_ts=call.args.text("thread_ts") or None,
                from_bot=True,
                files=files,
            )
        )

    if call.late:
        asyncio.get_running_loop().call_later(call.late, show)
    else:
        show()


@method("files.info")
def info(call: Call) -> Json:
    file = call.workspace.files.get(call.args.text("file"))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": shown(call, file), "comments": [], "response_metadata": {"next_cursor": ""}}


@method("files.delete")
def delete(call: Call) -> Json:
    file = call.workspace.files.pop(call.args.text("file"), None)
    if file is None:
        raise SlackError("file_not_found")
    call.workspace.on_change()
    return {}
