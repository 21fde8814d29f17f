"""`rai-incident digest`, `exposure`, `import`: the numbers, their denominator, and something to count."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bot.output import AsJson, print_json
from bot.settings import Settings

digest_app = typer.Typer(no_args_is_help=True, help="The digest: what changed, and what needs a decision.")
exposure_app = typer.Typer(no_args_is_help=True, help="How much each AI system is used: the denominator of rates.")
import_app = typer.Typer(no_args_is_help=True, help="Bring incidents in from elsewhere.")

LABELS = "classifications_CSETv1.csv"


@digest_app.callback()
def about_digest() -> None:
    """The digest: what changed, and what needs a decision."""


@digest_app.command("preview")
def preview(
    first: Annotated[str | None, typer.Option("--from", help="First day, included, like 2026-11-09.")] = None,
    after: Annotated[str | None, typer.Option("--to", help="Day after the last: it is excluded.")] = None,
    zone: Annotated[str, typer.Option(help="Whose days, like Europe/Berlin.")] = "UTC",
    system: Annotated[list[str] | None, typer.Option(help="Only this AI system; may be given again.")] = None,
    harm_class: Annotated[list[str] | None, typer.Option(help="Only this harm class; may be given again.")] = None,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="As the whole organisation may read it.")
    ] = False,
    as_json: AsJson = False,
    png: Annotated[Path | None, typer.Option("--png", help="Write the charts as a picture.")] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write the leadership's version; hides small numbers.")
    ] = None,
    md: Annotated[bool, typer.Option("--md", help="As Markdown, which is what is printed anyway.")] = False,
) -> None:
    """A digest of any days; the last seven whole days if none are named."""
    from bot.digest import preview as previews
    from bot.digest.markdown import to_markdown
    from bot.digest.value import to_json

    period = previews.period_of(_day("--from", first), _day("--to", after), zone)
    audience = previews.audience_of(organisation or pdf is not None)
    digest = previews.digest_of(Settings(), period, audience, tuple(system or ()), tuple(harm_class or ()))
    if png is not None:
        _write(png, previews.picture(digest))
    if pdf is not None:
        _write(pdf, previews.report(digest))
    if as_json:
        print_json(to_json(digest))
    elif md or (png is None and pdf is None):
        typer.echo(to_markdown(digest), nl=False)


@exposure_app.callback()
def about_exposure() -> None:
    """How much each AI system is used: the denominator of rates."""


@exposure_app.command("import")
def exposure_import(file: Path, as_json: AsJson = False) -> None:
    """Read a CSV file with the columns system, day, requests; a fault changes nothing."""
    from incidents import exposure
    from incidents.db import make_engine, require_head, writing

    engine = make_engine(Settings().database_url)
    require_head(engine)
    text = _text(file)
    with writing(engine) as session:
        readings = exposure.read_csv(text, file.name, exposure.known_systems(session))
        count = exposure.store(session, readings, "csv")
    if as_json:
        print_json({"file": file.name, "rows": count})
    else:
        typer.echo(f"{file.name}: {count:,} days of requests are in the record.")


@import_app.callback()
def about_import() -> None:
    """Bring incidents in from elsewhere."""


@import_app.command("aiid")
def import_aiid(
    file: Annotated[Path, typer.Argument(help="incidents.csv of a snapshot; the labels beside it are read too.")],
    as_incidents: Annotated[
        bool, typer.Option("--as-incidents", help="Yes: as closed incidents of this record.")
    ] = False,
    team: Annotated[
        str, typer.Option(help="Slack workspace that sees them; else only this command line.")
    ] = "IMPORTED",
    as_json: AsJson = False,
) -> None:
    """Load an AI Incident Database snapshot as closed incidents into an empty database; into any other, nothing."""
    from incidents import archive
    from incidents.db import make_engine, require_head, writing
    from severity.policy import load_policy

    if not as_incidents:
        raise typer.BadParameter(
            "say --as-incidents: the archive becomes closed incidents, and every number counts them"
        )
    labels = file.with_name(LABELS)
    entries = archive.read(_text(file), _text(labels) if labels.is_file() else None, file.name)
    engine = make_engine(Settings().database_url)
    require_head(engine)
    with writing(engine) as session:
        count = archive.load(session, entries, load_policy(), team)
    labelled = sum(bool(entry.labels) for entry in entries)
    if as_json:
        print_json({"file": file.name, "incidents": count, "labelled": labelled})
    else:
        typer.echo(
            f"{file.name}: {count:,} closed incidents, {labelled:,} of them labelled by people (CSET v1). Severity and "
            "harm classes are suggestions; only days are known."
        )


def _day(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{name}: {text!r:.40} is no day; a day looks like 2026-11-09") from None


def _text(file: Path) -> str:
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {file.name}")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file.name} is not UTF-8 (byte {error.start})") from None


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"{file.name} cannot be written: {error.strerror}") from None
    typer.echo(f"{file.name}: {len(content):,} bytes", err=True)
