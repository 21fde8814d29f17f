"""What a message of the bot must satisfy, whichever way it comes in: Web API, response_url or an acknowledgement."""

from typing import Final

from sandbox import mrkdwn
from sandbox.blocks import block_faults, types_in
from sandbox.errors import SlackError, faulty
from sandbox.people import BOT_USER
from sandbox.workspace import Channel, Json, Message, Workspace

MAX_TEXT: Final = 40_000
MAX_ATTACHMENTS: Final = 100


def check_blocks(blocks: object, refused: list[str]) -> list[Json] | None:
    """The blocks of a message, valid, or `invalid_blocks` naming each fault. `refused` types are not known here."""
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    unsupported = sorted(types_in(blocks) & set(refused))
    faults = [f"unsupported type: {kind} [json-pointer:/blocks]" for kind in unsupported]
    faults += block_faults(blocks, "message")
    if faults:
        raise faulty("invalid_blocks", faults)
    return blocks


def check_content(text: str, blocks: list[Json] | None, attachments: object, *, has_files: bool = False) -> None:
    if not text and not blocks and not attachments and not has_files:
        raise SlackError("no_text")
    if len(text) > MAX_TEXT:
        raise SlackError("msg_too_long")
    if isinstance(attachments, list) and len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")


def check_metadata(metadata: object) -> Json | None:
    """Message metadata: an event type and a payload (https://docs.slack.dev/messaging/message-metadata)."""
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    return metadata


def write_as_bot(workspace: Workspace, channel: Channel, content: Json, refused: list[str]) -> Message:
    """Write a message of the bot from Slack's message fields.

    `content` holds text, blocks, attachments, metadata, thread_ts, reply_broadcast, link_names, parse, and
    `ephemeral_to` (a user id). Raises SlackError when it is not a message.
    """
    text = str(content.get("text") or "")
    blocks = check_blocks(content.get("blocks"), refused)
    check_content(text, blocks, content.get("attachments"))
    thread_ts = content.get("thread_ts")
    if thread_ts and thread_ts not in channel.messages:
        raise SlackError("thread_not_found")
    if content.get("link_names") or content.get("parse") == "full":
        text = mrkdwn.link_names(text, workspace.names())
    message = Message(
        ts=workspace.next_ts(),
        channel=channel.id,
        user=BOT_USER,
        text=text,
        blocks=workspace.blocks_with_ids(blocks),
        thread_ts=thread_ts or None,
        subtype="thread_broadcast" if thread_ts and content.get("reply_broadcast") else None,
        metadata=check_metadata(content.get("metadata")),
        attachments=content.get("attachments"),
        from_bot=True,
        ephemeral_to=content.get("ephemeral_to"),
    )
    return workspace.write(message)


def edit_as_bot(workspace: Workspace, message: Message, content: Json, refused: list[str]) -> None:
    """Change a message of the bot. Fields that `content` lacks stay as they were; an empty list removes blocks."""
    blocks = check_blocks(content["blocks"], refused) if content.get("blocks") is not None else message.blocks
    text = message.text if content.get("text") is None else str(content["text"])
    attachments = message.attachments if content.get("attachments") is None else content["attachments"]
    check_content(text, blocks, attachments, has_files=bool(message.files))
    metadata = check_metadata(content.get("metadata"))
    message.text, message.attachments = text, attachments
    message.blocks = workspace.blocks_with_ids(blocks) if blocks is not message.blocks else blocks
    message.metadata = metadata or message.metadata
    message.edited_ts = workspace.next_ts()
    workspace.reread(message)
    workspace.on_change()
