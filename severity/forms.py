"""What an authority's form asks, filled from an incident's record, with every gap named. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StrictBool, StringConstraints

from severity.errors import ContentError, Fault, RaiIncidentError
from severity.loading import Document, StrictModel, check_shape, read_yaml

SHIPPED = Path(__file__).with_name("forms.yaml")

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Mark = Literal["primary", "secondary", "unverified", "derived"]
Value = str | list[str]

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&!])")
_LIST_MARK = re.compile(r"^(\s*\d*)([-+=.)])")


class UnfitValue(RaiIncidentError):
    """A record holds a value that no form can show."""


class Ask(StrictModel):
    """One thing a form asks. `key` is the record's key that answers it; `mark` says how well we know the question."""

    id: Id
    section: Words
    title: Words
    key: Id
    mandatory: StrictBool
    mark: Mark
    one_of: tuple[Words, ...] = ()


class Form(StrictModel):
    """A form: where it comes from, and what it asks, in its order."""

    title: Words
    source: Words
    mark: Mark
    asks: Annotated[tuple[Ask, ...], Field(min_length=1)]


class FormFile(StrictModel):
    """forms.yaml as a whole: the keys a record may hold, with their meaning, and the forms."""

    notice: Annotated[str, StringConstraints(pattern=r"^Not legal advice\b")]
    record: dict[Id, Words]
    forms: Annotated[dict[Id, Form], Field(min_length=1)]


class FilledField(NamedTuple):
    """One field of a filled form; `value` is None for a gap."""

    id: str
    title: str
    mandatory: bool
    value: Value | None


class Gap(NamedTuple):
    """What a form asks and the record does not answer, and why."""

    id: str
    title: str
    mandatory: bool
    why: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A form filled from a record."""

    form: Form
    fields: tuple[FilledField, ...]
    gaps: tuple[Gap, ...]
    notice: str

    @property
    def mandatory_gaps(self) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.gaps if gap.mandatory)

    def as_data(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "form": self.form.title,
            "source": self.form.source,
            "source_mark": self.form.mark,
            "notice": self.notice,
            "fields": [
                {**field._asdict(), "section": ask.section, "mark": ask.mark}
                for field, ask in zip(self.fields, self.form.asks, strict=True)
            ],
            "gaps": [gap._asdict() for gap in self.gaps],
        }

    def as_json(self) -> str:
        return json.dumps(self.as_data(), ensure_ascii=False, indent=2) + "\n"

    def as_markdown(self) -> str:
        """For people. Values are quoted and escaped: text of a record never becomes markup."""
        missing = {gap.id: gap for gap in self.gaps}
        lines = [f"# {self.form.title}", "", f"{self.notice}", "", f"Source: {self.form.source} ({self.form.mark})."]
        rows = zip(self.fields, self.form.asks, strict=True)
        for section, group in groupby(rows, key=lambda row: row[1].section):
            lines += ["", f"## {section}"]
            for field, ask in group:
                need = "mandatory" if field.mandatory else "optional"
                doubt = "; field known from a single account" if ask.mark == "unverified" else ""
                lines += ["", f"**{field.id}. {field.title}** ({need}{doubt})", ""]
                lines += [f"> GAP: {missing[field.id].why}"] if field.value is None else _quoted(field.value)
        lines += ["", "## Gaps", ""]
        lines += [f"- {gap.title} ({'mandatory' if gap.mandatory else 'optional'}): {gap.why}" for gap in self.gaps]
        if not self.gaps:
            lines.append("None.")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms that can be filled, and the keys of a record that they read."""

    notice: str
    keys: Mapping[str, str]
    forms: Mapping[str, Form]

    def fill(self, form_id: str, record: Mapping[str, Any]) -> Filled:
        """Fill one form ("oecd", "aia-73"). Absent, null and empty values are gaps; other keys are ignored.

        Values: text, numbers, true/false, aware times, dates, or lists of these. Raises UnfitValue for others and for
        a form that does not exist.
        """
        if form_id not in self.forms:
            raise UnfitValue(f"No form is called {form_id!r}. There are: {', '.join(self.forms)}.")
        form = self.forms[form_id]
        fields, gaps = [], []
        for ask in form.asks:
            value = _shown(ask.key, record.get(ask.key))
            why = "the record has no answer" if not value else None
            if value and ask.one_of and value not in ask.one_of:
                why = f"“{_flat(value)}” is not one of: {', '.join(ask.one_of)}"
            if why is not None:
                gaps.append(Gap(ask.id, ask.title, ask.mandatory, why))
            fields.append(FilledField(ask.id, ask.title, ask.mandatory, None if why else value))
        return Filled(form, tuple(fields), tuple(gaps), self.notice)


def load_forms(path: Path | None = None) -> Forms:
    """Read the forms. Raises ContentError with file, line, key and reason for every fault."""
    document = read_yaml(path or SHIPPED)
    rows = check_shape(document, FormFile)
    if found := _faults(document, rows):
        raise ContentError(found)
    return Forms(rows.notice, rows.record, rows.forms)


def _faults(document: Document, rows: FormFile) -> list[Fault]:
    found = []
    used = set()
    for name, form in rows.forms.items():
        seen: set[str] = set()
        for number, ask in enumerate(form.asks):
            at = ("forms", name, "asks", number)
            if ask.id in seen:
                found.append(document.fault((*at, "id"), f"{ask.id!r} is already taken in this form"))
            seen.add(ask.id)
            used.add(ask.key)
            if ask.key not in rows.record:
                found.append(document.fault((*at, "key"), f"{ask.key!r} is not a key of the record"))
    for key in rows.record:
        if key not in used:
            found.append(document.fault(("record", key), "no form asks for it"))
    return found


def _shown(key: str, value: Any) -> Value | None:
    """A record's value as text or a list of texts; None where there is nothing."""
    if isinstance(value, list | tuple):
        return [text for text in (_text(key, each) for each in value) if text]
    return _text(key, value)


def _text(key: str, value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case str():
            return value.strip()
        case int() | float():
            return str(value)
        case datetime() if value.tzinfo is None:
            raise UnfitValue(f"The time in {key!r} has no UTC offset.")
        case date():  # a datetime is one too
            return value.isoformat()
        case _:
            raise UnfitValue(f"The value of {key!r} is a {type(value).__name__}, which a form cannot show.")


def _quoted(value: Value) -> list[str]:
    if isinstance(value, list):
        return [f"> - {_escaped(_flat(each))}" for each in value]
    return [f"> {_escaped(line)}".rstrip() for line in value.splitlines()]


def _flat(value: Value) -> str:
    return " ".join((value if isinstance(value, str) else "; ".join(value)).split())


def _escaped(text: str) -> str:
    """Markdown and HTML as plain words, also where a line starts like a list."""
    text = _MARKUP.sub(r"\\\1", text)
    return _LIST_MARK.sub(r"\1\\\2", text)
