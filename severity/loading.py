"""One strict reader for every YAML file people edit: policy, clocks, tiers, systems, runbooks, scenarios.

Plain values only, built from the parser's events: no tags, anchors, aliases or merge keys (so nothing can expand or
construct), no duplicate keys, text keys only, no hidden characters, one document. Scalars follow JSON's kinds: `null`,
`true`, `false`, whole and decimal numbers; everything else is text, so `yes`, `no` and dates stay as they were written.
Every value knows its line, so that each refusal names file, line, key and reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from severity.errors import ContentError, Fault

MAX_BYTES = 1_000_000
MAX_DEPTH = 40

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
# What nobody can see: PostgreSQL keeps no NUL, and with direction marks people read another text than the program.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}

Path_ = tuple[str | int, ...]


class StrictModel(BaseModel):
    """Base of the pydantic types of our YAML: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain values, with the line of every key and item."""

    name: str
    text: str
    value: Any
    _lines: dict[Path_, int] = field(repr=False)

    def line(self, *path: str | int) -> int:
        """Line (from 1) of the key or item at `path`; of its nearest known parent when the path does not exist."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def fault(self, path: Iterable[str | int], reason: str) -> Fault:
        """A fault at `path`, to be collected into a `ContentError`."""
        path = tuple(path)
        return Fault(self.name, self.line(*path), dotted(path), reason)


def dotted(path: Iterable[str | int]) -> str:
    """`("rules", 3, "when")` as people write it: `rules[3].when`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read_yaml(path: Path) -> Document:
    """Read one YAML file strictly. Raises `ContentError` naming file, line, key and reason."""
    return read_yaml_text(read_text(path), path.name)


def read_text(path: Path) -> str:
    """The text of a file that somebody handed in: UTF-8, at most a megabyte. Raises `ContentError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ContentError([Fault(str(path), 1, "", f"cannot be read: {error.strerror}")]) from error
    if len(data) > MAX_BYTES:
        raise ContentError([Fault(path.name, 1, "", f"is larger than {MAX_BYTES:,} bytes")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ContentError([Fault(path.name, line, "", "is not UTF-8 text")]) from error


def read_yaml_text(text: str, name: str) -> Document:
    """Read YAML text strictly; `name` is what faults call the file. Raises `ContentError`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ContentError([Fault(name, 1, "", f"is larger than {MAX_BYTES:,} bytes")])
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ContentError([Fault(name, line, dotted(builder.path()), f"is not YAML: {error.problem}")]) from error
    except yaml.reader.ReaderError as error:
        # The position counts characters or bytes, by parser; the line is exact for ASCII up to the fault.
        line = text[: error.position].count("\n") + 1
        raise ContentError([Fault(name, line, "", "holds a character that YAML does not allow")]) from error
    except UnicodeEncodeError as error:
        line = text[: error.start].count("\n") + 1
        raise ContentError([Fault(name, line, "", "is not UTF-8 text")]) from error
    return Document(name, text, builder.value, builder.lines)


def check_shape(document: Document, model: type[Model]) -> Model:
    """The document as a pydantic model. Raises `ContentError` with one fault per wrong key, each with its line."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        faults = [document.fault(_known(document, item["loc"]), _reason(item)) for item in error.errors()]
        raise ContentError(dict.fromkeys(faults)) from error


def _known(document: Document, loc: tuple[str | int, ...]) -> Path_:
    """Pydantic's location without the names of union members that it mixes in; a missing last key is kept."""
    path: Path_ = ()
    for part in loc:
        if (*path, part) in document._lines:
            path = (*path, part)
        elif part == loc[-1]:
            return (*path, part) if isinstance(part, str) and part.isidentifier() else path
    return path


def _reason(item: Any) -> str:
    match item["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a known key"
        case "model_type" | "dict_type":
            return f"must be a mapping of keys and values, not {item['input']!r:.80}"
        case "value_error":
            return str(item["ctx"]["error"])
        case _:
            return f"{item['msg'][0].lower()}{item['msg'][1:]}, not {item['input']!r:.80}"


class _Builder:
    """Turns parser events into plain values. Holds its own stack: depth is bounded and nothing recurses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.lines: dict[Path_, int] = {(): 1}
        self._open: list[_Open] = []
        self._documents = 0

    def path(self) -> Path_:
        """Where the next value will stand."""
        if not self._open:
            return ()
        top = self._open[-1]
        if isinstance(top.container, list):
            return (*top.path, len(top.container))
        return (*top.path, top.key) if top.key is not None else top.path

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(line, "holds more than one document")
        elif isinstance(event, yaml.AliasEvent):
            self._refuse(line, f"uses the alias *{event.anchor}; aliases are not allowed")
        elif isinstance(event, yaml.ScalarEvent):
            self._check_node(event, line, implicit=event.implicit[0] or event.implicit[1])
            hidden = _HIDDEN.search(event.value)
            if hidden:
                self._refuse(line, f"holds the hidden character U+{ord(hidden[0]):04X}")
            if self._waits_for_key():
                self._take_key(event, line)
            else:
                self._put(_scalar(event), line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_node(event, line, implicit=event.implicit)
            if self._waits_for_key():
                self._refuse(line, "has a list or a mapping as a key; keys are text")
            if len(self._open) >= MAX_DEPTH:
                self._refuse(line, f"is nested deeper than {MAX_DEPTH} levels")
            container: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            path = self.path()
            self._put(container, line)
            self._open.append(_Open(container, path))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()

    def _waits_for_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].container, dict) and self._open[-1].key is None

    def _put(self, value: Any, line: int) -> None:
        path = self.path()
        self.lines.setdefault(path, line)
        if not self._open:
            self.value = value
            return
        top = self._open[-1]
        if isinstance(top.container, list):
            top.container.append(value)
        else:
            top.container[top.key] = value
            top.key = None

    def _take_key(self, event: Any, line: int) -> None:
        if event.value == "<<" and _is_plain(event):
            self._refuse(line, "uses the merge key <<; write the values out")
        top = self._open[-1]
        top.key = event.value
        path = self.path()
        if event.value in top.container:
            self._refuse(line, f"duplicate key, first given on line {self.lines[path]}")
        self.lines[path] = line

    def _check_node(self, event: Any, line: int, *, implicit: bool) -> None:
        if event.tag is not None and (not implicit or event.tag == "!"):
            self._refuse(line, f"uses the tag {event.tag}; tags are not allowed")
        if event.anchor is not None:
            self._refuse(line, f"defines the anchor &{event.anchor}; anchors are not allowed")

    def _refuse(self, line: int, reason: str) -> None:
        raise ContentError([Fault(self.name, line, dotted(self.path()), reason)])


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled; `key` is the one that waits for its value."""

    container: Any
    path: Path_
    key: str | None = None


def _is_plain(event: Any) -> bool:
    return not event.style  # the C parser says "", the Python one None


def _scalar(event: Any) -> Any:
    text = event.value
    if not _is_plain(event):  # quoted or block text is text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
