"""What a message's text does in Slack: whom it notifies, where it links, and how a person's typing becomes markup.

Slack acts on control sequences between `<` and `>`; the same words escaped as `&lt;` and `&gt;` are only words
(https://docs.slack.dev/messaging/formatting-message-text). Nothing here decodes entities, for the same reason.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_SEQUENCE = re.compile(r"<([^<>]+)>")
_TYPED = re.compile(r"(?<![\w<])(?P<sign>[@#])(?P<name>[a-z0-9][a-z0-9._-]*)")
_BARE_LINK = re.compile(r"(?<![<|\w])https?://[^\s<>|]+")
BROADCASTS = ("channel", "here", "everyone")


def sequences(text: str, blocks: list[dict[str, Any]] | None) -> Iterator[str]:
    """Every control sequence (without its brackets) that the text or the blocks really contain."""
    for part in [text, *_marked_up(blocks or [])]:
        yield from (match.group(1) for match in _SEQUENCE.finditer(part))


def notified(
    text: str, blocks: list[dict[str, Any]] | None, members: Iterable[str], group_users: Callable[[str], list[str]]
) -> list[str]:
    """The members that the message calls by name, group or broadcast, in the members' order."""
    called: set[str] = set()
    everybody = list(members)
    for sequence in sequences(text, blocks):
        target = sequence.split("|")[0]
        if target.startswith("@"):
            called.add(target[1:])
        elif target.removeprefix("!") in BROADCASTS and target.startswith("!"):
            called.update(everybody)
        elif target.startswith("!subteam^"):
            called.update(group_users(target.removeprefix("!subteam^")))
    return [member for member in everybody if member in called]


def links(text: str, blocks: list[dict[str, Any]] | None) -> list[str]:
    """The addresses of the links the message makes, in order (not counting what a client would link by itself)."""
    addresses = (sequence.split("|")[0] for sequence in sequences(text, blocks))
    return [address for address in addresses if re.match(r"(https?|mailto|tel):", address)]


def compose(text: str, named: dict[str, str]) -> str:
    """Typed text as Slack's composer sends it: escaped, with @handles, #channels and addresses turned into markup.

    `named` maps "@handle" and "#channel" to their sequences, such as "<@U0ONCALL01>".
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    linked = _BARE_LINK.sub(lambda match: f"<{match.group(0)}>", escaped)
    return link_names(linked, named)


def link_names(text: str, named: dict[str, str]) -> str:
    """Turn @handles and #channels into sequences and leave the rest (Slack's `link_names` and `parse=full`)."""
    return _TYPED.sub(lambda match: named.get(match.group(0), match.group(0)), text)


def _marked_up(node: Any) -> Iterator[str]:
    """The mrkdwn texts inside blocks; rich text elements are written as the sequence they stand for."""
    if isinstance(node, list):
        for child in node:
            yield from _marked_up(child)
    elif isinstance(node, dict):
        kind = node.get("type")
        if kind in ("mrkdwn", "markdown") and isinstance(node.get("text"), str):
            yield node["text"]
        elif kind == "user":
            yield f"<@{node.get('user_id')}>"
        elif kind == "usergroup":
            yield f"<!subteam^{node.get('usergroup_id')}>"
        elif kind == "broadcast":
            yield f"<!{node.get('range')}>"
        elif kind == "link":
            yield f"<{node.get('url')}>"
        for name, child in node.items():
            if name != "text" or not isinstance(child, str):
                yield from _marked_up(child)
