"""A postmortem draft from the record alone: same record, same bytes; where the record is silent the draft says so.

The words are in `templates/`; here is only what they may say. Every value a template prints is escaped unless it is
`Md`, so text of people cannot become markup by forgetting something.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from postmortems import derive
from postmortems.answers import Question, questions
from postmortems.record import Entry, Record
from postmortems.text import Md, code, duration, escape, moment, plain, quote, shorten
from severity.taxonomy import harm_classes

CITATION = re.compile(r"(?<!\\)\[([TAMP])(\d{1,9})\]")
TEMPLATES = Path(__file__).parent / "templates"
TITLE_LIMIT = 150
NAME_LIMIT = 80
ROW_LIMIT = 400  # characters of one timeline row's text


@dataclass(frozen=True)
class Citation:
    """One place in the record that the draft rests on. `what` is a short description, `url` our source link."""

    ref: str
    what: str
    at: datetime | None
    url: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "ref": self.ref,
            "what": self.what,
            "at": self.at.isoformat() if self.at else None,
            "url": self.url,
        }


@dataclass(frozen=True)
class Draft:
    """A finished draft: Markdown, what it cites, and what the record does not say."""

    title: str
    body: str
    citations: tuple[Citation, ...]
    gaps: tuple[Question, ...]


def draft(record: Record) -> Draft:
    """Write the draft of one record. Pure."""
    voice = _Voice(record)
    body = voice.render("postmortem.md.j2")
    citations = cited(body, record)
    body += voice.render("citations.md.j2", citations=citations)
    return Draft(f"Postmortem {record.number}: {plain(record.title)}", body, citations, tuple(voice.gaps.values()))


def sources(record: Record) -> dict[str, Citation]:
    """Everything of a record that can be cited, by reference."""
    found = {entry.ref: Citation(entry.ref, entry.kind, entry.at, entry.source_url) for entry in record.entries}
    for stamp in record.stamps:
        state = ", superseded" if stamp.superseded else ""
        what = f"milestone {stamp.name} (source: {stamp.source}{state})"
        found[stamp.ref] = Citation(stamp.ref, what, stamp.at, None)
    for one in record.assessments:
        found[one.ref] = Citation(one.ref, f"assessment {one.severity} ({one.state})", one.at, None)
    for todo in record.actions:
        found[todo.ref] = Citation(todo.ref, f"action ({todo.type})", None, None)
    return found


def cited(body: str, record: Record) -> tuple[Citation, ...]:
    """What a body cites of its record, each once, in the order T, M, A, P and by number."""
    refs = {f"{match[1]}{match[2]}" for match in CITATION.finditer(body)}
    known = sources(record)
    return tuple(
        known[ref] for ref in sorted(refs & known.keys(), key=lambda ref: ("TMAP".index(ref[0]), int(ref[1:])))
    )


def headline(record: Record) -> Md:
    """The first line of a draft."""
    return Md(f"# Postmortem {record.number}: {quote(record.by_role(record.title), TITLE_LIMIT)}")


def timeline_row(record: Record, entry: Entry) -> Md:
    """One row of the timeline table. The check demands that rows are exactly these."""
    name = shorten(plain(record.people.get(entry.actor, entry.actor)), NAME_LIMIT)
    role = record.role(entry.actor, entry.at)
    who = name if role == entry.actor else f"{name} ({role})"
    text = escape(shorten(plain(record.by_name(entry.text)), ROW_LIMIT))
    return Md(f"| [{entry.ref}] | {moment(entry.at)} | {escape(who)} | {escape(plain(entry.kind))} | {text} |")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701  Markdown, not HTML; `finalize` escapes
        finalize=lambda value: value if isinstance(value, Md) else escape(plain(str(value))),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class _Voice:
    """What the templates call. It remembers the gaps it was asked about, in order."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.gaps: dict[str, Question] = {}

    def render(self, template: str, **more: Any) -> str:
        text = _environment().get_template(template).render(**self._words(), **more)
        return re.sub(r"\n{3,}", "\n\n", text)

    def _words(self) -> Mapping[str, Any]:
        record = self.record
        return {
            "record": record,
            "headline": headline(record),
            "metrics": derive.metrics(record),
            "metric": {metric.name: metric for metric in derive.metrics(record)},
            "changes": derive.changes(record),
            "components": derive.COMPONENTS,
            "steps": derive.steps(record),
            "unreviewed": derive.unreviewed(record),
            "late_updates": derive.late_updates(record),
            "decided": derive.decided(record),
            "first_severity": derive.first_severity(record),
            "unsure": derive.unsure(record),
            "harm": _harm,
            "counts": derive.counts(record),
            "quote": lambda text, limit=600: quote(record.by_role(text), limit),
            "code": lambda value: code(record.by_role(str(value))),
            "moment": moment,
            "duration": duration,
            "cite": lambda *refs: Md("".join(f" [{ref}]" for ref in refs)),
            "mark": lambda ref: Md(f"[{ref}]"),
            "link": lambda url: Md(f"<{url}>") if _ours(url) else code(url),
            "who": self._who,
            "row": lambda entry: timeline_row(record, entry),
            "gap": self._gap,
            "answered": self._answered,
            "answer": self._answer,
            "gaps": self.gaps,
        }

    def _who(self, user: str, at: datetime | None = None) -> str:
        role = self.record.role(user, at)
        if role == user:
            return "the bot" if user in ("rollback", "policy", "clock") else user
        return f"a {role}" if role == "responder" else f"the {role}"

    def _gap(self, question: str) -> Md:
        """Say that the record is silent and who could know; the question joins the open ones."""
        found = self.gaps.setdefault(question, questions()[question])
        return Md(f"Not recorded. Ask {found.who}.")

    def _answered(self, question: str) -> bool:
        return bool(derive.answers(self.record, question))

    def _answer(self, question: str) -> Md:
        """The recorded answers, each cited; or the gap."""
        said = derive.answers(self.record, question)
        if not said:
            return self._gap(question)
        return Md("; ".join(f"{quote(self.record.by_role(entry.text))} [{entry.ref}]" for entry in said))


def _harm(harm_class: str) -> Md:
    known = harm_classes().get(harm_class)
    return Md(f"{code(harm_class)} {escape(known.title)}") if known else code(harm_class)


def _ours(url: str) -> bool:
    """A link of ours: https, or http on this machine for the sandbox; nothing that could end the Markdown link."""
    return re.fullmatch(r"(?:https://|http://(?:127\.0\.0\.1|localhost)[:/])[\w./:?=&%#~+-]{1,480}", url) is not None
