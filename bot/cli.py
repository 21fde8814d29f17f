"""`rai-incident`, the command line. Reading commands take `--json`; errors are one line and exit 2."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from bot.cli_digest import digest_app, exposure_app, import_app
from bot.cli_exercise import exercise_app
from bot.cli_gaps import ask_app
from bot.cli_playbooks import playbook_app
from bot.cli_programme import add_programme
from bot.cli_runbooks import runbook_app
from bot.cli_scenarios import scenario_app
from bot.cli_severity import policy_app, severity_app
from bot.cli_systems import clocks_app, forms_app, systems_app
from bot.lasting import lasting
from bot.output import AsJson, print_json
from bot.settings import Settings
from integrations.errors import OutsideServiceError
from severity.errors import RaiIncidentError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
db_app = typer.Typer(no_args_is_help=True, help="The database.")
incident_app = typer.Typer(no_args_is_help=True, help="Incidents in the record.")
postmortem_app = typer.Typer(no_args_is_help=True, help="Postmortem drafts.")
app.add_typer(db_app, name="db")
app.add_typer(incident_app, name="incident")
app.add_typer(postmortem_app, name="postmortem")
app.add_typer(runbook_app, name="runbook")
app.add_typer(scenario_app, name="scenario")
app.add_typer(playbook_app, name="playbook")
app.add_typer(policy_app, name="policy")
app.add_typer(severity_app, name="severity")
app.add_typer(ask_app, name="ask")
app.add_typer(clocks_app, name="clocks")
app.add_typer(systems_app, name="systems")
app.add_typer(forms_app, name="forms")
app.add_typer(digest_app, name="digest")
app.add_typer(exposure_app, name="exposure")
app.add_typer(import_app, name="import")
add_programme(exercise_app)
app.add_typer(exercise_app, name="exercise")


@app.callback()
def about() -> None:
    """rai-incident runs AI-harm incidents in Slack."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
    socket_mode: Annotated[
        bool, typer.Option("--socket-mode", help="Connect to Slack; no public address needed.")
    ] = False,
) -> None:
    """Run the bot."""
    with lasting():
        from bot import logs, serve

    logs.set_up()
    serve.run(Settings(), host, port, socket_mode=socket_mode)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the page.")] = 8765,
    play: Annotated[bool, typer.Option("--play", help="Play the story unattended and exit.")] = False,
) -> None:
    """A whole local world: a Slack-like page, PagerDuty, Jira, an AI service, and the real bot beside them."""
    from bot import demo as demo_

    raise typer.Exit(demo_.run(Settings(), port, play=play))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, Slack scopes and every integration, and say how to fix what is missing."""
    from bot import doctor as doctor_

    findings = doctor_.examine(Settings())
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            mark = {"ok": "✓", "missing": "–", "wrong": "✗"}[finding.state]
            typer.echo(f"{mark} {finding.what}: {finding.says}")
    raise typer.Exit(1 if any(finding.state == "wrong" for finding in findings) else 0)


@db_app.command()
def upgrade() -> None:
    """Bring the database to this version."""
    from incidents.db import upgrade as upgrade_

    upgrade_(Settings().database_url)
    typer.echo("The database is up to date.")


@db_app.command()
def current(as_json: AsJson = False) -> None:
    """Which version the database is at."""
    from incidents.db import current_and_head, make_engine

    at, head = current_and_head(make_engine(Settings().database_url))
    if as_json:
        print_json({"current": at, "head": head, "up_to_date": at == head})
    else:
        typer.echo(
            f"{at or 'empty'}{' (up to date)' if at == head else f', needs {head}: run rai-incident db upgrade'}"
        )


@incident_app.command("list")
def incident_list(as_json: AsJson = False) -> None:
    """All incidents, newest first."""
    from bot.reading import every_incident

    rows = every_incident(Settings())
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['number']:>8}  {row['severity']}  {row['status']:<9}  {row['declared_at']}  "
            f"{'EXERCISE: ' if row['kind'] == 'exercise' else ''}{row['title']}"
        )
    if not rows:
        typer.echo("There are no incidents yet.")


@incident_app.command("show")
def incident_show(number: str, as_json: AsJson = False) -> None:
    """One incident with its timeline."""
    from bot.reading import one_incident

    found = one_incident(Settings(), number)
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['number']} {found['severity']} {found['status']}: {found['title']}")
    for name, value in found["times"].items():
        typer.echo(f"  {name}: {value if value is not None else 'not known'}")
    for entry in found["timeline"]:
        typer.echo(f"  {entry['at']}  {entry['kind']:<12} {entry['actor']:<12} {entry['text']}")


@postmortem_app.command("show")
def postmortem_show(number: str, as_json: AsJson = False) -> None:
    """The newest postmortem draft."""
    from bot.reading import newest_postmortem

    found = newest_postmortem(Settings(), number)
    if as_json:
        print_json(found)
    else:
        typer.echo(found["body"])


def main() -> None:
    """Run, turning errors meant for people into one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        format_message = getattr(error, "format_message", None)
        code = _refuse(format_message() if format_message else str(error))
    except typer.Abort:
        code = 130
    except (RaiIncidentError, OutsideServiceError, ValidationError) as error:
        code = _refuse(_settings_words(error) if isinstance(error, ValidationError) else str(error))
    sys.exit(code)


def _settings_words(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"the setting {str(first['loc'][0]).upper()} is not usable: {first['msg']}"


def _refuse(words: str) -> int:
    for line in words.splitlines():  # one fault a line
        typer.echo(f"rai-incident: {' '.join(line.split())}", err=True)
    return 2
