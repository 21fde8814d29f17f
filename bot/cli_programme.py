"""`rai-incident exercise programme|gaps|calendar`: what was rehearsed, what lacks, and a file for calendars."""

import sys
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from bot import content
from bot import programme_words as words
from bot.output import AsJson, print_json
from bot.programme_calendar import calendar
from bot.programme_facts import Programme, programme_of
from bot.reading import reading_record
from bot.settings import Settings
from incidents.errors import NotFound
from incidents.models import Incident
from integrations.errors import OutsideServiceError
from integrations.slack import Slack
from playbooks import planning
from playbooks.models import Exercise


def add_programme(app: typer.Typer) -> None:
    """Put the commands under `rai-incident exercise`."""
    app.command("programme")(exercise_programme)
    app.command("gaps")(exercise_gaps)
    app.command("calendar")(exercise_calendar)


def exercise_programme(as_json: AsJson = False) -> None:
    """What is planned and due, who has practised what, and how the ratings went."""
    found = _programme()
    if as_json:
        print_json(found.as_json())
        return
    _lines(
        "Planned",
        [
            f"{each.at:%Y-%m-%d %H:%M} UTC  {each.number}  {each.title}{f', for {each.system}' if each.system else ''}"
            for each in found.planned
        ],
        "nothing; in Slack: /rai-incident exercise plan",
    )
    _lines("Due", [words.due_words(each, found.today) for each in found.due], "no system has a risk tier yet")
    titles = words.class_titles()
    trends = [words.trend_words(each, titles) for each in (*found.class_trends, *found.capability_trends)]
    _lines("Ratings, oldest first", trends, "no team exercise has ended yet")
    practised = [
        f"{each.user}  {each.harm_class:<4} {each.role}: {each.times} time{'' if each.times == 1 else 's'}, "
        f"last on {each.last:%Y-%m-%d}"
        for each in found.practised
    ]
    _lines("Who has practised what", practised, "nobody yet")


def exercise_gaps(as_json: AsJson = False) -> None:
    """What was not rehearsed in time: systems, kinds of harm by tier, and responders who never played."""
    found = _programme()
    if as_json:
        print_json(found.gaps_json())
        return
    _lines("Systems", [words.due_words(each, found.today) for each in found.overdue], "none is overdue")
    _lines(
        "Kinds of harm",
        [words.class_words(gap) for gap in found.class_gaps],
        "each was rehearsed in time, for every tier of a system",
    )
    if found.person_gaps is None:
        _lines("People", [], "not known: Slack was not asked who the responders are (SLACK_BOT_TOKEN)")
    else:
        _lines(
            "People", [words.person_words(gap, str) for gap in found.person_gaps], "every responder has played in time"
        )


def exercise_calendar(
    to: Annotated[Path | None, typer.Option("--to", help="Write the file here; else it is printed.")] = None,
) -> None:
    """Planned exercises and due dates as an iCalendar file. Imported again, it moves events and adds none twice."""
    settings = Settings()
    rules, library = content.programme(settings), content.scenarios(settings)

    with reading_record(settings) as session:
        found = programme_of(session, rules, library, responders=None)
        file = calendar(planning.every(session), found.due, team_id=_team(session))
    if to is None:
        sys.stdout.buffer.write(file)
        return
    try:
        to.write_bytes(file)
    except OSError as error:
        raise NotFound(f"{to} cannot be written: {error.strerror}.") from None
    typer.echo(f"Written: {to}")


def _programme() -> Programme:
    settings = Settings()
    rules, library = content.programme(settings), content.scenarios(settings)
    responders = _responders(settings)
    with reading_record(settings) as session:
        return programme_of(session, rules, library, responders=responders)


def _responders(settings: Settings) -> list[str] | None:
    """The responders' ids as Slack says; None where it was not, or could not be asked."""
    token = settings.slack_bot_token
    if token is None:
        return None
    slack = Slack(token.get_secret_value(), settings.slack_api_url, settings.ca_file)
    try:
        return list(slack.group_members(settings.responders_group))
    except (OutsideServiceError, ValueError) as error:
        typer.echo(f"rai-incident: Slack did not say who the responders are: {error}", err=True)
        return None


def _team(session: Session) -> str:
    """The workspace, for the events' ids: that of the record, which has one."""
    for column in (planning.PlannedExercise.team_id, Exercise.team_id, Incident.team_id):
        found = session.scalar(sa.select(column).limit(1))
        if found:
            return found
    return "workspace"


def _lines(title: str, lines: list[str], nothing: str) -> None:
    typer.echo(title)
    for line in lines or [f"({nothing})"]:
        typer.echo(f"  {line}")
