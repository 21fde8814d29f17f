"""`rai-incident scenario …`: tabletop scenarios to list, read, check, make from something else, and take elsewhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from bot import content
from bot.cli_severity import policy_on_file
from bot.output import AsJson, print_checked, print_json
from bot.settings import Settings
from incidents.errors import BadInput
from playbooks import msel, proposals
from playbooks.imports.made import Made
from playbooks.scenario import Scenario
from playbooks.scenario_check import Checked, Known, check_scenario
from runbooks.catalogue import load_catalogue
from severity.errors import ContentError, Fault
from severity.loading import read_text

scenario_app = typer.Typer(no_args_is_help=True, help="Tabletop scenarios: what the team rehearses.")

ScenarioId = Annotated[str, typer.Argument(help="The scenario's id, as `scenario list` shows it.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the file here instead of printing it.")]
Short = Annotated[bool, typer.Option("--short", help="The short variant.")]


class Format(StrEnum):
    """Where a scenario can come from."""

    ATLAS = "atlas"
    ICEBERG = "iceberg"
    T3SF = "t3sf"
    CSV = "csv"


@scenario_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The scenarios that can be run: ours, and the organisation's own."""
    library = content.scenarios(Settings())
    found = sorted(library.scenarios.values(), key=lambda item: item.id)
    if as_json:
        print_json([_summary(item) for item in found])
        return
    for item in found:
        short = f"/{item.short.minutes}" if item.short else ""
        minutes = f"{item.minutes}{short} min"
        typer.echo(f"{item.id:<38} {', '.join(item.harm_classes):<8} {minutes:<10} {item.title}")
    for name in dict.fromkeys(fault.file for fault in library.faults):
        typer.echo(f"{name} was refused; `rai-incident scenario check` says why.", err=True)


@scenario_app.command()
def show(scenario_id: ScenarioId, short: Short = False, as_json: AsJson = False) -> None:
    """One scenario with its list of injects. It tells the ground truth: for facilitators, not for players."""
    scenario = _variant(scenario_id, short)
    if as_json:
        print_json({**_summary(scenario), "definition": scenario.model_dump(mode="json", by_alias=True)})
        return
    from bot.scenario_page import show as show_  # rich, which only this command needs

    show_(scenario)


@scenario_app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files; the whole library without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong: circles, injects that can never come, unknown names, impossible times."""
    settings = Settings()
    known = _known(settings)
    if files:
        results = [check_scenario(file, known) for file in files]
    else:
        library = content.scenarios(settings)
        results = [check_scenario(path, known) for path in library.files.values()]
        results.append(Checked(faults=tuple(library.faults)))
    faults = [fault for result in results for fault in result.faults]
    warnings = [fault for result in results for fault in result.warnings]
    count = len(files) if files else len(results) - 1
    print_checked(faults, count, "scenario", as_json=as_json, warnings=warnings)


@scenario_app.command()
def export(
    scenario_id: ScenarioId,
    as_csv: Annotated[bool, typer.Option("--csv", help="The list of injects (MSEL) as CSV.")] = False,
    short: Short = False,
    out: Out = None,
) -> None:
    """A scenario for another tool: its YAML, or its list of injects as CSV."""
    if as_csv:
        _write(msel.as_csv(_variant(scenario_id, short)), out)
        return
    if short:
        raise typer.BadParameter("--short goes with --csv: the YAML holds both variants")
    library = content.scenarios(Settings())
    library.require(scenario_id)
    _write(library.files[scenario_id].read_text(encoding="utf-8-sig"), out)


@scenario_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The file to read.")],
    atlas: Annotated[bool, typer.Option("--atlas", help="A MITRE ATLAS case study (YAML).")] = False,
    iceberg: Annotated[bool, typer.Option("--iceberg", help="An IcebergTTX 1.0 scenario (JSON).")] = False,
    t3sf: Annotated[bool, typer.Option("--t3sf", help="A T3SF list of injects (JSON).")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table with a header: minute, from, to, text.")] = False,
    title: Annotated[str | None, typer.Option(help="Title of a T3SF or CSV list; the file's name without.")] = None,
    out: Out = None,
) -> None:
    """Turn a file of another kind into a scenario, or say why not. Nothing is fetched, nothing is installed."""
    from playbooks.imports.atlas import from_atlas
    from playbooks.imports.iceberg import from_iceberg
    from playbooks.imports.table import from_csv, from_t3sf

    chosen = [kind for kind, on in zip(Format, (atlas, iceberg, t3sf, as_csv), strict=True) if on]
    if len(chosen) != 1:
        raise typer.BadParameter("say what the file is: --atlas, --iceberg, --t3sf or --csv")
    text, known = read_text(file), _known(Settings())
    name = title or file.stem.replace("_", " ").replace("-", " ")
    match chosen[0]:
        case Format.ATLAS:
            found = from_atlas(text, file.name, known)
        case Format.ICEBERG:
            found = from_iceberg(text, file.name, known)
        case Format.T3SF:
            found = from_t3sf(text, file.name, name, known)
        case Format.CSV:
            found = from_csv(text, name, known)
    _hand_over(found, file.name, out)


@scenario_app.command()
def draft(
    harm_class: Annotated[str, typer.Argument(help="H1 to H10; `rai-incident severity` knows what they mean.")],
    system: Annotated[str, typer.Option(help="Name of the AI system the draft speaks of.")] = "the assistant",
    out: Out = None,
) -> None:
    """A first draft for a harm class, from the written grammar of inject patterns. No model needed."""
    from playbooks.drafting import draft as draft_

    try:
        found = draft_(harm_class.upper(), system, _known(Settings()))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _hand_over(found, harm_class, out)


@scenario_app.command("from-incident")
def from_incident(
    number: Annotated[str, typer.Argument(help="A resolved or closed incident, like INC-7.")], out: Out = None
) -> None:
    """A scenario from a closed incident: people as roles, data replaced, truth kept. Read it before you share it."""
    from bot.reading import find_incident, reading_record
    from playbooks.imports.incident import from_incident as make

    settings = Settings()
    with reading_record(settings) as session:
        found = make(session, find_incident(session, number), _known(settings))
    _hand_over(found, number, out)


@scenario_app.command()
def propose(file: Annotated[Path, typer.Argument(help="A scenario; proposals are added to it, marked.")]) -> None:
    """Let the language model propose injects. Each stays marked, and `check` warns of it, until `accept`."""
    settings = Settings()
    found = proposals.propose(read_text(file), _ask(settings), _known(settings))
    if found.text is None:
        _refuse(found, file.name)
        return
    _replace(file, found.text)
    typer.echo(f"{file.name}: proposals added. Read each one, then accept it or take it out.")


@scenario_app.command()
def accept(
    file: Annotated[Path, typer.Argument(help="The scenario.")],
    inject: Annotated[str, typer.Option("--inject", help="Id of the proposed inject.")],
) -> None:
    """Accept one proposed inject: its mark goes."""
    _replace(file, proposals.accept(read_text(file), inject))
    typer.echo(f"{file.name}: {inject} is accepted.")


def _known(settings: Settings) -> Known:
    """Names of other rooms that a scenario may use, as this organisation has them."""
    own = settings.rai_config_dir / "runbooks"
    return Known(
        runbooks=frozenset(load_catalogue([own] if own.is_dir() else []).definitions),
        clocks=frozenset(clock.id for clock in content.clocks(settings)),
        policy=policy_on_file(None),
    )


def _ask(settings: Settings) -> proposals.Ask:
    """The language model within its time limit and today's allowance. Raises BadInput where none is configured."""
    from bot.language_model import language_model
    from incidents import budgets
    from incidents.db import make_engine, writing
    from integrations.model import Unavailable

    model = language_model(settings)
    if model is None:
        raise BadInput("model", "No language model is configured. `rai-incident scenario draft` needs none.")
    engine = make_engine(settings.database_url)

    def spend() -> bool:
        with writing(engine) as session:
            return budgets.spend(session, "language model", settings.llm_daily_calls)

    def ask(form: type[BaseModel], asked: str, text: str) -> BaseModel | str:
        answer = model.structured(form, asked, text, timeout=settings.llm_timeout_seconds, budget=spend)
        return answer.reason if isinstance(answer, Unavailable) else answer

    return ask


def _variant(scenario_id: str, short: bool) -> Scenario:
    scenario = content.scenarios(Settings()).require(scenario_id)
    if not short:
        return scenario
    if scenario.short is None:
        raise typer.BadParameter(f"{scenario_id} has no short variant")
    return scenario.shortened()


def _summary(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.title,
        "version": scenario.version,
        "minutes": scenario.minutes,
        "short_minutes": scenario.short.minutes if scenario.short else None,
        "harm_classes": scenario.harm_classes,
        "tier": scenario.tier,
        "roles": [role.id for role in scenario.roles],
        "injects": len(scenario.injects),
        "actions": len(scenario.actions),
    }


def _hand_over(found: Made, name: str, out: Path | None) -> None:
    if found.text is None:
        _refuse(found, name)
        return
    for line in found.assumed:
        typer.echo(f"assumed: {line}", err=True)
    _write(found.text, out)


def _refuse(found: Made, name: str) -> None:
    raise ContentError([Fault(name, 1, "", f"{reason}. Nothing was written.") for reason in found.refusals])


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput("out", f"{out} is there already. Nothing was written.") from None
    except OSError as error:
        raise BadInput("out", f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"Written to {out}.", err=True)


def _replace(file: Path, text: str) -> None:
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
