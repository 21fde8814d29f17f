"""Rules of block elements: what people press, pick and type into (https://docs.slack.dev/reference/block-kit/block-elements)."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sandbox.block_objects import (
    ADDRESS,
    CONFIRM,
    DISPATCH,
    FILTER,
    IDENTIFIER,
    IMAGE,
    OPTION_GROUP,
    RICH_TEXT,
    STYLE,
    initial_is_offered,
    option,
    plain,
)
from sandbox.block_rules import (
    Check,
    anything,
    choice,
    fault,
    fields,
    flag,
    integer,
    items,
    not_both,
    one_of,
    string,
)

_ID: Final = string(minimum=1)


def _element(required: dict[str, Check], optional: dict[str, Check], *more: Check) -> Check:
    return fields({"type": anything, **required}, {"action_id": IDENTIFIER, **optional}, *more)


def _pattern(expression: str, words: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(expression, value):
            yield fault(words, pointer)

    return check


_DATE: Final = _pattern(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "must be a date, YYYY-MM-DD")
_TIME: Final = _pattern(r"([01]\d|2[0-3]):[0-5]\d", "must be a time, HH:mm")
_NUMERAL: Final = _pattern(r"-?\d+(\.\d+)?", "must be a number written as a string")

_COMMON: Final[dict[str, Check]] = {"confirm": CONFIRM, "focus_on_load": flag}
_MENU: Final[dict[str, Check]] = {**_COMMON, "placeholder": plain(150)}
_MULTI: Final[dict[str, Check]] = {**_MENU, "max_selected_items": integer(1, 100)}
_TYPED_IN: Final[dict[str, Check]] = {
    "focus_on_load": flag,
    "placeholder": plain(150),
    "dispatch_action_config": DISPATCH,
}
_OFFERS: Final[dict[str, Check]] = {"options": items(option(), 1, 100), "option_groups": items(OPTION_GROUP, 1, 100)}
_OFFERED: Final = (one_of("options", "option_groups"), not_both("options", "option_groups"), initial_is_offered)
_CONVERSATIONS: Final[dict[str, Check]] = {"default_to_current_conversation": flag, "filter": FILTER}
_FEEDBACK: Final = fields({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})

INPUTS: Final[dict[str, Check]] = {
    "checkboxes": _element(
        {"options": items(option(with_mrkdwn=True), 1, 10)},
        {**_COMMON, "initial_options": items(option(with_mrkdwn=True), 1)},
        initial_is_offered,
    ),
    "radio_buttons": _element(
        {"options": items(option(with_mrkdwn=True), 1, 10)},
        {**_COMMON, "initial_option": option(with_mrkdwn=True)},
        initial_is_offered,
    ),
    "datepicker": _element({}, {**_MENU, "initial_date": _DATE}),
    "timepicker": _element({}, {**_MENU, "initial_time": _TIME, "timezone": string()}),
    "datetimepicker": _element({}, {**_COMMON, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
    "static_select": _element({}, {**_MENU, **_OFFERS, "initial_option": option()}, *_OFFERED),
    "multi_static_select": _element({}, {**_MULTI, **_OFFERS, "initial_options": items(option(), 1)}, *_OFFERED),
    "external_select": _element({}, {**_MENU, "min_query_length": integer(0, 100), "initial_option": option()}),
    "multi_external_select": _element(
        {}, {**_MULTI, "min_query_length": integer(0, 100), "initial_options": items(option(), 1)}
    ),
    "users_select": _element({}, {**_MENU, "initial_user": _ID}),
    "multi_users_select": _element({}, {**_MULTI, "initial_users": items(_ID)}),
    "conversations_select": _element(
        {}, {**_MENU, **_CONVERSATIONS, "initial_conversation": _ID, "response_url_enabled": flag}
    ),
    "multi_conversations_select": _element({}, {**_MULTI, **_CONVERSATIONS, "initial_conversations": items(_ID)}),
    "channels_select": _element({}, {**_MENU, "initial_channel": _ID, "response_url_enabled": flag}),
    "multi_channels_select": _element({}, {**_MULTI, "initial_channels": items(_ID)}),
    "plain_text_input": _element(
        {},
        {
            **_TYPED_IN,
            "initial_value": string(3000),
            "multiline": flag,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
    ),
    "email_text_input": _element({}, {**_TYPED_IN, "initial_value": string()}),
    "url_text_input": _element({}, {**_TYPED_IN, "initial_value": string()}),
    "number_input": _element(
        {"is_decimal_allowed": flag},
        {**_TYPED_IN, "initial_value": _NUMERAL, "min_value": _NUMERAL, "max_value": _NUMERAL},
    ),
    "rich_text_input": _element(
        {}, {**_TYPED_IN, "initial_value": RICH_TEXT, "min_lines": integer(1, 100), "max_lines": integer(1, 100)}
    ),
    "file_input": _element({}, {"filetypes": items(string(minimum=1)), "max_files": integer(1, 10)}),
}

BUTTONS: Final[dict[str, Check]] = {
    "button": _element(
        {"text": plain(75)},
        {
            "value": string(2000),
            "url": ADDRESS,
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "overflow": _element({"options": items(option(with_url=True), 1, 5)}, {"confirm": CONFIRM}),
    "workflow_button": _element(
        {"text": plain(75), "workflow": anything},
        {"style": STYLE, "confirm": CONFIRM, "accessibility_label": string(75)},
    ),
}

CONTEXT_ACTIONS: Final[dict[str, Check]] = {
    "feedback_buttons": _element({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {}),
    "icon_button": _element(
        {"icon": choice("trash"), "text": plain(75)},
        {
            "value": string(2000),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
            "visible_to_user_ids": items(_ID),
        },
    ),
}

_ONLY_IN_INPUT: Final = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input")
IN_ACTIONS: Final = {
    **BUTTONS,
    **{kind: check for kind, check in INPUTS.items() if kind not in _ONLY_IN_INPUT},
}
IN_SECTION: Final = {
    **{kind: check for kind, check in IN_ACTIONS.items() if kind not in ("datetimepicker", "rich_text_input")},
    "image": IMAGE,
}
