"""Rules of what blocks and elements are composed of: text, options, confirmation, images, rich text.

Source of the limits: https://docs.slack.dev/reference/block-kit/composition-objects and the pages of each element.
"""

from collections.abc import Iterator
from typing import Any, Final

from sandbox.block_rules import (
    Check,
    anything,
    choice,
    fault,
    fields,
    flag,
    integer,
    items,
    number,
    one_of,
    string,
    typed,
)

IDENTIFIER: Final = string(255)
STYLE: Final = choice("primary", "danger")
ADDRESS: Final = string(3000, 1)


def text(maximum: int, *kinds: str) -> Check:
    """A text object of at most so many characters: plain_text, mrkdwn, or (named in `kinds`) one of them."""
    content = string(maximum, 1)
    return typed(
        {
            "plain_text": fields({"type": anything, "text": content}, {"emoji": flag}),
            "mrkdwn": fields({"type": anything, "text": content}, {"verbatim": flag}),
        },
        *kinds,
    )


def plain(maximum: int) -> Check:
    return text(maximum, "plain_text")


CONFIRM: Final = fields(
    {"text": text(300)}, {"title": plain(100), "confirm": plain(30), "deny": plain(30), "style": STYLE}
)
_SLACK_FILE: Final = fields({}, {"id": string(), "url": string()}, one_of("id", "url"))
IMAGE_SOURCE: Final[dict[str, Check]] = {"image_url": ADDRESS, "slack_file": _SLACK_FILE}
IMAGE: Final = fields(
    {"type": choice("image"), "alt_text": string(2000)}, IMAGE_SOURCE, one_of("image_url", "slack_file")
)


def option(*, with_mrkdwn: bool = False, with_url: bool = False) -> Check:
    label = text(75) if with_mrkdwn else plain(75)
    extra: dict[str, Check] = {"description": label} | ({"url": ADDRESS} if with_url else {})
    return fields({"text": label, "value": string(150, 1)}, extra)


OPTION_GROUP: Final = fields({"label": plain(75), "options": items(option(), 1, 100)})


def initial_is_offered(value: Any, pointer: str) -> Iterator[str]:
    """A whole-element check: what is chosen at first must be among the options, equal in every field."""
    groups = [value, *_listed(value.get("option_groups"))]
    offered = [one for group in groups if isinstance(group, dict) for one in _listed(group.get("options"))]
    if value.get("initial_option") is not None and value["initial_option"] not in offered:
        yield fault("must be one of the provided options", f"{pointer}/initial_option")
    for index, chosen in enumerate(_listed(value.get("initial_options"))):
        if chosen not in offered:
            yield fault("must be one of the provided options", f"{pointer}/initial_options/{index}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


FILTER: Final = fields(
    {},
    {
        "include": items(choice("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
    one_of("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
DISPATCH: Final = fields({"trigger_actions_on": items(choice("on_enter_pressed", "on_character_entered"), 1, 2)})

# rich text

_TEXT_STYLE: Final = fields(
    {},
    dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), flag),
)


def _part(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return fields({"type": anything, **required}, {"style": _TEXT_STYLE, **(optional or {})})


_PARTS: Final[dict[str, Check]] = {
    "text": _part({"text": string(minimum=1)}),
    "link": _part({"url": ADDRESS}, {"text": string(), "unsafe": flag}),
    "emoji": _part({"name": string(minimum=1)}, {"unicode": string(), "url": string()}),
    "user": _part({"user_id": string(minimum=1)}),
    "usergroup": _part({"usergroup_id": string(minimum=1)}),
    "channel": _part({"channel_id": string(minimum=1)}),
    "team": _part({"team_id": string(minimum=1)}),
    "broadcast": _part({"range": choice("here", "channel", "everyone")}),
    "color": _part({"value": string(minimum=1)}),
    "date": _part({"timestamp": number, "format": string(minimum=1)}, {"url": string(), "fallback": string()}),
}
_PART: Final = typed(_PARTS)
_BORDER: Final[dict[str, Check]] = {"border": integer(0, 1)}
_SECTION: Final = fields({"type": choice("rich_text_section"), "elements": items(_PART)})
_PREFORMATTED: Final = fields(
    {"type": anything, "elements": items(typed(_PARTS, "text", "link"))}, {**_BORDER, "language": string()}
)
_LIST: Final = fields(
    {
        "type": anything,
        "elements": items(typed({"rich_text_section": _SECTION}), 1),
        "style": choice("bullet", "ordered"),
    },
    {**_BORDER, "indent": integer(0, 8), "offset": integer(0, 1_000_000)},
)
RICH_TEXT: Final = fields(
    {
        "type": choice("rich_text"),
        "elements": items(
            typed(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_list": _LIST,
                    "rich_text_preformatted": _PREFORMATTED,
                    "rich_text_quote": fields({"type": anything, "elements": items(_PART)}, _BORDER),
                }
            ),
            1,
        ),
    },
    {"block_id": IDENTIFIER},
)
