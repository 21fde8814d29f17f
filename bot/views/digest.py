"""The digest as a message: Slack's own charts and tables, and the same in blocks that every workspace takes."""

from collections.abc import Sequence

from bot import charts
from bot.digest import markdown
from bot.digest.figures import WINDOW
from bot.digest.value import Digest, OpenIncident, Pointer
from bot.digest.words import exercises, gap_head, gap_line, heading, rate, seconds, unrehearsed, whole
from bot.views.blocks import (
    Block,
    actions,
    button,
    channel_link,
    context,
    cut,
    divider,
    escape,
    fields,
    header,
    mrkdwn,
    person,
    section,
    when,
)
from bot.views.card import SEVERITY_MARK
from integrations.slack import Message

LISTED = 8  # incidents, actions, clocks in one message
ALT_TEXT = 2000
PREVIEW = "👁️ A preview, only for you. Nothing was posted."
MEASURED = ["Severity", "Detect", "Acknowledge", "Mitigate", "Resolve"]
CATEGORY = 20  # characters of a chart's label


def digest_message(digest: Digest, pictures: Sequence[str] = (), *, preview: bool = False) -> Message:
    """The digest. `pictures` are addresses of the charts as uploaded pictures, for the plain variant; a preview says
    first that it is one."""
    native = _blocks(digest, [*_charts(digest), *_tables(digest)], preview)
    drawn: list[Block] = [
        {
            "type": "image",
            "slack_file": {"url": address},
            "alt_text": cut(charts.alt_text(digest), ALT_TEXT),
        }
        for address in pictures
    ]
    plain = _blocks(digest, [*drawn, *_plain_tables(digest)], preview)
    text = "\n".join([heading(digest), *(f"{n}. {each.text}" for n, each in enumerate(digest.sentences, start=1))])
    return Message(escape(text), native, plain)


def _blocks(digest: Digest, numbers: list[Block], preview: bool) -> list[Block]:
    notes = [*([PREVIEW] if preview else []), *_late(digest)]
    return [
        header(heading(digest)),
        *([context(*notes)] if notes else []),
        _whole(
            "\n".join(f"{n}. {_sentence(each.text, each.where)}" for n, each in enumerate(digest.sentences, start=1))
        ),
        divider(),
        *_open(digest),
        *_counts(digest),
        section("*Rate*\n" + "\n".join(f"• {escape(line, 400)}" for line in markdown.rate_lines(digest))),
        *numbers,
        section(
            f"*Recurrence and near misses*\n• {escape(markdown.recurrence_line(digest), 500)}"
            f"\n• {markdown.near_line(digest)}"
        ),
        *_overdue(digest),
        section(_rest(digest)),
        actions(button("Change this digest", "digest_open", "digest")),
        context(*(escape(line, 400) for line in markdown.about(digest) if not line.startswith("This digest is late"))),
    ]


def _whole(text: str) -> Block:
    """A paragraph that Slack does not fold."""
    return {**section(text), "expand": True}


def _late(digest: Digest) -> list[str]:
    if digest.late_since is None:
        return []
    return [f"⏰ *Late*: it was due {when(digest.late_since)}, and the bot could not send it then."]


def _sentence(text: str, where: Pointer | None) -> str:
    """Our sentence with a way to what it speaks of."""
    return escape(text, 800) + (f" {channel_link(where.channel)}" if where and where.channel else "")


def _open(digest: Digest) -> list[Block]:
    if digest.audience == "organisation":
        return [section(f"*Open now*: {whole(digest.counts.open_now, digest.minimum_cell)}")]
    if not digest.open:
        return [section("*Open now*: none 🌤️")]
    lines = [_open_line(each) for each in digest.open[:LISTED]]
    more = len(digest.open) - LISTED
    blocks = [_whole(f"*Open now* ({len(digest.open)})\n" + "\n".join(lines))]
    return [*blocks, context(f"… and {more} more: `/rai-incident list`.")] if more > 0 else blocks


def _open_line(each: OpenIncident) -> str:
    mark = SEVERITY_MARK[each.severity]
    line = (
        f"{mark} *{each.number}* {each.severity}{' provisional' if each.provisional else ''} · {escape(each.title, 90)}"
    )
    line += f" · {seconds(each.age)} old"
    if each.status == "mitigated":
        line += ", mitigated"
    if each.clock and each.clock_due:
        line += f" · ⏱️ {escape(each.clock, 60)} {when(each.clock_due)}"
    return line + (f" · {channel_link(each.where.channel)}" if each.where.channel else "")


def _counts(digest: Digest) -> list[Block]:
    severities, classes = markdown.count_rows(digest, zeros=digest.audience == "organisation")
    k, noun = digest.minimum_cell, digest.period.noun
    total = f"*{whole(digest.counts.total, k)}* (in the {noun} before: {whole(digest.counts.previous_total, k)})"

    def column(title: str, rows: list[tuple[str, str, str]]) -> str:
        lines = [f"{escape(what, 30)}: *{now}* ({before})" for what, now, before in rows]
        return f"*{title}* (before)\n" + ("\n".join(lines) or "none")

    return [
        section(f"*Declared*: {total}"),
        fields(column("By severity", severities), column("By harm class", classes)),
    ]


def _charts(digest: Digest) -> list[Block]:
    blocks = []
    weeks = digest.rates.weeks
    if weeks:
        last, before = weeks[-WINDOW:], weeks[:-WINDOW]
        names = [f"{week.first.day} {week.first:%b}" for week in last]
        series = [_series("Last 13 weeks", names, [week.rate for week in last])]
        if before:
            series.append(_series("13 weeks before", names, [week.rate for week in before]))
        blocks.append(_chart("line", charts.rate_title(digest), names, series, "Week from", digest.rates.unit))
    if digest.mitigation:
        names = list(digest.mitigation)
        series = [
            _series("Median", names, [100 * each.median / each.target for each in digest.mitigation.values()]),
            _series("Target", names, [100.0] * len(names)),
        ]
        title = "Time to mitigate over 13 weeks"
        blocks.append(_chart("bar", title, names, series, "Severity", "Median, % of target"))
    return blocks


def _chart(kind: str, title: str, names: list[str], series: list[Block], x: str, y: str) -> Block:
    axes = {"categories": names, "x_label": cut(x, 50), "y_label": cut(y, 50)}
    return {
        "type": "data_visualization",
        "title": cut(title, 50),
        "chart": {"type": kind, "series": series, "axis_config": axes},
    }


def _series(name: str, names: list[str], values: list[float]) -> Block:
    points = [
        {"label": cut(label, CATEGORY), "value": round(value, 4)} for label, value in zip(names, values, strict=True)
    ]
    return {"name": cut(name, CATEGORY), "data": points}


def _tables(digest: Digest) -> list[Block]:
    blocks = []
    if digest.rates.weeks:
        blocks.append(_table("The rate, week by week", _week_rows(digest), 6))
    blocks.append(_table("Median time to …, and the share within target", _time_rows(digest), 6))
    return blocks


def _week_rows(digest: Digest) -> list[list[str | tuple[float, str]]]:
    head: list[str | tuple[float, str]] = ["Week from", "Incidents", "Rate", "95 % interval"]
    weeks = reversed(digest.rates.weeks)
    rows: list[list[str | tuple[float, str]]] = [
        [
            week.first.isoformat(),
            (week.incidents, str(week.incidents)),
            (week.rate, rate(week.rate)),
            f"{rate(week.low)} to {rate(week.high)}",
        ]
        for week in weeks
    ]
    return [head, *rows]


def _time_rows(digest: Digest) -> list[list[str | tuple[float, str]]]:
    rows: list[list[str | tuple[float, str]]] = [list(row) for row in markdown.time_rows(digest)]
    return [[*MEASURED], *rows]


def _table(caption: str, rows: Sequence[Sequence[str | tuple[float, str]]], page: int) -> Block:
    def cell(value: str | tuple[float, str]) -> Block:
        if isinstance(value, tuple):
            return {"type": "raw_number", "value": value[0], "text": value[1]}
        return {"type": "raw_text", "text": value}

    cells = [[cell(value) for value in row] for row in rows]
    return {"type": "data_table", "caption": caption, "rows": cells, "page_size": page}


def _plain_tables(digest: Digest) -> list[Block]:
    """The same numbers, set in columns."""
    blocks = []
    if digest.rates.weeks:
        head, *rows = _week_rows(digest)
        for caption, part in (("Last 13 weeks", rows[:WINDOW]), ("The 13 weeks before", rows[WINDOW:])):
            if part:
                blocks.append(_preformatted(caption, [head, *part]))
    cells = markdown.time_cells(digest)
    # Two narrow tables: a wide one would be folded line by line.
    blocks.append(_preformatted("Median time to …", [MEASURED, *([name, *(m for m, _ in row)] for name, row in cells)]))
    if any(within for _, row in cells for _, within in row):
        shares = [[name, *(within or "–" for _, within in row[:3])] for name, row in cells]
        blocks.append(_preformatted("Share within target", [MEASURED[:4], *shares]))
    return blocks


def _preformatted(caption: str, rows: Sequence[Sequence[str | tuple[float, str]]]) -> Block:
    texts = [[value[1] if isinstance(value, tuple) else value for value in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
    body = "\n".join(lines)
    return {"type": "section", "text": mrkdwn(f"*{caption}*\n```{escape(body)}```")}


def _overdue(digest: Digest) -> list[Block]:
    k = digest.minimum_cell
    if digest.audience == "organisation":
        clocks, actions = whole(digest.overdue_clock_count, k), whole(digest.overdue_action_count, k)
        return [section(f"*Overdue*: reports to authorities {clocks}, actions {actions}")]
    lines = []
    for clock in digest.overdue_clocks[:LISTED]:
        state = "due" if clock.decided else "nobody has decided; if it applies, due"
        lines.append(f"• ⏱️ {escape(clock.incident, 20)}: {escape(clock.clock, 80)}, {state} {when(clock.due)}")
    for action in digest.overdue_actions[:LISTED]:
        lines.append(
            f"• {escape(action.incident, 20)}: {escape(action.title, 120)} ({escape(action.priority, 20)}), "
            f"{person(action.owner)}, due {action.due}"
        )
    hidden = max(0, len(digest.overdue_clocks) - LISTED) + max(0, len(digest.overdue_actions) - LISTED)
    if hidden:
        lines.append(f"… and {hidden} more")
    return [section("*Overdue*\n" + ("\n".join(lines) or "Nothing."))]


def _rest(digest: Digest) -> str:
    done, due = (
        exercises(digest, found, lambda title: escape(title, 120), LISTED)
        for found in (digest.exercises_done, digest.exercises_due)
    )
    lines = [
        f"*Exercises* done: {done} · due: {due}",
        *(f"• {each}" for each in unrehearsed(digest)),
        f"*Office hours*: {gap_head(digest)}",
        *(f"• {escape(gap_line(each), 200)}" for each in digest.gaps[:3]),
    ]
    return "\n".join(lines)
