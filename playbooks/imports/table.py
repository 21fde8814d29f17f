"""MSELs that are tables: T3SF's JSON, and CSV, our own export among them. Pure."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.errors import BadInput
from playbooks.imports.made import MAX_BYTES, Made, named, plain, refused, sentences
from playbooks.imports.outside import Event, Expected, Msel, scenario
from playbooks.msel import COLUMNS, bare_cell
from playbooks.scenario import DOS, EVERYONE, KINDS
from playbooks.scenario_check import NOTHING_KNOWN, Known
from severity.strict_json import read_json

MAX_ROWS = 200
# As our own export writes an expected action.
_OURS = re.compile(
    rf"(?P<by>[^:]{{1,120}}): (?P<text>.+) \((?P<do>{'|'.join(DOS)}), within (?P<within>\d{{1,3}}) min\)", re.DOTALL
)
_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})(?::\d{2})?\s*([AaPp][Mm])?\s*")
# What other people call our columns.
_NAMES = {
    "minute": ("minute", "at", "minutes", "time", "t+", "relative time", "real time", "release_at_minutes"),
    "from": ("from", "persona", "sender", "sent by", "actor"),
    "to": ("to", "player", "recipient", "audience", "role", "target", "target_teams"),
    "subject": ("subject", "title", "event", "name"),
    "text": ("text", "script", "inject", "message", "description", "content", "inject description"),
    "expected": ("expected", "expected action", "expected actions", "expected player action", "expected response"),
    "id": ("id", "#", "number", "inject id", "inject number", "no"),
    "kind": ("kind",),
    "options": ("options", "poll"),
    "comes": ("comes",),
}


def from_t3sf(text: str, name: str, title: str, known: Known = NOTHING_KNOWN) -> Made:
    """A scenario from T3SF-style MSEL JSON, the file `name`, or why it makes none. Raises ContentError: not JSON."""
    rows = read_json(text, name)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return refused("must be a list of injects, each with Subject, From, Player and Script")
    lacking = [
        f"inject {number}: has no {key}"
        for number, row in enumerate(rows, 1)
        for key in ("Subject", "From", "Player", "Script", "Real Time")
        if key not in row
    ]
    if lacking:
        return refused(*lacking[:20])
    pictures = sum(1 for row in rows if row.get("Photo"))
    assumed = [f"pictures ({pictures}) were left out: nothing is fetched from the internet"] if pictures else []
    return _made([_named(row) for row in rows], title, "T3SF MSEL", assumed, known)


def from_csv(text: str, title: str, known: Known = NOTHING_KNOWN) -> Made:
    """A scenario from a CSV table with a header; `minute`, `from`, `to` and `text` or what people call them."""
    if len(text) > MAX_BYTES:
        raise BadInput("file", f"The file is larger than {MAX_BYTES:,} bytes. Nothing was imported.")
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), dialect=_dialect(text))
        rows = [
            _named({key: bare_cell(value) for key, value in row.items() if isinstance(key, str) and value is not None})
            for row in reader
        ]
    except csv.Error as error:
        return refused(f"is not CSV: {error}")
    header = _named(dict.fromkeys(reader.fieldnames or (), ""))
    lacking = [name for name in ("minute", "text") if name not in header]
    if lacking:
        return refused(f"has no column for {' and '.join(lacking)}; our own columns are {', '.join(COLUMNS)}")
    return _made([row for row in rows if any(row.values())], title, "CSV MSEL", [], known)


def _dialect(text: str) -> type[csv.Dialect] | str:
    first = text.splitlines()[0] if text.strip() else ""

    class Semicolon(csv.excel):
        delimiter = ";"

    return Semicolon if first.count(";") > first.count(",") else "excel"


def _named(row: Mapping[Any, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in row.items():
        name = next((name for name, names in _NAMES.items() if str(key).strip().lower() in names), None)
        if name is not None and name not in found:
            found[name] = str(value).strip()
    return found


def _made(rows: list[dict[str, str]], title: str, source: str, assumed: list[str], known: Known) -> Made:
    if not rows or len(rows) > MAX_ROWS:
        return refused(f"has {len(rows)} injects; from 1 to {MAX_ROWS} can be read")
    minutes, wrong = _minutes(rows)
    if wrong:
        return refused(*wrong[:20])
    roles: dict[str, str] = {}
    by_title: dict[str, str] = {EVERYONE: EVERYONE, "": EVERYONE, "all": EVERYONE}
    ids: list[str] = []
    events: list[Event] = []
    seen: dict[tuple[Any, ...], int] = {}
    for number, (row, minute) in enumerate(zip(rows, minutes, strict=True), 1):
        player = row.get("to", "").strip()
        if player.lower() not in by_title:
            name = named(player, roles, "role")
            roles[name] = player
            by_title[player.lower()] = name
        text = sentences(row.get("subject", ""), row.get("text", ""))
        same = (minute, row.get("from"), text)
        if same in seen:  # one message to several players is one inject to all
            first = events[seen[same]]
            events[seen[same]] = Event(**{**_fields(first), "to": EVERYONE})
            continue
        seen[same] = len(events)
        ids.append(named(_id(row, number), ids, f"inject-{number}"))
        options = [part.strip() for part in re.split(r"[|\n]", row.get("options", "")) if part.strip()]
        labels: list[str] = []
        for option in options:
            labels.append(named(option, labels, "option"))
        kind = row.get("kind", "")
        events.append(
            Event(
                id=ids[-1],
                text=text,
                persona=row.get("from") or "Exercise control",
                to=by_title[player.lower()],
                at=minute,
                kind=kind if kind in KINDS else None,
                options=[(name, label, None) for name, label in zip(labels, options, strict=True)],
                expected=[
                    _expected(part.strip(), by_title, roles)
                    for part in re.split(r"[|\n]", row.get("expected", ""))
                    if part.strip()
                ],
            )
        )
    branches = sum(1 for row in rows if row.get("comes", "at minute").split(" ")[0] != "at")
    if branches:
        assumed = [
            *assumed,
            f"{branches} injects had a condition, which a table cannot hold: they come at their minute",
        ]
    if not roles:
        assumed = [*assumed, "one role, the commander: the source names none"]
    return scenario(Msel(f"{source}-{title}", title, f"{source}: {title}", roles, events, assumed=assumed), known)


def _expected(text: str, by_title: dict[str, str], roles: dict[str, str]) -> Expected:
    ours = _OURS.fullmatch(text)
    if ours is None:
        return Expected(text)
    by, do = ours["by"].strip(), next(do for do in DOS if do == ours["do"])
    if by.lower() not in by_title:
        by_title[by.lower()] = named(by, roles, "role")
        roles[by_title[by.lower()]] = by
    return Expected(ours["text"], by_title[by.lower()], do, int(ours["within"]))


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__dataclass_fields__}


def _id(row: Mapping[str, str], number: int) -> str:
    given = row.get("id", "")
    return given if re.search(r"[A-Za-z]", given) else row.get("subject") or f"inject-{number}"


def _minutes(rows: list[dict[str, str]]) -> tuple[list[int], list[str]]:
    """Minutes since the first inject; from minutes, or from times of day that go on after midnight."""
    found: list[int] = []
    wrong: list[str] = []
    first: int | None = None
    before = 0
    for number, row in enumerate(rows, 1):
        given = plain(row.get("minute", ""))
        clock = _CLOCK.fullmatch(given)
        if given.removeprefix("+").isdecimal() and len(given) < 5:
            found.append(int(given.removeprefix("+")))
        elif clock:
            try:
                moment = datetime.strptime(  # noqa: DTZ007 - a time of day, of no day
                    f"{clock[1]}:{clock[2]}{clock[3] or ''}", "%I:%M%p" if clock[3] else "%H:%M"
                )
            except ValueError:
                wrong.append(f"inject {number}: {given!r:.30} is no time of day")
                continue
            minute = moment.hour * 60 + moment.minute
            first = minute if first is None else first
            minute = (minute - first) % (24 * 60)
            if minute < before:
                wrong.append(f"inject {number}: {given!r:.30} is before the inject above it")
            before = minute
            found.append(minute)
        else:
            wrong.append(f"inject {number}: {given!r:.30} is neither minutes nor a time of day")
    return found, wrong
