"""What must not be published: false citations, numbers from nowhere, altered quotes, blame, personal data.

The rule behind all of it: words of the record stand in curly quotes, code or the timeline table, and there they must be
verbatim; everything else is the author's prose, and its numbers must follow from the record (abuse case 25).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from integrations.redact import find
from postmortems.answers import questions
from postmortems.blame import blames
from postmortems.draft import CITATION, TEMPLATES, headline, sources, timeline_row
from postmortems.numbers import Held, foreign, held_by
from postmortems.record import Record
from postmortems.text import plain, shorten, unescape

_QUOTE = re.compile(r"“([^“”]*)”")
_CODE = re.compile(r"`([^`\n]*)`")
_BRACKETED = re.compile(r"(?<!\\)\[([^\]\n]{1,60})\](?!\()")
_FOREIGN_INCIDENT = re.compile(r"\bINC-\d+\b", re.IGNORECASE)
_LINK = re.compile(
    r"!?(?<!\\)\[[^\]\n]{0,300}\]\([^)\n]{0,600}\)|\b[a-z][a-z0-9+.-]{0,15}://[^\s>)]{1,600}|\bwww\.\S{1,300}"
    r"|<[!@#/]?[a-z][^>\n]{0,600}>",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[^\s])")
_LIST_MARK = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Fault:
    """One reason not to publish. `sentence` is as it stands in the body, `line` counts from 1.

    `kind`: citation, foreign_incident, number, quote, link, blame, person, personal_data or timeline.
    """

    kind: str
    line: int
    sentence: str
    why: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.why}. The sentence: “{shorten(self.sentence, 300)}”"


def check(body: str, record: Record) -> list[Fault]:
    """Every fault of a body against its record, in reading order. Empty means that it may be published."""
    words = words_of(record)
    held = held_by(record, words)
    known = sources(record)
    rows = {str(timeline_row(record, entry)) for entry in record.entries}
    urls = {
        url for url in (*(entry.source_url for entry in record.entries), *(link[2] for link in record.links)) if url
    }
    names = _names(record)
    faults: list[Fault] = []
    section = ""
    for number, line in enumerate(body.splitlines(), start=1):
        if line.startswith("#"):
            section = line.lstrip("# ").strip().lower()
            if line == headline(record):
                continue
        if line in rows:
            continue
        if section == "timeline" and line.startswith("|") and CITATION.search(line):
            faults.append(Fault("timeline", number, line, "this row is not what the record's timeline says"))
        for sentence in _sentences(line):
            for kind, why in (
                *_citations(sentence, known),
                *_incidents(sentence, record, words),
                *_links(sentence, urls),
                *_verbatim(sentence, words),
                *_personal(sentence),
            ):
                faults.append(Fault(kind, number, sentence, why))
            prose = _prose(sentence, words, urls)
            faults.extend(Fault(kind, number, sentence, why) for kind, why in _own_words(prose, held, names))
    return faults


def words_of(record: Record) -> str:
    """All text of a record as a draft may repeat it: cleaned, people by role, one line per text."""
    texts: list[str] = [record.title, record.description, record.system or "", record.kind, record.status]
    texts += [record.number, record.severity, *record.harm_classes]
    texts += ["" if record.tier is None else str(record.tier)]
    for entry in record.entries:
        texts += [entry.kind, entry.text, *_leaves(dict(entry.data))]
    for stamp in record.stamps:
        texts += [stamp.name, stamp.source]
    for one in record.assessments:
        texts += [one.severity, one.computed_severity, one.rule, one.because, one.floor or "", one.policy_hash]
        texts += [one.override_reason or "", *_leaves(dict(one.answers))]
    for todo in record.actions:
        texts += [todo.title, todo.evidence or "", todo.type, todo.priority, todo.state]
    return "\n".join(plain(record.by_role(text)) for text in texts if text)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)


def _sentences(line: str) -> Iterator[str]:
    """The sentences of a line; a full stop inside a quote ends none."""
    line = _LIST_MARK.sub("", line.removeprefix("> ")).strip()
    hidden = _QUOTE.sub(lambda match: match.group().replace(" ", "\x00"), line)
    for sentence in _SENTENCE.split(hidden):
        if sentence.strip():
            yield sentence.replace("\x00", " ").strip()


def _citations(sentence: str, known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    outside = _QUOTE.sub("", _CODE.sub("", sentence))
    for match in _BRACKETED.finditer(outside):
        if match[1] not in known:
            yield "citation", f"[{match[1]}] is not in this incident's record"


def _incidents(sentence: str, record: Record, words: str) -> Iterator[tuple[str, str]]:
    for match in _FOREIGN_INCIDENT.finditer(_BRACKETED.sub("", _QUOTE.sub("", sentence))):
        name = match.group().upper()
        if name != record.number and re.search(rf"\b{name}\b", words, re.IGNORECASE) is None:
            yield "foreign_incident", f"{name} is another incident, and this record does not mention it"


def _links(sentence: str, urls: set[str]) -> Iterator[tuple[str, str]]:
    for match in _LINK.finditer(_CODE.sub("", sentence)):
        found = match.group().strip("<>")
        if found not in urls and not re.fullmatch(r"hxxps?://.*", found):
            yield "link", f"{found[:80]} is not a link or markup that the record gives"


def _verbatim(sentence: str, words: str) -> Iterator[tuple[str, str]]:
    for match in _QUOTE.finditer(sentence):
        if not _said(unescape(match[1]), words) and match[1] != "curly quotes":
            yield "quote", f"“{match[1][:80]}” is not what the record says word for word"
    for match in _CODE.finditer(_QUOTE.sub("", sentence)):
        if not _stands(match[1], words) and match[1] != "[T…]":
            yield "quote", f"`{match[1][:80]}` does not stand in the record"


def _said(quoted: str, words: str) -> bool:
    quoted = quoted.strip()
    return any(quoted.removesuffix(cut) and _within(quoted.removesuffix(cut), words, cut != "") for cut in ("", "…"))


def _within(piece: str, words: str, cut: bool) -> bool:
    right = "" if cut else r"(?!\w)"
    return re.search(rf"(?<!\w){re.escape(piece)}{right}", words) is not None


def _stands(value: str, words: str) -> bool:
    """A value stands whole in the record; of a hash the first characters do."""
    hashlike = re.fullmatch(r"[0-9a-f]{8,64}", value) is not None
    whole = value.removesuffix("…")
    return _within(whole, words, hashlike or whole != value)


def _personal(sentence: str) -> Iterator[tuple[str, str]]:
    for hit in find(unescape(sentence)):
        yield "personal_data", f"this looks like personal data or a secret ({hit.kind})"


def _prose(sentence: str, words: str, urls: set[str]) -> str:
    """The sentence without what is quoted from the record, its links and its citations."""
    for url in sorted(urls, key=len, reverse=True):
        sentence = sentence.replace(f"<{url}>", " ")
    sentence = _QUOTE.sub(lambda match: " quoted " if _said(unescape(match[1]), words) else match[1], sentence)
    sentence = _CODE.sub(lambda match: " value " if _stands(match[1], words) else match[1], sentence)
    return unescape(_BRACKETED.sub(" ", sentence))


def _own_words(prose: str, held: Held, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    for why in foreign(_FOREIGN_INCIDENT.sub(" ", prose), held):
        yield "number", why
    judged = blames(prose)
    if judged:
        yield "blame", f"“{judged}” judges a person; say what made it easy to happen instead"
    for name in names:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", prose):
            yield "person", f"{name} is named outside the timeline table; use the role"


def _names(record: Record) -> frozenset[str]:
    """Ids and shown names of the people in the record.

    A shown name made of nothing but lower-case words and words of our templates ("Communications") names no one.
    """
    ids = {record.reporter, *(entry.actor for entry in record.entries), *(held.user for held in record.roles)}
    ids = {user for user in ids | set(record.people) if record.role(user) != user}
    ours = _template_words()
    shown = {
        name.strip()
        for name in record.people.values()
        if any(word != word.lower() and word.lower() not in ours for word in _WORD.findall(name))
    }
    return frozenset(ids | shown)


@cache
def _template_words() -> frozenset[str]:
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.j2")))
    said = " ".join(f"{question.ask} {question.who}" for question in questions().values())
    return frozenset(word.lower() for word in _WORD.findall(f"{text} {said}"))
