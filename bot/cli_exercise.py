"""`rai-incident exercise list|show|aar`: tabletop exercises from the record."""

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot import content
from bot.exercise_facts import facts
from bot.output import AsJson, print_json
from bot.reading import reading_record
from bot.settings import Settings
from incidents import policies
from incidents.errors import NotFound
from playbooks import afterwards, report, running
from playbooks.models import Exercise
from playbooks.score import by_objective, coverage, parts_tested
from severity.policy import load_policy

exercise_app = typer.Typer(no_args_is_help=True, help="Tabletop exercises. They are led in Slack.")


@exercise_app.command("list")
def exercise_list(as_json: AsJson = False) -> None:
    """All exercises, newest first."""
    with reading_record(Settings()) as session:
        rows = [_summary(session, row) for row in running.every(session)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        ratings = " ".join(rating["confirmed"] or rating["proposed"].lower() for rating in row["ratings"])
        typer.echo(f"{row['number']:>6}  {row['state']:<8} {row['created_at']:%Y-%m-%d}  {ratings:<12} {row['title']}")
    if not rows:
        typer.echo("There are no exercises yet. In Slack: /rai-incident exercise start")


@exercise_app.command("show")
def exercise_show(number: str, as_json: AsJson = False) -> None:
    """One exercise: its injects, what was expected, and how it came out."""
    with reading_record(Settings()) as session:
        found = _whole(session, _find(session, number))
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['number']} {found['state']}, minute {found['minute']:.0f}: {found['title']}")
    for inject in found["injects"]:
        minute = "    " if inject["minute"] is None else f"{inject['minute']:4.0f}"
        typer.echo(f"  {minute}  {inject['state']:<9} {inject['id']}")
    for action in found["actions"]:
        minute = "    " if action["minute"] is None else f"{action['minute']:4.0f}"
        state, critical = action["state"].replace("_", " "), " (critical)" if action["critical"] else ""
        typer.echo(f"  {minute}  {state:<10} {action['id']}{critical}")
    for rating in found["ratings"]:
        typer.echo(f"  {rating['confirmed'] or rating['proposed'] + ' proposed'}: {rating['objective']}")
    for each in found["unrated"]:
        typer.echo(f"  not rated: {each['objective']} ({each['tested']})")


@exercise_app.command("aar")
def exercise_aar(
    number: str,
    as_pdf: Annotated[Path | None, typer.Option("--pdf", help="Write a PDF to this file.")] = None,
    as_markdown: Annotated[
        bool, typer.Option("--md", help="Print Markdown. It is what comes without an option.")
    ] = False,
) -> None:
    """The after-action report with its improvement plan. People are named by their Slack ids here."""
    with reading_record(Settings()) as session:
        text, title = _report(session, _find(session, number))
    if as_pdf is not None:
        from bot.pdf import markdown_to_pdf

        try:
            as_pdf.write_bytes(markdown_to_pdf(text, title=title))
        except OSError as error:
            raise NotFound(f"{as_pdf} cannot be written: {error.strerror}.") from None
        typer.echo(f"Written: {as_pdf}")
    if as_markdown or as_pdf is None:
        typer.echo(text)


def _find(session: Session, number: str) -> Exercise:
    digits = number.strip().upper().removeprefix("EX-")
    found = session.get(Exercise, int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
    if found is None:
        raise NotFound(f"there is no exercise {number!r:.60}. `rai-incident exercise list` shows all.")
    return found


def _summary(session: Session, exercise: Exercise) -> dict[str, Any]:
    return {
        "number": exercise.number,
        "title": exercise.title,
        "scenario": exercise.scenario_id,
        "state": exercise.state,
        "facilitator": exercise.facilitator,
        "incident": f"INC-{exercise.incident_id}" if exercise.incident_id else None,
        "created_at": exercise.created_at,
        "started_at": exercise.started_at,
        "ended_at": exercise.ended_at,
        "ratings": [
            {
                "objective": row.objective_id,
                "proposed": row.proposed,
                "confirmed": row.confirmed,
                "by": row.confirmed_by,
                "reason": row.reason,
            }
            for row in afterwards.ratings(session, exercise.id)
        ],
    }


def _whole(session: Session, exercise: Exercise) -> dict[str, Any]:
    scenario, minute = running.scenario_of(exercise), running.minute(exercise)
    found = running.judge(session, exercise, scenario, facts(session, exercise), minute)
    sorted_out = by_objective(scenario, found)
    rated = {row.objective_id for row in afterwards.ratings(session, exercise.id)}
    return {
        **_summary(session, exercise),
        "minute": minute,
        "speed": exercise.speed,
        "people": running.people(session, exercise.id),
        "injects": [
            {"id": row.inject_id, "state": row.state, "minute": row.minute, "by": row.by, "choice": row.choice}
            for row in running.injects(session, exercise.id)
        ],
        "actions": [
            {
                "id": each.action.id,
                "critical": each.action.critical,
                "state": each.state,
                "due": each.due,
                "minute": each.fact.minute if each.fact else None,
                "evidence": each.fact.entry if each.fact else None,
            }
            for each in found
        ],
        "unrated": [
            {"objective": each.id, "tested": coverage(*parts_tested(sorted_out[each.id]), each.left_out)}
            for each in scenario.objectives
            if each.id not in rated and not exercise.live
        ],
        "improvements": [
            {"text": row.text, "owner": row.owner, "due": row.due, "ticket": row.ticket or None}
            for row in afterwards.improvements(session, exercise.id)
        ],
    }


def _report(session: Session, exercise: Exercise) -> tuple[str, str]:
    from bot.exercise_report import gather

    settings = Settings()
    active = policies.active(session)
    policy = policies.policy_of(session, active.hash) if active else load_policy()
    titles = {clock.id: clock.title for clock in content.clocks(settings)}
    found = gather(session, exercise, policy, lambda user: user, titles)
    return report.markdown(found), f"{found.number} after-action report: {found.title}"
