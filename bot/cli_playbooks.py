"""`rai-incident playbook …`: who does what per harm class, and checks. Files only: no database, no Slack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import content
from bot.output import AsJson, print_checked, print_json
from bot.settings import Settings
from incidents.errors import NotFound
from playbooks.library import Library, check_playbook
from playbooks.schema import Playbook
from runbooks.catalogue import load_catalogue

playbook_app = typer.Typer(no_args_is_help=True, help="Playbooks: who does what, per harm class.")


@playbook_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The playbook of every harm class: ours, or the organisation's own in its place."""
    playbooks = _library().playbooks
    found = [playbooks[name] for name in _in_order(playbooks)]
    if as_json:
        print_json([_summary(playbook) for playbook in found])
        return
    for playbook in found:
        typer.echo(f"{playbook.harm_class:<4} {playbook.title:<53} {', '.join(playbook.runbooks)}")


@playbook_app.command()
def show(
    harm_class: Annotated[str, typer.Argument(help="The harm class, as `playbook list` shows it: H4.")],
    as_json: AsJson = False,
) -> None:
    """One playbook: roles to fill, people to tell, runbooks in order, words to avoid."""
    playbooks = _library().playbooks
    playbook = playbooks.get(harm_class.strip().upper())
    if playbook is None:
        known = ", ".join(_in_order(playbooks))
        raise NotFound(f"There is no playbook for {harm_class!r:.40}. There is one for {known}.")
    if as_json:
        print_json(playbook.model_dump(mode="json", by_alias=True))
        return
    typer.echo(f"{playbook.title}  ({playbook.harm_class})\n\nRoles to fill:")
    for role in playbook.roles:
        typer.echo(f"  - {role.role}: {role.does}")
    typer.echo("\nWho is told:")
    for tell in playbook.tell:
        typer.echo(f"  - {tell.who}, {tell.when}: {tell.why}")
    typer.echo("\nRunbooks, best first:")
    for number, name in enumerate(playbook.runbooks, 1):
        typer.echo(f"  {number}. {name}")
    typer.echo("\nNever say:")
    for never in playbook.never_say:
        typer.echo(f"  - {never.words}. {never.because}")


@playbook_app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files; every playbook in use without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with playbooks: unknown keys, roles and runbooks, template errors; with file, line and key."""
    if files:
        faults = [fault for file in files for fault in check_playbook(file, _runbooks())]
        checked = len(files)
    else:
        library = _library()
        faults, checked = list(library.faults), len(library.playbooks)
    print_checked(faults, checked, "playbook", as_json=as_json)


def _in_order(playbooks: Mapping[str, Playbook]) -> list[str]:
    """H2 before H10."""
    return sorted(playbooks, key=lambda name: int(name[1:]))


def _runbooks() -> list[str]:
    own = Settings().rai_config_dir / "runbooks"
    return list(load_catalogue([own] if own.is_dir() else []).definitions)


def _library() -> Library:
    return content.playbooks(Settings(), _runbooks())


def _summary(playbook: Playbook) -> dict[str, Any]:
    return {
        "harm_class": playbook.harm_class,
        "title": playbook.title,
        "roles": [role.role for role in playbook.roles],
        "tell": [tell.who for tell in playbook.tell],
        "runbooks": list(playbook.runbooks),
    }
