"""`rai-incident ask`: office hours from the command line. Reads pages; changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from bot import content
from bot.output import AsJson
from bot.rule_pages import rule_pages
from bot.settings import Settings
from runbooks.catalogue import load_catalogue
from severity.errors import RaiIncidentError
from severity.officehours.answer import Answer, ask
from severity.officehours.corpus import SHIPPED, Corpus
from severity.officehours.gitcommit import commit_of
from severity.officehours.glossary import load_glossary
from severity.officehours.rendered import sections_of
from severity.officehours.search import Index
from severity.officehours.semantic import load_meaning
from severity.policy import load_policy

MAX_QUESTIONS = 100_000


def ask_command(
    question: Annotated[str | None, typer.Argument(help="The question, in quotes.")] = None,
    handbook: Annotated[
        list[Path] | None,
        typer.Option("--handbook", help="A folder of Markdown pages, and nothing but those. Repeatable."),
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", help='Questions, one {"id", "question"} a line; answers, one a line.')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question about tiering and policy from the handbook: cited, or not sure, or silent."""
    if (question is None) == (batch is None):
        raise RaiIncidentError(
            'Give one question in quotes, or --batch FILE. Example: rai-incident ask "Who may approve a waiver?"'
        )
    if question is not None and not question.strip():
        raise RaiIncidentError('The question is empty. Example: rai-incident ask "Who may approve a waiver?"')
    asked = [(None, question)] if question is not None else list(_questions(batch or Path()))
    corpus = open_corpus(handbook or [])
    for fault in corpus.faults:
        typer.echo(f"rai-incident: page refused: {fault}", err=True)
    folders = handbook or Settings().handbook_dirs
    own = [folder / "glossary.yaml" for folder in folders if (folder / "glossary.yaml").is_file()]
    index = Index(corpus.sections, load_glossary(*own), load_meaning())
    for id_, text in asked:
        start = perf_counter()
        # Whoever runs this can open the files, so every audience may be read.
        answer = ask(index, text, may_read=lambda audience: True)
        ms = round((perf_counter() - start) * 1000, 2)
        if batch is not None:
            _echo(json.dumps({"id": id_, **answer.to_json(), "ms": ms}, ensure_ascii=False))
        elif as_json:
            _echo(json.dumps({**answer.to_json(), "ms": ms}, ensure_ascii=False, indent=2))
        else:
            typer.echo("\n".join(in_words(answer)))


def _echo(line: str) -> None:
    """Print JSON. Half a surrogate pair, which JSON may hold and UTF-8 may not, stays the escape that it was."""
    typer.echo(line.encode("utf-8", "backslashreplace").decode())


def open_corpus(folders: list[Path], organisation: str = "") -> Corpus:
    """The pages in these folders and nothing else; without a folder, what the bot answers from: the handbook that is
    set up, or the shipped one, and the rules in force."""
    if folders:
        return Corpus(folders, organisation=organisation, commit_of=commit_of)
    rendered = sections_of(pages_in_force(), organisation)
    own = Settings().handbook_dirs or (SHIPPED,)
    return Corpus(own, organisation=organisation, rendered=rendered, commit_of=commit_of)


def pages_in_force() -> dict[str, str]:
    """Policy, tiers, clocks and runbooks as Markdown, by file name."""
    settings = Settings()
    own = settings.rai_config_dir / "policy.yaml"
    policy = load_policy(own if own.exists() else None)
    runbooks = settings.rai_config_dir / "runbooks"
    catalogue = load_catalogue([runbooks] if runbooks.is_dir() else [])
    return rule_pages(policy, content.tiers(settings), content.clocks(settings), catalogue)


def in_words(answer: Answer) -> Iterator[str]:
    """An answer for people, line by line."""
    if answer.verdict == "answered":
        yield answer.answer
        yield ""
        for address, heading, reviewed in dict.fromkeys((c.address, c.heading, c.reviewed) for c in answer.citations):
            yield f"  {address} ({heading}{f', reviewed {reviewed}' if reviewed else ''})"
    elif answer.verdict == "unsure":
        yield "Not sure. The closest sections:"
        for citation in answer.citations:
            yield f"  {citation.address} ({citation.heading}): “{citation.quote}”"
    else:
        yield "The handbook does not answer this. Ask a human."
    hints = {
        "declare": "If this is happening now, declare it: /rai-incident declare. Nobody minds a false alarm.",
        "tier": "A system's tier comes from the tier questions and is kept as a decision: /rai-incident tier.",
        "human": "A person on office-hours duty can answer: press “Ask a human” in Slack.",
    }
    for offer in answer.offers:
        yield hints[offer]


def _questions(file: Path) -> Iterator[tuple[Any, str]]:
    """(id, question) per line. Raises RaiIncidentError naming the line."""
    try:
        # Not splitlines: a string of JSON may hold the other characters that it takes for the end of a line.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RaiIncidentError(f"{file} cannot be read: {error}") from error
    if len(lines) > MAX_QUESTIONS:
        raise RaiIncidentError(f"{file.name} has more than {MAX_QUESTIONS:,} lines.")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RaiIncidentError(f"{file.name}:{number}: is not JSON: {error}") from error
        if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not row["question"].strip():
            raise RaiIncidentError(f'{file.name}:{number}: must be an object with "id" and "question".')
        yield row.get("id"), row["question"]
