"""The cue lexicon: YAML in `severity/lexicon/`, read strictly, compiled once. A policy lead edits it without Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from severity.errors import ContentError, Fault
from severity.loading import Document, StrictModel, check_shape, read_yaml
from severity.schema import Cue as FloorFact
from severity.suggesting.patterns import Cue, CueError, Matcher, compile_cue
from severity.suggesting.scope import ContextWords
from severity.taxonomy import HarmClassId

FOLDER = Path(__file__).parent.parent / "lexicon"

Kind = Literal["event", "mention", "entity"]
"""How a context takes a cue back. `event`: negated, avoided, only possible or invented. `mention`: negated or avoided.
`entity`: only by a negating word directly before ("no children")."""
Role = Literal["cue", "except", "unless"]
FlagKind = Literal["instruction"]


class LexiconError(ContentError):
    """The cue lexicon was refused; each fault names file, line, key and reason."""


class ConceptSpec(StrictModel):
    """One idea in words. `cues` name it, `except` are idioms that swallow a cue, `unless` silences it for a sentence.

    `always`: no context takes it back.
    """

    kind: Kind
    cues: tuple[str, ...]
    except_: tuple[str, ...] = Field(default=(), alias="except")
    unless: tuple[str, ...] = ()
    always: bool = False


class ConceptsFile(StrictModel):
    concepts: dict[str, ConceptSpec]


class WordsFile(StrictModel):
    sets: dict[str, list[str]]
    context: dict[str, list[str]]


class SuggestionsFile(StrictModel):
    floors: dict[FloorFact, list[str]]
    harm_classes: dict[HarmClassId, list[str]]
    answers: dict[str, dict[str, list[str]]]
    flags: dict[FlagKind, list[str]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a suggestion: all of `groups` found; the concepts of one group stand together in one sentence."""

    groups: tuple[frozenset[str], ...]


Ways = tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Compiled: kinds by concept, one matcher for every cue, and the ways to each suggestion."""

    kinds: Mapping[str, Kind]
    always: frozenset[str]
    matcher: Matcher[tuple[str, Role]]
    context: ContextWords
    floors: Mapping[str, Ways]
    harm_classes: Mapping[str, Ways]
    answers: Mapping[str, Mapping[str, Ways]]
    flags: Mapping[str, Ways]


@dataclass(slots=True)
class _Reader:
    """Collects the faults of all files, so one run of `check` shows every one of them."""

    faults: list[Fault] = field(default_factory=list)

    def cues(
        self,
        document: Document,
        path: tuple[str | int, ...],
        sources: tuple[str, ...] | list[str],
        sets: Mapping[str, list[str]],
    ) -> Iterator[Cue]:
        for index, source in enumerate(sources):
            try:
                yield compile_cue(source, sets)
            except CueError as error:
                self.faults.append(document.fault((*path, index), str(error)))

    def ways(
        self, document: Document, path: tuple[str | int, ...], sources: list[str], known: Mapping[str, Kind]
    ) -> Ways:
        ways = []
        for index, source in enumerate(sources):
            groups = tuple(frozenset(name.strip() for name in part.split("+")) for part in source.split("&"))
            for name in sorted(frozenset().union(*groups) - known.keys()):
                self.faults.append(document.fault((*path, index), f"no concept is called {name!r}"))
            ways.append(Way(groups))
        return tuple(ways)


def _context(reader: _Reader, document: Document, words: WordsFile) -> ContextWords:
    """The `context` section; its keys are exactly the fields of `ContextWords`."""
    names = [item.name for item in fields(ContextWords)]
    for name in sorted(set(names) ^ set(words.context)):
        reason = "is missing" if name in names else "is not a known key"
        reader.faults.append(document.fault(("context", name), reason))
    plain: dict[str, frozenset[str]] = {}
    cues: dict[str, tuple[Cue, ...]] = {}
    for name, sources in words.context.items():
        if name in ("false_friends", "after_avoided", "invented", "people"):
            cues[name] = tuple(reader.cues(document, ("context", name), _literal(name, sources), words.sets))
        else:
            plain[name] = frozenset(sources)
    if reader.faults:
        raise LexiconError(reader.faults)
    return ContextWords(
        false_friends=_matcher(cues["false_friends"]),
        after_avoided=cues["after_avoided"],
        invented=_matcher(cues["invented"]),
        people=_matcher(cues["people"]),
        **{name: plain[name] for name in names if name in plain},
    )


def _literal(name: str, sources: list[str]) -> list[str]:
    """False friends are plain words, each meant as written."""
    return (
        [" ".join(f"={word}" for word in source.split()) for source in sources] if name == "false_friends" else sources
    )


def _matcher(cues: tuple[Cue, ...]) -> Matcher[None]:
    matcher: Matcher[None] = Matcher()
    for cue in cues:
        matcher.add(cue, None)
    return matcher


def read_lexicon(folder: Path = FOLDER) -> Lexicon:
    """Read and compile the lexicon in `folder`. Raises ContentError or LexiconError naming every fault."""
    reader = _Reader()
    words_document = read_yaml(folder / "words.yaml")
    words = check_shape(words_document, WordsFile)
    context = _context(reader, words_document, words)
    kinds: dict[str, Kind] = {}
    always: set[str] = set()
    matcher: Matcher[tuple[str, Role]] = Matcher()
    for path in sorted(folder.glob("*.yaml")):
        if path.name in ("words.yaml", "suggestions.yaml"):
            continue
        document = read_yaml(path)
        for name, concept in check_shape(document, ConceptsFile).concepts.items():
            if name in kinds:
                reader.faults.append(document.fault(("concepts", name), "is defined in two files"))
            kinds[name] = concept.kind
            if concept.always:
                always.add(name)
            roles: tuple[tuple[Role, str, tuple[str, ...]], ...] = (
                ("cue", "cues", concept.cues),
                ("except", "except", concept.except_),
                ("unless", "unless", concept.unless),
            )
            for role, key, sources in roles:
                for cue in reader.cues(document, ("concepts", name, key), sources, words.sets):
                    matcher.add(cue, (name, role))
    document = read_yaml(folder / "suggestions.yaml")
    spec = check_shape(document, SuggestionsFile)
    lexicon = Lexicon(
        kinds=kinds,
        always=frozenset(always),
        matcher=matcher,
        context=context,
        floors={k: reader.ways(document, ("floors", k), v, kinds) for k, v in spec.floors.items()},
        harm_classes={k: reader.ways(document, ("harm_classes", k), v, kinds) for k, v in spec.harm_classes.items()},
        answers={
            fact: {k: reader.ways(document, ("answers", fact, k), v, kinds) for k, v in by_answer.items()}
            for fact, by_answer in spec.answers.items()
        },
        flags={k: reader.ways(document, ("flags", k), v, kinds) for k, v in spec.flags.items()},
    )
    if reader.faults:
        raise LexiconError(reader.faults)
    return lexicon


@lru_cache(maxsize=1)
def shipped_lexicon() -> Lexicon:
    """The lexicon that ships beside this package, compiled at first use."""
    return read_lexicon()
