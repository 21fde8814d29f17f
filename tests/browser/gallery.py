"""Every block and element of Block Kit with lifelike content: what the page has to draw, message by message."""

from typing import Any

Json = dict[str, Any]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str) -> Json:
    return {"type": "mrkdwn", "text": words}


def option(words: str, note: str | None = None) -> Json:
    value = words.lower().replace(" ", "-")
    return {"text": plain(words), "value": value, **({"description": plain(note)} if note else {})}


def button(words: str, action_id: str, **fields: Any) -> Json:
    return {"type": "button", "text": plain(words), "action_id": action_id, "value": action_id, **fields}


def section(words: str, **fields: Any) -> Json:
    return {"type": "section", "text": mrkdwn(words), **fields}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def rich_section(*parts: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(parts)}


def words(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


# A picture of the page itself, so that nothing outside has to be asked for one.
PICTURE = "/static/icon.svg"

CONFIRM = {
    "title": plain("Roll back to v1?"),
    "text": mrkdwn("Customers see the *old model* within a minute."),
    "confirm": plain("Roll back"),
    "deny": plain("Not now"),
    "style": "danger",
}

QUOTE = """> The assistant told me where somebody else lives.
> It gave the street.
The report in its own words:
```order 50118
14 Sample Street```"""
STATE = """What holds now:
• page sent
• channel open
1. <#C0SUPPORT1> knows
2. <!subteam^S0RESPOND1> is called, <!here>
<mailto:oncall@sandbox.invalid|write>"""
DRAFT = """## Draft

Facts **from the record** only, *no* guesses, `INC-1`.

- [x] page
- [ ] review
  - nested

1. one
2. two

> quoted

| Milestone | Time |
|---|---|
| detected | 03:04 |
| mitigated | 03:31 |

```
v2 -> v1
```
[policy](https://example.com)"""

TEXT: list[Json] = [
    {"type": "header", "text": plain(":rotating_light: INC-1 · Order data shown to another customer")},
    section(
        "*SEV2*, provisional · <@U0ONCALL01> is on call · <!date^1763700000^{date_short_pretty} {time}|then>",
        accessory=button("Classify", "classify", style="primary"),
    ),
    {
        "type": "section",
        "fields": [
            mrkdwn("*AI system*\nSupport assistant"),
            mrkdwn("*Scope*\n_unknown_, counts as the worse answer"),
            mrkdwn("*Commander*\n<@U0RAILEAD1>"),
            mrkdwn("*Next update*\n~03:30~ 04:00"),
        ],
    },
    {"type": "divider"},
    {
        "type": "context",
        "elements": [
            {"type": "image", "image_url": PICTURE, "alt_text": "a shield"},
            mrkdwn("Policy `a1b2c3` · rule *personal data to the wrong person* · <https://example.com/policy|read it>"),
        ],
    },
    section(QUOTE),
    section(STATE),
]

ACTIONS: list[Json] = [
    {
        "type": "actions",
        "block_id": "steer",
        "elements": [
            button("Contain", "contain", style="primary"),
            button("Roll back", "rollback", style="danger", confirm=CONFIRM),
            button("Runbook", "runbook", url="https://example.com/runbook"),
            {"type": "overflow", "action_id": "more", "options": [option("Add a note"), option("Close as duplicate")]},
        ],
    },
    {
        "type": "actions",
        "block_id": "pick",
        "elements": [
            {
                "type": "static_select",
                "action_id": "severity",
                "placeholder": plain("Severity"),
                "options": [option("SEV1"), option("SEV2"), option("SEV3")],
            },
            {"type": "users_select", "action_id": "who", "placeholder": plain("Commander")},
            {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-21"},
            {"type": "timepicker", "action_id": "time", "initial_time": "03:30"},
        ],
    },
    section(
        "Which channels should know?",
        block_id="tell",
        accessory={"type": "multi_channels_select", "action_id": "tell", "placeholder": plain("Channels")},
    ),
    {
        "type": "actions",
        "block_id": "ticks",
        "elements": [
            {"type": "checkboxes", "action_id": "done", "options": [option("Evidence saved"), option("Owner told")]},
            {"type": "radio_buttons", "action_id": "state", "options": [option("Going on"), option("Stopped")]},
        ],
    },
    {
        "type": "context_actions",
        "block_id": "helpful",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": {"text": plain("Helpful"), "value": "yes"},
                "negative_button": {"text": plain("Wrong"), "value": "no"},
            },
            {"type": "icon_button", "action_id": "bin", "icon": "trash", "text": plain("Delete"), "value": "bin"},
        ],
    },
]

RICH: list[Json] = [
    rich(
        rich_section(
            words("Bold, ", bold=True),
            words("italic, ", italic=True),
            words("struck", strike=True),
            words(", "),
            words("code", code=True),
            words(" and "),
            {"type": "link", "url": "https://example.com", "text": "a link"},
            words(" by "),
            {"type": "user", "user_id": "U0PRIVACY1"},
            words(" in "),
            {"type": "channel", "channel_id": "C0INCIDEN1"},
            words(" "),
            {"type": "emoji", "name": "eyes"},
            words(" "),
            {"type": "broadcast", "range": "here"},
            words(" "),
            {"type": "usergroup", "usergroup_id": "S0RESPOND1"},
            words(" on "),
            {"type": "date", "timestamp": 1763700000, "format": "{date_short} {time}", "fallback": "then"},
            words(" "),
            {"type": "color", "value": "#c25400"},
        ),
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [rich_section(words("first")), rich_section(words("second"))],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 1,
            "elements": [rich_section(words("deeper")), rich_section(words("deeper still"))],
        },
        {"type": "rich_text_quote", "elements": [words("<script>alert('quoted')</script> stays text")]},
        {"type": "rich_text_preformatted", "elements": [words("model = v2\nleak  = true")]},
    ),
    {
        "type": "markdown",
        "text": DRAFT,
    },
]

CARDS: list[Json] = [
    {
        "type": "card",
        "block_id": "one",
        "icon": {"type": "image", "image_url": PICTURE, "alt_text": "a shield"},
        "title": mrkdwn("*Model version*"),
        "subtitle": mrkdwn("v2 → v1"),
        "body": mrkdwn("Blast radius: every web chat. Last rehearsed 12 days ago."),
        "actions": [button("Plan", "plan", style="primary"), button("History", "history")],
    },
    {
        "type": "carousel",
        "block_id": "similar",
        "elements": [
            {
                "type": "card",
                "block_id": f"similar-{n}",
                "title": mrkdwn(f"*INC-{n}*"),
                "subtitle": mrkdwn("SEV2 · 4 weeks ago"),
                "body": mrkdwn(body),
                "actions": [button("Open", f"open-{n}")],
            }
            for n, body in enumerate(
                (
                    "Wrong address in a reply",
                    "Prompt injection in a ticket",
                    "Model drift after a roll-out",
                    "Refund promised by mistake",
                ),
                11,
            )
        ],
    },
    {
        "type": "container",
        "block_id": "details",
        "title": plain("Details"),
        "subtitle": plain("Evidence, links and history"),
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": [
            section("Folded until somebody asks."),
            {"type": "divider"},
            {"type": "actions", "elements": [button("Inside", "inside")]},
        ],
    },
    {
        "type": "plan",
        "block_id": "plan",
        "title": "Contain: personal data to the wrong person",
        "tasks": [
            {
                "type": "task_card",
                "task_id": "t1",
                "title": "Save the evidence",
                "status": "complete",
                "output": rich(rich_section(words("3 transcripts saved"))),
            },
            {
                "type": "task_card",
                "task_id": "t2",
                "title": "Roll back the model",
                "status": "in_progress",
                "details": rich(rich_section(words("Waiting for a second person to approve."))),
                "sources": [{"type": "url", "url": "https://example.com/runbook", "text": "Runbook"}],
            },
            {"type": "task_card", "task_id": "t3", "title": "Tell the customers concerned", "status": "pending"},
            {
                "type": "task_card",
                "task_id": "t4",
                "title": "Purge the cache",
                "status": "error",
                "output": rich(rich_section(words("503 from the cache service"))),
            },
        ],
    },
    {"type": "task_card", "block_id": "alone", "task_id": "t9", "title": "A step by itself", "status": "in_progress"},
]

_WEEKS = [f"W{n}" for n in range(36, 48)]


def _series(name: str, values: list[float]) -> Json:
    return {"name": name, "data": [{"label": week, "value": value} for week, value in zip(_WEEKS, values, strict=True)]}


def _chart(kind: str, title: str, *series: Json) -> Json:
    axes = {"categories": _WEEKS, "x_label": "Week", "y_label": "Incidents"}
    return {
        "type": "data_visualization",
        "title": title,
        "chart": {"type": kind, "series": list(series), "axis_config": axes},
    }


SEV1 = _series("SEV1", [1, 0, 2, 1, 3, 1, 0, 1, 2, 0, 1, 1])
SEV2 = _series("SEV2", [3, 4, 2, 5, 6, 4, 3, 2, 4, 3, 2, 1])
SEV3 = _series("SEV3", [8, 7, 9, 11, 6, 8, 10, 7, 6, 5, 7, 4])

CHARTS: list[Json] = [
    _chart("line", "Incidents per week", SEV1, SEV2, SEV3),
    _chart("bar", "Incidents per week", SEV1, SEV2),
]
MORE_CHARTS: list[Json] = [
    _chart("area", "Reports per week", SEV3, SEV2),
    {
        "type": "data_visualization",
        "title": "Harm classes",
        "chart": {
            "type": "pie",
            "segments": [
                {"label": "Privacy", "value": 14},
                {"label": "Fairness", "value": 6},
                {"label": "Safety", "value": 4},
                {"label": "Other", "value": 1},
            ],
        },
    },
]


def _raw(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def _number(value: float) -> Json:
    return {"type": "raw_number", "value": value, "text": f"{value:g}"}


DATA_TABLE: list[Json] = [
    {
        "type": "data_table",
        "block_id": "open-actions",
        "caption": "Open actions",
        "page_size": 4,
        "rows": [
            [_raw("Incident"), _raw("Action"), _raw("Days open")],
            *[
                [_raw(f"INC-{n}"), rich(rich_section(words(action))), _number(days)]
                for n, action, days in (
                    (3, "Filter addresses", 12),
                    (4, "Alert on drift", 3),
                    (7, "Teach the runbook", 41),
                    (9, "Shorten sessions", 8),
                    (11, "Rehearse the rollback", 2),
                    (12, "Review the prompt", 19),
                )
            ],
        ],
    }
]
TABLE: list[Json] = [
    {
        "type": "table",
        "rows": [
            [_raw("Milestone"), _raw("Time")],
            [_raw("Detected"), _raw("03:04")],
            [rich(rich_section(words("Mitigated", bold=True))), _raw("03:31")],
        ],
        "column_settings": [{"is_wrapped": True}, {"align": "right"}],
    },
    {"type": "image", "image_url": PICTURE, "alt_text": "a shield", "title": plain("The mark")},
    {
        "type": "video",
        "video_url": "https://example.com/embed",
        "thumbnail_url": "https://example.com/poster.png",
        "alt_text": "a screen recording",
        "title": plain("How the leak looks"),
        "description": plain("Forty seconds"),
        "provider_name": "Recordings",
    },
]

MESSAGES: dict[str, list[Json]] = {
    "text": TEXT,
    "actions": ACTIONS,
    "rich text": RICH,
    "cards": CARDS,
    "charts": CHARTS,
    "more charts": MORE_CHARTS,
    "data table": DATA_TABLE,
    "table": TABLE,
}


def field(label: str, block_id: str, element: Json, **fields: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "v", **element},
        **fields,
    }


_OPTIONS = [option("Support assistant", "web chat"), option("Search ranking"), option("Fraud score")]

MODAL: Json = {
    "type": "modal",
    "callback_id": "gallery",
    "title": plain("Everything to fill in"),
    "submit": plain("Save"),
    "close": plain("Cancel"),
    "blocks": [
        {"type": "alert", "level": "warning", "text": mrkdwn("*The floor is SEV2*: personal data left its owner.")},
        {"type": "alert", "level": "success", "text": mrkdwn("The rollback is rehearsed.")},
        field(
            "What happened",
            "what",
            {"type": "plain_text_input", "multiline": True, "max_length": 300},
            hint=plain("Facts first."),
        ),
        field("Title", "title", {"type": "plain_text_input", "initial_value": "Order data shown"}, optional=True),
        field("AI system", "system", {"type": "static_select", "options": _OPTIONS}),
        field("Other systems", "others", {"type": "multi_static_select", "options": _OPTIONS}, optional=True),
        field("Commander", "commander", {"type": "users_select", "initial_user": "U0RAILEAD1"}),
        field("Responders", "responders", {"type": "multi_users_select"}, optional=True),
        field("Channel", "channel", {"type": "channels_select"}, optional=True),
        field("Conversations", "talks", {"type": "multi_conversations_select"}, optional=True),
        field(
            "Still going on?",
            "on",
            {"type": "radio_buttons", "options": [option("Yes"), option("No"), option("Not sure")]},
        ),
        field(
            "Private",
            "private",
            {"type": "checkboxes", "options": [option("Keep it private", "only those invited see it")]},
            optional=True,
        ),
        field("Day", "day", {"type": "datepicker", "initial_date": "2026-11-20"}),
        field("Time", "time", {"type": "timepicker", "initial_time": "03:04"}),
        field("Onset", "onset", {"type": "datetimepicker", "initial_date_time": 1763700000}),
        field(
            "Customers",
            "count",
            {"type": "number_input", "is_decimal_allowed": False, "min_value": "0", "max_value": "100"},
            optional=True,
        ),
        field("Contact", "mail", {"type": "email_text_input"}, optional=True),
        field("Evidence link", "link", {"type": "url_text_input"}, optional=True),
        field("Evidence file", "file", {"type": "file_input"}, optional=True),
        field("Account", "account", {"type": "rich_text_input"}, optional=True),
    ],
}
