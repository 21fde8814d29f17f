"""Numbers of a digest in words, the same in every form it takes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby

from bot.digest.value import Digest, Exercise, Gap, Number
from bot.views.blocks import duration
from incidents.trends import Comparison
from severity.taxonomy import HARM_CLASS_IDS, harm_classes

TITLED = 3  # harm classes in one line with their titles; more of them by their ids


def number(count: Number) -> str:
    """A part of a whole; hidden, it may be small or protect a small one."""
    return "not shown" if count is None else f"{count:,}"


def whole(count: Number, minimum: int) -> str:
    """A count that is part of nothing; hidden, it is small."""
    return f"under {minimum}" if count is None else f"{count:,}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 incident`, `2 incidents`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def rate(value: float) -> str:
    """Two or three figures that matter: `0.012`, `4.2`, `31.7`, `317`."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def seconds(value: float | None) -> str:
    """A duration, or a dash."""
    return "–" if value is None else duration(timedelta(seconds=value))


def percent(value: float | None) -> str:
    """A share, or a dash."""
    return "–" if value is None else f"{value:.0%}".replace("%", " %")


def course(change: Comparison | None) -> str:
    """What a comparison allows us to say, with its interval."""
    if change is None:
        return "not compared"
    if change.ratio is None and change.high is None:
        return change.word
    ratio = "" if change.ratio is None else f"ratio {change.ratio:.2f}, "
    high = "with no upper limit" if change.high is None else f"to {change.high:.2f}"
    return f"{change.word} ({ratio}95 % interval {change.low:.2f} {high})"


def ratings(found: Mapping[str, int]) -> str:
    """`2 P, 1 M`: the confirmed ratings of an exercise."""
    return ", ".join(f"{count} {letter}" for letter, count in found.items())


def exercises(digest: Digest, found: Sequence[Exercise], safe: Callable[[str], str], most: int = 40) -> str:
    """Exercises by title, day and ratings, `most` of them; for the organisation how many. `safe` escapes a title."""
    if not found or digest.audience == "organisation":
        return str(len(found) or "none")
    named = [
        f"{safe(each.title)} ({each.day}{', ' + ratings(each.ratings) if each.ratings else ''})"
        for each in found[:most]
    ]
    return "; ".join([*named, *([f"and {len(found) - most} more"] if len(found) > most else [])])


def unrehearsed(digest: Digest) -> list[str]:
    """What no exercise has rehearsed in time, one line for each tier."""
    lines = []
    for (tier, days), found in groupby(digest.unrehearsed, lambda gap: (gap.tier, gap.days)):
        names = [gap.harm_class for gap in found]
        if len(names) == len(HARM_CLASS_IDS):
            on = "any kind of harm"
        elif len(names) > TITLED:
            on = ", ".join(names)
        else:
            on = ", ".join(f"{name} ({harm_classes()[name].title})" for name in names)
        lines.append(f"No tier-{tier} system exercised on {on} in {days} days")
    return lines


def gap_line(gap: Gap) -> str:
    """One gap of office hours; the question is somebody's words."""
    return f"{gap.count} × {gap.question}" + (" (the answer was marked as wrong)" if gap.wrong else "")


def gap_head(digest: Digest) -> str:
    """How many questions the handbook fell short of."""
    count = digest.gap_count
    if count == 0:
        return "no question without a sure answer"
    said = f"under {digest.minimum_cell} questions" if count is None else plural(count, "question")
    return f"{said} without a sure answer"


def heading(digest: Digest) -> str:
    """What the digest is called."""
    every = {"weekly": "Weekly", "monthly": "Monthly", "quarterly": "Quarterly"}.get(digest.period.every or "", "")
    return f"{every} AI-harm digest, {digest.period.title}".strip()


def weights(digest: Digest) -> str:
    """The weights of the rate, stated beside it."""
    said = digest.rates.weights
    if set(said.values()) == {1}:
        return "every incident counts 1"
    return ", ".join(f"{severity} {weight}" for severity, weight in said.items())
