"""Numbers, times and lengths of time in a text, and whether a record holds them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from postmortems import derive
from postmortems.record import METRICS, Record

_TIMESTAMP = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?: ?UTC|Z|\+00:00)?")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b(?: ?UTC)?")
_UNIT = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = r"(\d[\d,]*(?:\.\d+)?)[ -]?(weeks?|days?|d|hours?|hrs?|h|minutes?|mins?|min|seconds?|secs?|sec|s)\b"
_LENGTH = re.compile(rf"(?<![\w.,-]){_PART}(?:,? (?:and )?{_PART})*", re.IGNORECASE)
_ONE_PART = re.compile(_PART, re.IGNORECASE)
_TOKEN = re.compile(r"[\w.,:/+%-]+")
_WORDS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "dozen": "12",
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "hundred": "100",
    "thousand": "1000",
}
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)}|dozens|hundreds|thousands|millions?|billions?)\b", re.IGNORECASE)
_METRIC = re.compile(r"\b(?:TTD|TTA|TTM|TTR)\b")


@dataclass(frozen=True)
class Held:
    """Every number a record holds, by kind; `text` is all its words on one line."""

    text: str
    numbers: frozenset[str]
    stamps: frozenset[str]
    dates: frozenset[str]
    clocks: frozenset[str]
    spans: frozenset[timedelta]
    of_metric: dict[str, frozenset[timedelta]]


def held_by(record: Record, text: str) -> Held:
    """What a record holds. `text` is the record's own words, as `check.words_of` gives them."""
    moments = list(derive.moments(record))
    stamps = {at.strftime(form) for at in moments for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")}
    stamps |= {f"{match[1]} {match[2]}" for match in _TIMESTAMP.finditer(text)}
    dates = {at.strftime("%Y-%m-%d") for at in moments} | {todo.due.isoformat() for todo in record.actions}
    rest = text
    said_spans = {span for _, span, _ in _lengths(rest)}
    for pattern in (_TIMESTAMP, _DATE, _CLOCK, _LENGTH):
        rest = pattern.sub(" ", rest)
    numbers = {_canonical(token) for token in _tokens(rest)}
    numbers |= {_WORDS[match.group().lower()] for match in _WORD.finditer(rest) if match.group().lower() in _WORDS}
    numbers |= {match.group().lower() for match in _WORD.finditer(rest) if match.group().lower() not in _WORDS}
    numbers |= {str(count) for count in derive.counts(record).values()}
    numbers |= {record.number.lower(), record.severity.lower()}
    of_metric = {
        metric.name: frozenset(abs(span) for span in (metric.value, metric.target, metric.over) if span is not None)
        for metric in derive.metrics(record)
    }
    return Held(
        text=text,
        numbers=frozenset(numbers),
        stamps=frozenset(stamps),
        dates=frozenset(dates | {match.group() for match in _DATE.finditer(text)}),
        clocks=frozenset(
            {at.strftime(form) for at in moments for form in ("%H:%M:%S", "%H:%M")}
            | {match.group().removesuffix("UTC").strip() for match in _CLOCK.finditer(text)}
        ),
        spans=derive.spans(record) | said_spans,
        of_metric=of_metric,
    )


def foreign(sentence: str, held: Held) -> Iterator[str]:
    """The reasons why a sentence's numbers do not stand in the record, one per number."""
    rest = sentence
    for match in _TIMESTAMP.finditer(rest):
        if f"{match[1]} {match[2]}" not in held.stamps:
            yield f"the record holds nothing at {match.group()}"
    rest = _TIMESTAMP.sub(" ", rest)
    for match in _DATE.finditer(rest):
        if match.group() not in held.dates:
            yield f"the record holds nothing on {match.group()}"
    rest = _DATE.sub(" ", rest)
    for match in _CLOCK.finditer(rest):
        if match.group().removesuffix("UTC").strip().zfill(5) not in held.clocks:
            yield f"the record holds nothing at {match.group()}"
    rest = _CLOCK.sub(" ", rest)
    names = {name.lower() for name in _METRIC.findall(rest)} & set(METRICS)
    allowed = held.of_metric[names.pop()] if len(names) == 1 else held.spans
    for said, span, unit in _lengths(rest):
        # A rounded length is right when it is right to half of its smallest unit.
        if not any(abs(span - known) <= unit / 2 for known in allowed):
            yield f"{said} is no length of time of the record"
    rest = _LENGTH.sub(" ", rest)
    for token in _tokens(rest):
        if _canonical(token) not in held.numbers:
            yield f"{token.strip('.,:')} does not stand in the record"
    for match in _WORD.finditer(rest):
        word = match.group().lower()
        if _WORDS.get(word, word) not in held.numbers:
            yield f"{match.group()} does not stand in the record"


def _lengths(text: str) -> Iterator[tuple[str, timedelta, timedelta]]:
    """(words, length, its smallest unit) of every length of time in a text."""
    for match in _LENGTH.finditer(text):
        parts = [(float(p[1].replace(",", "")), _UNIT[p[2][0].lower()]) for p in _ONE_PART.finditer(match.group())]
        try:
            span = timedelta(seconds=sum(count * unit for count, unit in parts))
        except OverflowError:
            span = timedelta.max
        yield match.group(), span, timedelta(seconds=min(unit for _, unit in parts))


def _tokens(text: str) -> Iterator[str]:
    """Everything that holds a digit: `14`, `1,200`, `v2`, `97%`."""
    return (token for token in _TOKEN.findall(text) if any(char.isdigit() for char in token))


def _canonical(token: str) -> str:
    """`1,200.` and `1200` are one number; a token with letters, such as `v2`, stays a word."""
    return token.strip(".,:;/-+").rstrip("%").replace(",", "").lower()
