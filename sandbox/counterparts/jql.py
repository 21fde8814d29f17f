"""The part of Jira's query language that a ticket search needs: fields joined by AND, and an order."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.counterparts.issues import PROJECT, STATUSES, Issue

_ORDER: Final = re.compile(r"\s*\bORDER\s+BY\s+(\w+)(?:\s+(ASC|DESC))?\s*$", re.IGNORECASE)
_CLAUSE: Final = re.compile(
    r"""\s*(?P<field>\w+)\s*(?P<operator>!=|=|~|\bNOT\s+IN\b|\bIN\b)\s*
        (?P<value>\((?:[^()"]|"(?:[^"\\]|\\.)*")*\)|"(?:[^"\\]|\\.)*"|[^\s"()]+)\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_AND: Final = re.compile(r"AND\b", re.IGNORECASE)
_VALUE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s,()"]+)')

_FIELDS: Final[dict[str, Callable[[Issue], list[str]]]] = {
    "project": lambda issue: [PROJECT],
    "labels": lambda issue: issue.labels,
    "key": lambda issue: [issue.key],
    "issuekey": lambda issue: [issue.key],
    "status": lambda issue: [issue.status.name],
    "summary": lambda issue: [issue.summary],
}
_ORDERS: Final[dict[str, Callable[[Issue], int]]] = {"created": lambda issue: issue.id, "key": lambda issue: issue.id}


class JqlError(ValueError):
    """The query is not one Jira would run; the message says why."""


@dataclass(frozen=True)
class Clause:
    field: str
    operator: str
    values: list[str]

    def holds(self, issue: Issue) -> bool:
        has = [value.casefold() for value in _FIELDS[self.field](issue)]
        wanted = [value.casefold() for value in self.values]
        if self.operator == "~":
            return any(word in text for word in wanted for text in has)
        return any(value in has for value in wanted) != (self.operator in ("!=", "NOT IN"))


def find(jql: str, issues: list[Issue]) -> list[Issue]:
    """The issues a query selects, newest first unless it says otherwise. Raises JqlError."""
    order = _ORDER.search(jql)
    clauses = _clauses(jql[: order.start()] if order else jql)
    found = [issue for issue in issues if all(clause.holds(issue) for clause in clauses)]
    by, direction = (order[1].lower(), (order[2] or "ASC").upper()) if order else ("created", "DESC")
    if by not in _ORDERS:
        raise JqlError(f"Not able to sort using field '{by}'.")
    return sorted(found, key=_ORDERS[by], reverse=direction == "DESC")


def _clauses(text: str) -> list[Clause]:
    clauses: list[Clause] = []
    position, complete = 0, False
    while match := _CLAUSE.match(text, position):
        clauses.append(_clause(match["field"], match["operator"], match["value"]))
        position = match.end()
        joined = _AND.match(text, position)
        complete = joined is None
        if joined is None:
            break
        position = joined.end()
    if not text.strip():
        raise JqlError("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    if not complete or position != len(text):
        raise JqlError(f"Error in the JQL Query: it cannot be read from '{text[position:]}' on.")
    return clauses


def _clause(field: str, operator: str, value: str) -> Clause:
    field, operator = field.lower(), " ".join(operator.upper().split())
    if field not in _FIELDS:
        raise JqlError(f"Field '{field}' does not exist or you do not have permission to view it.")
    if (operator == "~") != (field == "summary"):
        raise JqlError(f"The operator '{operator}' is not supported by the '{field}' field.")
    if value.startswith("(") != operator.endswith("IN"):
        raise JqlError(f"Operator '{operator}' does not support this kind of value for the field '{field}'.")
    values = [re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in _VALUE.findall(value)]
    known = {"project": [PROJECT], "status": [status.name for status in STATUSES]}.get(field)
    for one in values if known is not None else []:
        if known is not None and one.casefold() not in [name.casefold() for name in known]:
            raise JqlError(f"The value '{one}' does not exist for the field '{field}'.")
    return Clause(field, operator, values)
