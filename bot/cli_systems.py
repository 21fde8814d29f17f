"""`rai-incident clocks`, `systems`, `forms`: what is due when, which AI systems there are, what authorities ask."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from bot import content
from bot.output import AsJson, print_json
from bot.reading import find_incident, reading_record, writing_record
from bot.settings import Settings
from incidents import inventory, reporting, tiering
from incidents.clock import now
from incidents.errors import BadInput
from incidents.inventory import SystemEntry
from severity.clocks import parse_start
from severity.policy import load_policy

clocks_app = typer.Typer(no_args_is_help=True, help="Regulator clocks. Not legal advice.")
systems_app = typer.Typer(no_args_is_help=True, help="The inventory of AI systems.")
forms_app = typer.Typer(no_args_is_help=True, help="What an authority's form asks, from an incident's record.")

INVENTORY = "systems.yaml"


@clocks_app.command("due")
def clocks_due(
    clock: Annotated[str, typer.Option("--clock", help="Id of the clock; `clocks list` shows all.")],
    start: Annotated[str, typer.Option("--start", help="Its start, like 2027-12-10T14:00+01:00.")],
    stage: Annotated[str | None, typer.Option("--stage", help="Which report; the first if none is named.")] = None,
    as_json: AsJson = False,
) -> None:
    """When a report is due, counted from its start."""
    due = content.clocks(Settings()).due(clock, parse_start(start), stage)
    if as_json:
        print_json(due.as_json())
    else:
        typer.echo(due.as_text())


@clocks_app.command("list")
def clocks_list(as_json: AsJson = False) -> None:
    """Every clock with its reports, source, and whether it is contested."""
    book = content.clocks(Settings())
    rows = [
        {
            "clock": clock.id,
            "title": clock.title,
            "regime": clock.regime,
            "recipient": clock.recipient,
            "trigger": clock.trigger,
            "enabled": clock.enabled,
            "in_force": clock.in_force(now()),
            "applies_from": clock.applies_from,
            "contested_because": book.contested(clock),
            "source": str(clock.source),
            "zone": clock.zone,
            "stages": [
                {
                    "stage": stage.id,
                    "title": stage.title,
                    "starts_at": stage.starts_at,
                    "limit": stage.limit if isinstance(stage.limit, str) else stage.limit.words,
                }
                for stage in clock.stages
            ],
        }
        for clock in book
    ]
    if as_json:
        print_json([{**row, "notice": book.notice} for row in rows])
        return
    for row in rows:
        marks = [] if row["enabled"] else ["switched off"]
        marks += [] if row["in_force"] else ["not in force"]
        marks += ["contested"] if row["contested_because"] else []
        small = f" ({', '.join(marks)})" if marks else ""
        typer.echo(f"{row['clock']:<16} {row['title']}{small}")
        for stage in _list(row["stages"]):
            starts = stage["starts_at"].replace("_", " ")
            typer.echo(f"{'':<16}   {stage['stage']}: {stage['title']}, {stage['limit']} from {starts}")
        typer.echo(f"{'':<16}   source: {row['source']}")
    typer.echo(book.notice)


@systems_app.command("list")
def systems_list(as_json: AsJson = False) -> None:
    """The AI systems of the record: tier, owner, and until when the tier holds."""
    settings = Settings()
    tree, today = content.tiers(settings), now().date()
    rows = []
    with reading_record(settings) as session:
        for entry in inventory.every(session):
            stands = tiering.standing(session, tree, entry)
            rows.append(
                {
                    "id": entry.id,
                    "name": entry.name,
                    "owner": entry.owner,
                    "tier": stands.tier,
                    "tiered_at": stands.tiered_at,
                    "decided_by": stands.decided_by,
                    "revalidate_by": stands.revalidate_by,
                    "overdue": stands.overdue(today),
                    "regimes": list(entry.regimes),
                }
            )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        tier = f"tier {row['tier']}" if row["tier"] is not None else "no tier"
        due = "OVERDUE" if row["overdue"] else f"re-validate by {row['revalidate_by'] or '-'}"
        typer.echo(f"{row['id']:<40} {tier:<8} {row['owner']:<12} {due}")
    if not rows:
        typer.echo("There are no AI systems yet: write systems.yaml, then start the bot or import the file.")


@systems_app.command("check")
def systems_check(
    file: Annotated[Path | None, typer.Argument(help="The file; systems.yaml of the configuration if none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check an inventory file; a fault names file, line, key and reason."""
    path = file or Settings().rai_config_dir / INVENTORY
    systems = _read(path)
    if as_json:
        print_json({"file": path.name, "systems": [system.id for system in systems]})
    else:
        typer.echo(f"{path.name}: {len(systems)} AI system{'' if len(systems) == 1 else 's'}, no fault.")


@systems_app.command("import")
def systems_import(file: Path) -> None:
    """Check a file and make it the inventory. A file with a fault changes nothing."""
    settings = Settings()
    systems = _read(file)
    target = settings.rai_config_dir / INVENTORY
    with writing_record(settings) as session:
        inventory.store(session, systems)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_suffix(".new")
            fresh.write_bytes(file.read_bytes())
            fresh.replace(target)  # at once, so that a bot that starts now reads the old file or the new one
        except OSError as error:
            raise BadInput("file", f"{target} cannot be written: {error.strerror}. Nothing was changed.") from error
    typer.echo(f"{len(systems)} AI systems are in the inventory. Restart the bot to use changed rollback targets.")


@systems_app.command("export")
def systems_export(as_json: AsJson = False) -> None:
    """The inventory as YAML, with the tiers decided in Slack and their dates."""
    with reading_record(Settings()) as session:
        entries = [_plain(entry) for entry in inventory.every(session)]
    if as_json:
        print_json({"systems": entries})
    else:
        typer.echo(yaml.safe_dump({"systems": entries}, sort_keys=False, allow_unicode=True), nl=False)


@forms_app.command("oecd")
def forms_oecd(number: str, as_json: AsJson = False) -> None:
    """The OECD's common reporting framework: 29 criteria, 7 of them mandatory."""
    _form("oecd", number, as_json)


@forms_app.command("aia-73")
def forms_aia_73(number: str, as_json: AsJson = False) -> None:
    """The initial report of a serious incident under Article 73 of the EU AI Act."""
    _form("aia-73", number, as_json)


def _form(name: str, number: str, as_json: bool) -> None:
    from severity.forms import load_forms

    settings = Settings()
    own_policy = settings.rai_config_dir / "policy.yaml"
    policy = load_policy(own_policy if own_policy.exists() else None)
    with reading_record(settings) as session:
        incident = find_incident(session, number)
        record = reporting.form_record(session, incident, content.clocks(settings), policy)
    filled = load_forms().fill(name, record)
    typer.echo(filled.as_json() if as_json else filled.as_markdown(), nl=False)


def _read(path: Path) -> list[SystemEntry]:
    if not path.exists():
        raise typer.BadParameter(f"there is no file {path.name}")
    return inventory.load(path)


def _plain(entry: SystemEntry) -> dict[str, Any]:
    """An entry as the file has it: without what was never said."""
    said: dict[str, Any] = _said(entry.model_dump(mode="json", by_alias=True))
    return said


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(one) for name, one in value.items() if one is not None and one != []}
    return [_said(one) for one in value] if isinstance(value, list) else value


def _list(value: object) -> list[dict[str, str]]:
    assert isinstance(value, list)
    return value
