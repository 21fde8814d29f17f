"""A digest as Markdown: for files, for the PDF, and for reading in a terminal."""

import re

from bot.digest.value import ALL, MEASURES, Digest, Target
from bot.digest.words import (
    course,
    exercises,
    gap_head,
    gap_line,
    heading,
    number,
    percent,
    plural,
    rate,
    seconds,
    unrehearsed,
    weights,
    whole,
)
from severity.taxonomy import harm_classes

NAMES = {"ttd": "detect", "tta": "acknowledge", "ttm": "mitigate", "ttr": "resolve"}
PICTURE = "trends.png"


def to_markdown(digest: Digest, *, alt_text: str | None = None) -> str:
    """The digest in its order. `alt_text` puts a picture named `trends.png` in, described so."""
    parts = [
        f"# {heading(digest)}",
        _about(digest),
        "\n".join(f"{place}. {_safe(each.text)}" for place, each in enumerate(digest.sentences, start=1)),
        _open(digest),
        _counts(digest),
        *([f"![{_safe(alt_text)}]({PICTURE})"] if alt_text else []),
        _rates(digest),
        _times(digest),
        _recurrence(digest),
        _overdue(digest),
        _exercises(digest),
        _gaps(digest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def about(digest: Digest) -> list[str]:
    """What the numbers cover, line by line."""
    period = digest.period
    lines = [
        f"{period.first} to {period.last}, both included, days of {period.zone}. "
        f"Computed {digest.as_of:%Y-%m-%d %H:%M} UTC."
    ]
    if digest.late_since is not None:
        lines.insert(
            0,
            f"This digest is late: it was due {digest.late_since:%Y-%m-%d %H:%M} UTC, and could not be sent then.",
        )
    if period.end > digest.as_of:
        lines.append("These days are not over, so nothing is compared with the time before.")
    if digest.began is not None:
        lines.append(
            f"The record's first incident is of {digest.began:%Y-%m-%d}; the days before it count as days without any."
        )
    if digest.narrowed:
        lines.append(
            f"Only: {', '.join((*digest.systems, *digest.harm_classes))}; exercises and office hours are of everything."
        )
    lines.append("Real incidents that are not private; exercises and tests are never counted.")
    if digest.audience == "organisation":
        lines.append(
            f"Numbers under {digest.minimum_cell}, and those from which one could be worked out, are not shown."
        )
    return lines


def count_rows(digest: Digest, *, zeros: bool) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """(what, now, before) by severity, and by harm class."""
    counts = digest.counts
    titles = {name: f"{name} {found.title}" for name, found in harm_classes().items()}

    def rows(now: dict[str, int | None], before: dict[str, int | None]) -> list[tuple[str, str, str]]:
        return [
            (
                titles.get(name, name.capitalize() if name.islower() else name),
                number(now[name]),
                number(before[name]),
            )
            for name in now
            if zeros or now[name] != 0 or before[name] != 0
        ]

    return (
        rows(counts.by_severity, counts.previous_by_severity),
        rows(counts.by_harm_class, counts.previous_by_harm_class),
    )


def time_cells(digest: Digest) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each severity and over all: of each measure the median, and the share within target where there is one."""
    rows = []
    for severity in (*digest.times_by_severity, ALL):
        times = digest.times_by_severity.get(severity, digest.times)
        targets = digest.targets.get(severity, {})
        cells = [(seconds(times[name].median), _within(targets.get(name))) for name in MEASURES]
        rows.append(("All" if severity == ALL else severity, cells))
    return rows


def _within(target: Target | None) -> str:
    if target is None or target.share is None:
        return ""
    return percent(target.share) + (f" of {target.known}" if target.known is not None else "")


def time_rows(digest: Digest) -> list[list[str]]:
    """The same, both in one cell."""
    return [
        [name, *(f"{median} · {within}" if within else median for median, within in cells)]
        for name, cells in time_cells(digest)
    ]


def rate_lines(digest: Digest) -> list[str]:
    """The rate, its course, and what it is made of."""
    rates = digest.rates
    if rates.hidden:
        return [f"Not shown: numbers under {digest.minimum_cell} could be worked out from it."]
    windows = [("Last 13 weeks", rates.last), *([("the 13 before", rates.before)] if rates.before else [])]
    said = [
        f"{name} {rate(one.rate)} (95 % interval {rate(one.low)} to {rate(one.high)}, "
        f"{plural(one.incidents, 'incident')})"
        for name, one in windows
    ]
    lines = [f"{'; '.join(said)}; {rates.unit}."]
    if rates.before is not None:
        lines.append(f"By number of incidents{' per request' if rates.per_exposure else ''}: {course(rates.change)}.")
    lines.append(f"Weights: {weights(digest)}.")
    if not rates.per_exposure:
        lines.append("No denominator is configured, so growth of use and readiness to report are in these numbers too.")
    elif rates.left_out:
        lines.append(f"Not in the rate, for want of a denominator: {plural(rates.left_out, 'incident')}.")
    return lines


def recurrence_line(digest: Digest) -> str:
    """What came again."""
    found = digest.recurrence
    if found.of is None:
        return (
            f"Came again within {found.days} days: {percent(found.share) if found.share is not None else 'not shown'}."
        )
    if not found.of:
        return "Recurrence: no incident of the period has both an AI system and a harm class."
    again = ", ".join(f"{name} {n}" for name, (_, n) in found.classes.items() if n)
    return (
        f"Came again (same AI system and harm class within {found.days} days): {found.again} of {found.of}, "
        f"{percent(found.share)}; the target is under 10 %." + (f" By class: {again}." if again else "")
    )


def near_line(digest: Digest) -> str:
    """Near misses, issues, hazards."""
    counts, k = digest.counts, digest.minimum_cell
    return (
        f"Near misses {whole(counts.near_misses, k)}, risks that were not imminent {whole(counts.issues, k)}, "
        f"hazards and safety mechanisms that worked {whole(counts.hazards, k)}."
    )


def _about(digest: Digest) -> str:
    return " ".join(about(digest))


def _open(digest: Digest) -> str:
    if digest.audience == "organisation":
        return f"## Open now\n\n{whole(digest.counts.open_now, digest.minimum_cell)}"
    if not digest.open:
        return "## Open now\n\nNone."
    rows = [
        [
            each.number,
            each.severity + (" provisional" if each.provisional else ""),
            _safe(each.title),
            _safe(each.system),
            seconds(each.age),
            f"{each.clock}, {each.clock_due:%Y-%m-%d %H:%M} UTC" if each.clock and each.clock_due else "–",
        ]
        for each in digest.open[:50]
    ]
    more = f"\n\n… and {len(digest.open) - 50} more." if len(digest.open) > 50 else ""
    return "## Open now\n\n" + _table(["Incident", "Severity", "What", "AI system", "Age", "Next clock"], rows) + more


def _counts(digest: Digest) -> str:
    severities, classes = count_rows(digest, zeros=True)
    total = (
        "All",
        whole(digest.counts.total, digest.minimum_cell),
        whole(digest.counts.previous_total, digest.minimum_cell),
    )
    head = ["", digest.period.these.capitalize(), "Before"]
    return (
        "## How many\n\n"
        + _table(head, [list(row) for row in (*severities, total)])
        + "\n\n"
        + _table(head, [list(row) for row in classes])
        + "\n\nAn incident may have several harm classes.\n\n"
        + near_line(digest)
    )


def _rates(digest: Digest) -> str:
    lines = "\n".join(f"- {line}" for line in rate_lines(digest))
    if not digest.rates.weeks:
        return f"## Rate\n\n{lines}"
    head = ["Week from", "Incidents", f"Rate {digest.rates.unit}", "95 % interval"]
    rows = [
        [week.first.isoformat(), str(week.incidents), rate(week.rate), f"{rate(week.low)} to {rate(week.high)}"]
        for week in digest.rates.weeks
    ]
    if digest.rates.per_exposure:
        head.append("Requests")
        rows = [[*row, f"{week.requests:,}"] for row, week in zip(rows, digest.rates.weeks, strict=True)]
    return f"## Rate\n\n{lines}\n\n{_table(head, rows)}"


def _times(digest: Digest) -> str:
    head = ["", *(f"Time to {NAMES[name]}" for name in MEASURES)]
    note = "Medians, and the share within target. A dash: not known for any incident, or not shown."
    return f"## Times\n\n{_table(head, time_rows(digest))}\n\n{note}"


def _recurrence(digest: Digest) -> str:
    return f"## Recurrence\n\n{recurrence_line(digest)}"


def _overdue(digest: Digest) -> str:
    k = digest.minimum_cell
    lines = [
        f"- {each.clock} on {each.incident}: {'due' if each.decided else 'undecided; if it applies, it was due'} "
        f"{each.due:%Y-%m-%d %H:%M} UTC"
        for each in digest.overdue_clocks
    ]
    lines += [
        f"- {_safe(each.title)} ({each.incident}, {each.priority}), owner {_safe(each.owner)}, due {each.due}"
        for each in digest.overdue_actions
    ]
    if digest.audience == "organisation":
        lines = [
            f"- Reports to authorities: {whole(digest.overdue_clock_count, k)}",
            f"- Actions of postmortems: {whole(digest.overdue_action_count, k)}",
        ]
    return "## Overdue\n\n" + ("\n".join(lines) or "Nothing.")


def _exercises(digest: Digest) -> str:
    done, due = (exercises(digest, found, _safe) for found in (digest.exercises_done, digest.exercises_due))
    lines = [f"Done: {done}", f"Due: {due}", *unrehearsed(digest)]
    return "## Exercises\n\n" + "\n".join(f"- {line}" for line in lines)


def _gaps(digest: Digest) -> str:
    head = gap_head(digest)
    lines = "\n".join(f"- {_safe(gap_line(each))}" for each in digest.gaps)
    return f"## Office hours\n\n{head[0].upper()}{head[1:]}.{chr(10) * 2 + lines if lines else ''}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _safe(text: str) -> str:
    """Words of people as Markdown that shows them literally, on one line."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))
