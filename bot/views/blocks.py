"""The one module that knows Slack's limits and how text from people becomes harmless.

Untrusted text is escaped (`&`, `<`, `>` only, as Slack asks), freed of control and bidirectional characters, and cut.
Links, mentions and dates are only ever built here, from ids and addresses of ours.
"""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

Block = dict[str, Any]

SECTION = 3000
SHORT = 2000  # a field of a section, a line of small print
HEADER = 150
BUTTON = 75
MODAL_TITLE = 24
MODAL_INPUT = 3000
# Direction marks, and characters that take no room; the joiner of emoji is not among them.
_HIDDEN = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C} | {
    *(0x200B, 0x200C, 0x2060, 0xFEFF, 0x180E, 0x00AD)
}

_ODD = re.compile(r"[^ -~\n\t]+")


def clean(text: str) -> str:
    """Without control, bidirectional and invisible characters; line breaks and tabs stay."""
    if text.isprintable():  # as most text is, and far quicker to tell of the whole
        return text
    return _ODD.sub(lambda odd: "".join(filter(_kept, odd[0])), text)


def _kept(character: str) -> bool:
    """Whether a character beyond ASCII may stay."""
    return character.isprintable() or (
        ord(character) not in _HIDDEN and unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
    )


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis where something was lost."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def escape(text: str, limit: int = SECTION) -> str:
    """Untrusted text for mrkdwn: shown literally, nobody notified, no link, no formatting lost or gained."""
    escaped = cut(clean(text), limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return cut_markup(escaped, limit)


def cut_markup(text: str, limit: int) -> str:
    """Mrkdwn of at most `limit` characters, never cut inside an entity, a mention, a date or a link."""
    if len(text) <= limit:
        return text
    return re.sub(r"(&[a-z]*|<[^<>]*)$", "", text[: limit - 1]) + "…"


def spoken(words: str) -> str:
    """Words of ours for a person, as mrkdwn: mentions of people work, all else is literal, whatever it quotes."""
    return re.sub(r"&lt;(@[UW][A-Z0-9]{2,20})&gt;", r"<\1>", escape(words))


def quote(text: str, limit: int = 2500) -> str:
    """Untrusted text as a quotation, every line of it."""
    return cut_markup("\n".join(f"> {line}" for line in escape(text, limit).splitlines()), limit) or "> "


def person(user_id: str) -> str:
    """A mention of somebody whose id we hold; anything that is not an id is shown as text."""
    return f"<@{user_id}>" if re.fullmatch(r"[UW][A-Z0-9]{2,20}", user_id) else escape(user_id, 80)


def channel_link(channel_id: str) -> str:
    """A link to a channel of ours."""
    return f"<#{channel_id}>"


def when(moment: datetime, style: str = "{date_short_pretty} {time}") -> str:
    """A time in the reader's zone, with UTC for readers without."""
    return f"<!date^{int(moment.timestamp())}^{style}|{moment:%Y-%m-%d %H:%M} UTC>"


def duration(span: timedelta) -> str:
    """`2 h 05 min`, `3 d 4 h`, `45 s`: two units at most."""
    seconds = int(span.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 60:
        return f"{sign}{seconds} s"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{sign}{days} d {hours} h" if hours else f"{sign}{days} d"
    if hours:
        return f"{sign}{hours} h {minutes:02d} min"
    return f"{sign}{minutes} min"


def plain(text: str, limit: int = SECTION) -> Block:
    """A plain-text object: Slack shows it literally."""
    return {"type": "plain_text", "text": cut(clean(text), limit) or " ", "emoji": True}


def mrkdwn(text: str, limit: int = SECTION) -> Block:
    """A mrkdwn object from text that was built with this module. Verbatim: Slack makes no links of its own in it."""
    return {"type": "mrkdwn", "text": cut_markup(text, limit), "verbatim": True}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str, *, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """A paragraph of mrkdwn."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    if accessory:
        block["accessory"] = accessory
    if block_id:
        block["block_id"] = block_id
    return block


def fields(*texts: str) -> Block:
    """Up to ten short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(text, SHORT) for text in texts[:10]]}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [mrkdwn(text, SHORT) for text in texts[:10]]}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def button(
    text: str,
    action: str,
    value: str,
    *,
    style: str | None = None,
    confirm: tuple[str, str, str] | None = None,
) -> Block:
    """A button; `confirm` is (title, words, yes)."""
    element: Block = {"type": "button", "action_id": action, "text": plain(text, BUTTON), "value": value}
    if style:
        element["style"] = style
    if confirm:
        title, words, yes = confirm
        element["confirm"] = {
            "title": plain(title, 100),
            "text": plain(words, 300),
            "confirm": plain(yes, 30),
            "deny": plain("Go back", 30),
        }
    return element


def actions(*elements: Block, block_id: str | None = None) -> Block:
    """A row of buttons and menus."""
    block: Block = {"type": "actions", "elements": list(elements)}
    if block_id:
        block["block_id"] = block_id
    return block


def option(text: str, value: str, description: str | None = None) -> Block:
    """One choice of a menu."""
    element: Block = {"text": plain(text, 75), "value": value}
    if description:
        element["description"] = plain(description, 75)
    return element


def person_input(block_id: str, label: str, *, hint: str | None = None, initial: str | None = None) -> Block:
    """A field for one person; what is no id of somebody chooses nobody."""
    element = {"type": "users_select", "action_id": "value"}
    if initial and person(initial).startswith("<@"):
        element["initial_user"] = initial
    field: Block = {"type": "input", "block_id": block_id, "label": plain(label, 2000), "element": element}
    return field if hint is None else {**field, "hint": plain(hint, 2000)}


def people_input(block_id: str, label: str, hint: str, *, optional: bool = True) -> Block:
    """A field for several people."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 2000),
        "hint": plain(hint, 2000),
        "optional": optional,
        "element": {"type": "multi_users_select", "action_id": "value"},
    }


def text_input(
    block_id: str,
    label: str,
    *,
    initial: str | None = None,
    multiline: bool = True,
    optional: bool = False,
    hint: str | None = None,
    placeholder: str | None = None,
    max_length: int = MODAL_INPUT,
) -> Block:
    """A text field; its action id is `value`."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": "value",
        "multiline": multiline,
        "max_length": max_length,
    }
    if initial:
        element["initial_value"] = cut(clean(initial), max_length)
    if placeholder:
        element["placeholder"] = plain(placeholder, 150)
    return _input(block_id, label, element, optional, hint)


def select_input(
    block_id: str,
    label: str,
    options: list[Block],
    *,
    initial: str | None = None,
    optional: bool = False,
    hint: str | None = None,
    kind: str = "static_select",
) -> Block:
    """One choice of several; its action id is `value`. `kind` may be `radio_buttons`."""
    element: Block = {"type": kind, "action_id": "value", "options": options[:100]}
    chosen = next((choice for choice in options if choice["value"] == initial), None)
    if chosen:
        element["initial_option"] = chosen
    return _input(block_id, label, element, optional, hint)


def multi_select_input(
    block_id: str, label: str, options: list[Block], *, initial: list[str] | None = None, hint: str | None = None
) -> Block:
    """Several choices, none required; its action id is `value`."""
    element: Block = {"type": "multi_static_select", "action_id": "value", "options": options[:100]}
    chosen = [choice for choice in element["options"] if choice["value"] in (initial or ())]
    if chosen:
        element["initial_options"] = chosen
    return _input(block_id, label, element, True, hint)


def time_input(block_id: str, label: str, *, initial: str) -> Block:
    """A time of day, `HH:MM`; its action id is `value`."""
    element: Block = {"type": "timepicker", "action_id": "value", "initial_time": initial}
    return _input(block_id, label, element, False, None)


def checkbox_input(
    block_id: str, label: str, options: list[Block], *, hint: str | None = None, ticked: bool = False
) -> Block:
    """Boxes to tick, none required; its action id is `value`. `ticked`: all of them, until somebody says otherwise."""
    element: Block = {"type": "checkboxes", "action_id": "value", "options": options}
    if ticked:
        element["initial_options"] = options
    return _input(block_id, label, element, True, hint)


def _input(block_id: str, label: str, element: Block, optional: bool, hint: str | None) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 2000),
        "element": element,
        "optional": optional,
    }
    if hint:
        block["hint"] = plain(hint, 2000)
    return block


def modal(
    callback: str,
    title: str,
    blocks: list[Block],
    *,
    submit: str | None = None,
    metadata: str = "",
    close: str = "Close",
) -> Block:
    """A modal view."""
    view: Block = {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, MODAL_TITLE),
        "close": plain(close, MODAL_TITLE),
        "blocks": blocks[:100],
        "private_metadata": metadata,
    }
    if submit:
        view["submit"] = plain(submit, MODAL_TITLE)
    return view
