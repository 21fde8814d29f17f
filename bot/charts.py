"""The digest's two charts as one picture (PNG), and their alternative text.

For workspaces that refuse Slack's own charts, for files and for the PDF. matplotlib is imported only when a picture is
drawn. The picture has a ground of its own, so that it reads the same in light and dark; the two colours are of Okabe
and Ito's palette, which colour-blind people can tell apart, and nothing is said by colour alone.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from typing import Any

from bot.digest.figures import WINDOW
from bot.digest.value import Digest
from bot.digest.words import rate, seconds

BLUE, ORANGE, INK, FAINT, GROUND = "#0072B2", "#D55E00", "#1d1c1d", "#8a8a8a", "#ffffff"
HOUR = 3600.0
DRAWING = 120  # seconds; it takes one or two


def drawable(digest: Digest) -> bool:
    """Whether there is anything to draw."""
    return not digest.rates.hidden or bool(digest.mitigation)


def rate_title(digest: Digest) -> str:
    """What the first chart shows; its unit stands at the axis."""
    return "Severity-weighted rate" if len(set(digest.rates.weights.values())) > 1 else "Rate of incidents"


def alt_text(digest: Digest) -> str:
    """The picture in words, from the same numbers."""
    rates, parts = digest.rates, []
    if not rates.weeks and rates.before and not rates.hidden:
        parts.append(
            f"{rate_title(digest)}, {rates.unit}: last 13 weeks {rate(rates.last.rate)} (95 % interval "
            f"{rate(rates.last.low)} to {rate(rates.last.high)}), the 13 before {rate(rates.before.rate)}."
        )
    if rates.weeks:
        low, high = (pick(rates.weeks, key=lambda week: week.rate) for pick in (min, max))
        parts.append(
            f"{rate_title(digest)}, {rates.unit}, over {len(rates.weeks)} weeks from {rates.weeks[0].first}: "
            f"last 13 weeks {rate(rates.last.rate)} (95 % interval {rate(rates.last.low)} to {rate(rates.last.high)})"
            + (f", the 13 before {rate(rates.before.rate)}" if rates.before else "")
            + f"; lowest {rate(low.rate)} in the week from {low.first}, highest {rate(high.rate)} from {high.first}."
        )
    if digest.mitigation:
        each = ", ".join(
            f"{name} {seconds(one.median)} of {seconds(one.target)}" for name, one in digest.mitigation.items()
        )
        parts.append(f"Median time to mitigate over 13 weeks, of the target: {each}.")
    return " ".join(parts) or "No chart: there are no numbers to show."


def draw(digest: Digest, *, stacked: bool = False) -> bytes:
    """A PNG of both charts, side by side (for a page) or one above the other (Slack shows pictures narrow). The same
    numbers give the same bytes."""
    from matplotlib.figure import Figure

    both = bool(digest.mitigation)
    size = (6.4, 6.6 if both else 4) if stacked else (10, 3.9)
    figure = Figure(figsize=size, dpi=160, facecolor=GROUND, layout="constrained")
    shape: dict[str, Any] = {"height_ratios": (3, 2)} if stacked else {"width_ratios": (3, 2)}
    panels = figure.subplots(*((2, 1) if stacked else (1, 2)), **shape) if both else [figure.subplots()]
    for axes in panels:
        axes.set_facecolor(GROUND)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(FAINT)
        axes.tick_params(colors=INK, labelsize=9)
    _trend(panels[0], digest)
    if both:
        _mitigate(panels[1], digest)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def draw_apart(digest: Digest) -> bytes:
    """The picture for Slack, in a process of its own: what drawing imports is never given back."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(draw, digest, stacked=True).result(timeout=DRAWING)


def _trend(axes: Any, digest: Digest) -> None:
    """The weeks as points, and each window's rate with its interval behind them."""
    rates, weeks = digest.rates, digest.rates.weeks
    _title(axes, f"{rate_title(digest)}, {rates.unit}")
    if not weeks:
        _windows(axes, digest)
        return
    split = len(weeks) - WINDOW
    values = [week.rate for week in weeks]
    windows = [(rates.before, 0, split, FAINT, "s", "13 weeks before")] if rates.before else []
    for window, begin, end, colour, mark, name in [
        *windows,
        (rates.last, split, len(weeks), BLUE, "o", "last 13 weeks"),
    ]:
        span = [begin - 0.4, end - 0.6]
        axes.fill_between(span, window.low, window.high, color=colour, alpha=0.18, lw=0)
        axes.plot(span, [window.rate] * 2, color=colour, lw=2.6, solid_capstyle="butt")
        label = f"{name}: {rate(window.rate)} ({rate(window.low)} to {rate(window.high)})"
        places = range(begin, end)
        axes.plot(places, values[begin:end], color=colour, lw=1.1, marker=mark, ms=4, alpha=0.9, label=label)
    axes.set_ylim(0, max(*values, rates.last.high, rates.before.high if rates.before else 0) * 1.25 or 1)
    axes.set_xlim(-0.6, len(weeks) - 0.4)
    shown = list(range(len(weeks)))[(len(weeks) - 1) % 4 :: 4]
    axes.set_xticks(shown, [f"{weeks[place].first.day} {weeks[place].first:%b}" for place in shown])
    axes.set_xlabel("week from; bars and shades: 13-week rate and its 95 % interval", fontsize=9, color=INK)
    axes.grid(axis="y", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", fontsize=8, frameon=False, ncols=2, labelcolor=INK, borderaxespad=0.1)


def _windows(axes: Any, digest: Digest) -> None:
    """The two windows alone, where their weeks are too small to show."""
    last, before = digest.rates.last, digest.rates.before
    if digest.rates.hidden or before is None:
        _nothing(axes, f"not shown: numbers under {digest.minimum_cell}\ncould be worked out from it")
        return
    for place, window, colour in ((0, before, FAINT), (1, last, BLUE)):
        span = [[window.rate - window.low], [window.high - window.rate]]
        axes.errorbar([place], [window.rate], yerr=span, color=colour, fmt="o", ms=9, lw=3, capsize=8)
        said = f"{rate(window.rate)} ({rate(window.low)} to {rate(window.high)})"
        axes.annotate(said, (place, window.rate), xytext=(12, -3), textcoords="offset points", fontsize=9)
    axes.set_xticks([0, 1], ["13 weeks before", "last 13 weeks"])
    axes.set_xlim(-0.5, 1.9)
    axes.set_ylim(0, max(last.high, before.high) * 1.15)
    axes.set_xlabel("rate and its 95 % interval", fontsize=9, color=INK)


def _mitigate(axes: Any, digest: Digest) -> None:
    found = digest.mitigation
    _title(axes, "Median time to mitigate, 13 weeks")
    names = list(found)[::-1]
    for place, each in enumerate(found[name] for name in names):
        median, target = each.median / HOUR, each.target / HOUR
        within = each.median <= each.target
        axes.plot([median, target], [place, place], color="#d0d0d0", lw=2, zorder=1)
        axes.scatter([target], [place], marker="|", s=280, color=INK, linewidths=2.2, zorder=2)
        colour, mark = (BLUE, "o") if within else (ORANGE, "D")
        axes.scatter([median], [place], marker=mark, s=75, color=colour, zorder=3)
        said = f"{seconds(each.median)}{'' if within else ', over'}"
        axes.annotate(said, (median, place), xytext=(0, 9), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xscale("log")
    _hours(axes, [value / HOUR for each in found.values() for value in (each.median, each.target)])
    axes.set_yticks(range(len(names)), [f"{name}  ({found[name].known:,})" for name in names])
    axes.set_ylim(-0.5, len(names) - 0.2)
    axes.set_xlabel("● median within target   ◆ median over   | target", fontsize=9, color=INK)


def _hours(axes: Any, values: Sequence[float]) -> None:
    marks = {1 / 60: "1 min", 1 / 6: "10 min", 1: "1 h", 6: "6 h", 24: "1 d", 168: "7 d", 720: "30 d", 8760: "1 y"}
    low, high = max(min(values) / 2, 1 / 120), max(values) * 2
    shown = {at: label for at, label in marks.items() if low <= at <= high}
    axes.set_xlim(low, high)
    axes.set_xticks(list(shown), list(shown.values()))
    axes.minorticks_off()


def _title(axes: Any, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)


def _nothing(axes: Any, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=FAINT, fontsize=10, transform=axes.transAxes)
