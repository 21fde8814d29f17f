"""`rai-incident runbook …`: the catalogue, checks, and the exchange format. Files only: no database, no Slack."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.output import AsJson, print_checked, print_json
from bot.settings import Settings
from incidents import inventory
from incidents.clock import now
from incidents.errors import BadInput
from runbooks.catalogue import Catalogue, Definition, load_catalogue, require
from runbooks.check import check_runbook
from runbooks.schema import ROLES, Step
from severity.loading import read_text
from severity.strict_json import read_json

runbook_app = typer.Typer(no_args_is_help=True, help="Containment runbooks.")

RunbookId = Annotated[str, typer.Argument(help="The runbook's id, as `runbook list` shows it.")]


@runbook_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The runbooks that can be started: ours, and the organisation's own."""
    catalogue = _catalogue()
    found = sorted(catalogue.definitions.values(), key=lambda item: item.runbook.id)
    if as_json:
        print_json([_summary(item) for item in found])
        return
    for item in found:
        own = "" if item.shipped else "  (own)"
        typer.echo(f"{item.runbook.id:<36} {', '.join(item.runbook.harm_classes):<12} {item.runbook.title}{own}")
    for name in dict.fromkeys(fault.file for fault in catalogue.faults):
        typer.echo(f"{name} was refused; `rai-incident runbook check` says why.", err=True)


@runbook_app.command()
def show(runbook_id: RunbookId, as_json: AsJson = False) -> None:
    """One runbook, step by step."""
    item = require(_catalogue(), runbook_id)
    runbook = item.runbook
    if as_json:
        print_json({**_summary(item), "definition": runbook.model_dump(mode="json", exclude_none=True)})
        return
    typer.echo(f"{runbook.title}  ({runbook.id}; {', '.join(runbook.harm_classes)})")
    typer.echo("\nUse it when:")
    for reason in runbook.enter_when:
        typer.echo(f"  - {reason}")
    typer.echo(f"Done when: {runbook.leave_when}\n")
    for number, step in enumerate(runbook.steps, 1):
        _show_step(str(number), step)
        for inner, part in enumerate(step.steps, 1):
            _show_step(f"{number}.{inner}", part)
    typer.echo("Sources: " + "; ".join(f"{source.name}, {source.ref}" for source in runbook.sources))


@runbook_app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files; the whole catalogue without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with runbooks: unknown names, dangling or unreachable steps, loops, template errors."""
    if files:
        faults = [fault for file in files for fault in check_runbook(file, _targets())]
        checked = len(files)
    else:
        catalogue = _catalogue()
        faults, checked = list(catalogue.faults), len(catalogue.definitions)
    print_checked(faults, checked, "runbook", as_json=as_json)


@runbook_app.command()
def export(
    runbook_id: RunbookId,
    cacao: Annotated[bool, typer.Option("--cacao", help="As a CACAO 2.0 playbook (JSON).")] = False,
) -> None:
    """Print a runbook for another tool: its YAML, or CACAO 2.0."""
    item = require(_catalogue(), runbook_id)
    if cacao:
        from runbooks.cacao import export as export_

        print_json(export_(item.runbook, now()))
    else:
        typer.echo(item.text.rstrip())


@runbook_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CACAO 2.0 playbook (JSON).")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the YAML here instead of printing it.")] = None,
) -> None:
    """Turn a CACAO 2.0 playbook into a runbook, or say what was refused and why. Nothing is started or installed."""
    from runbooks.cacao import import_ as import_document

    found = import_document(read_json(read_text(file), file.name))
    for refusal in found.refusals:
        typer.echo(f"{file.name}: {refusal}", err=True)
    if found.runbook_yaml is None:
        count = len(found.refusals)
        reasons = "reason" if count == 1 else f"{count} reasons"
        typer.echo(f"Refused for the {reasons} above. Nothing was written.", err=True)
        raise typer.Exit(2)
    for note in found.assumed:
        typer.echo(f"review: {note}", err=True)
    if out is None:
        typer.echo(found.runbook_yaml.rstrip())
        return
    if out.exists():
        raise BadInput("out", f"{out} exists already. Nothing was written; choose another name.")
    try:
        out.write_text(found.runbook_yaml, encoding="utf-8")
    except OSError as error:
        raise BadInput("out", f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"Written to {out}. Review it, then put it into the runbooks folder of your configuration.")


def _catalogue() -> Catalogue:
    own = Settings().rai_config_dir / "runbooks"
    return load_catalogue([own] if own.is_dir() else [], targets=_targets())


def _targets() -> set[str]:
    systems = inventory.load(Settings().rai_config_dir / "systems.yaml")
    return {target.id for system in systems for target in system.rollback_targets}


def _summary(item: Definition) -> dict[str, Any]:
    runbook = item.runbook
    return {
        "id": runbook.id,
        "title": runbook.title,
        "harm_classes": list(runbook.harm_classes),
        "steps": sum(1 for _ in runbook.walk()),
        "shipped": item.shipped,
        "file": item.file,
        "hash": item.hash,
    }


def _show_step(number: str, step: Step) -> None:
    typer.echo(f"{number}. [{step.kind}] {step.title}  ({step.id}; {ROLES[step.owner]}, about {step.minutes} min)")
    for line in step.how.splitlines():
        typer.echo(f"     {line}")
    for choice in step.choices:
        typer.echo(f"     → {choice.say}: {choice.goto}")
    if step.check:
        typer.echo(f"     Check: {step.check}")
    typer.echo("")
