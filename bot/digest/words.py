"""Numbers of a digest in words, the same in every form it takes."""

from datetime import timedelta

from bot.digest.value import Digest, Number
from bot.views.blocks import duration
from incidents.trends import Comparison


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
