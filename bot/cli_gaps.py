"""`rai-incident ask gaps`: where the handbook fell short, from the questions on record. Changes nothing."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from bot.cli_ask import ask_command, open_corpus
from bot.output import AsJson, print_json
from bot.reading import questions_since
from bot.settings import Settings
from incidents.clock import now
from severity.errors import RaiIncidentError
from severity.officehours.gaps import Cluster, Gaps, gaps
from severity.officehours.rendered import FOLDER

SHOWN = 10
QUESTION: Final = "question"
_SPAN = re.compile(r"(\d{1,4})([dw])")
_DAYS = {"d": 1, "w": 7}


def gaps_command(
    since: Annotated[str, typer.Option(help="How far back: 7d, 4w, or a date such as 2026-11-01.")] = "7d",
    as_json: AsJson = False,
) -> None:
    """Questions that the handbook did not answer or answered wrongly, what is asked most, and pages grown old."""
    start, end = _start(since), now()
    asked = questions_since(Settings(), start, end)
    # The rules in force are pages too, but nobody reviews what is made from the rule itself.
    pages = [page for page in open_corpus([]).sections if page.handbook != FOLDER]
    found = gaps(asked, pages, end.date())
    if as_json:
        print_json({"since": start, "until": end, "asked": len(asked), **_plain(found)})
    else:
        typer.echo("\n".join(_in_words(found, len(asked), start.date())))


def _start(since: str) -> datetime:
    """The moment that `--since` means. Raises RaiIncidentError."""
    if match := _SPAN.fullmatch(since):
        return now() - timedelta(days=int(match[1]) * _DAYS[match[2]])
    try:
        return datetime.combine(date.fromisoformat(since), datetime.min.time(), now().tzinfo)
    except ValueError:
        raise RaiIncidentError(
            f"--since {since!r:.40} is no span: write 7d, 4w, or a date such as 2026-11-01."
        ) from None


def _plain(found: Gaps) -> dict[str, Any]:
    def groups(clusters: Sequence[Cluster]) -> list[dict[str, Any]]:
        return [{"count": each.count, "questions": list(each.questions)} for each in clusters]

    return {
        "unanswered": groups(found.unanswered),
        "wrong": groups(found.wrong),
        "most_asked": groups(found.most_asked),
        "stale": [{"file": file, "owner": owner, "reviewed": reviewed} for file, owner, reviewed in found.stale],
    }


def _in_words(found: Gaps, asked: int, since: date) -> list[str]:
    lines = [f"{asked} questions since {since}."]
    for title, clusters in (
        ("Not answered, or not surely", found.unanswered),
        ("Marked as wrong", found.wrong),
        ("Asked most", found.most_asked),
    ):
        lines += ["", f"{title}:"]
        lines += [f"  {each.count:>3} × {each.questions[0]}" for each in clusters[:SHOWN]] or ["  none"]
        if len(clusters) > SHOWN:
            lines.append(f"  … and {len(clusters) - SHOWN} more; --json has all")
    lines += ["", "Pages not reviewed for a year, or never:"]
    for file, owner, reviewed in found.stale[:SHOWN]:
        lines.append(f"  {file} ({owner or 'no owner'}, {f'reviewed {reviewed}' if reviewed else 'never'})")
    if len(found.stale) > SHOWN:
        lines.append(f"  … and {len(found.stale) - SHOWN} more; --json has all")
    return lines if found.stale else [*lines, "  none"]


class AskGroup(TyperGroup):
    """`ask gaps` is a command of its own; whatever else follows `ask` is a question."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] not in (["gaps"], ["--help"]):
            args = [QUESTION, *args]
        return super().parse_args(ctx, args)


ask_app = typer.Typer(
    cls=AskGroup, help='Ask the handbook: ask "Who may approve a waiver?". Or see what it lacks: ask gaps.'
)
ask_app.command(QUESTION)(ask_command)
ask_app.command("gaps")(gaps_command)
