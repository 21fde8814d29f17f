"""Small checks to build Block Kit's rules from.

A check takes a value and its JSON pointer and yields the faults, in the words Slack uses, each ending in the pointer.
"""

from collections.abc import Callable, Iterator
from typing import Any

Check = Callable[[Any, str], Iterator[str]]


def fault(words: str, pointer: str) -> str:
    return f"{words} [json-pointer:{pointer}]"


def string(maximum: int | None = None, minimum: int = 0) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield fault("must provide a string", pointer)
        elif maximum is not None and len(value) > maximum:
            yield fault(f"must be less than {maximum + 1} characters", pointer)
        elif len(value) < minimum:
            yield fault(f"must be more than {minimum - 1} characters", pointer)

    return check


def choice(*values: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in values:
            yield fault(f"must be a valid enum value: {', '.join(values)}", pointer)

    return check


def flag(value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield fault("must provide a boolean", pointer)


def number(value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield fault("must provide a number", pointer)


def integer(minimum: int, maximum: int) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield fault("must provide an integer", pointer)
        elif not minimum <= value <= maximum:
            yield fault(f"must be from {minimum} to {maximum}", pointer)

    return check


def items(one: Check, minimum: int = 0, maximum: int | None = None) -> Check:
    """A list of so many values that all pass `one`."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield fault("must provide an array", pointer)
            return
        if maximum is not None and len(value) > maximum:
            yield fault(f"no more than {maximum} items allowed", pointer)
        if len(value) < minimum:
            yield fault(f"no fewer than {minimum} items allowed", pointer)
        for index, item in enumerate(value):
            yield from one(item, f"{pointer}/{index}")

    return check


def fields(required: dict[str, Check], optional: dict[str, Check] | None = None, *more: Check) -> Check:
    """An object with these fields and no others; `more` are checks of the object as a whole."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must provide an object", pointer)
            return
        for name in required:
            if value.get(name) is None:
                yield fault(f"missing required field: {name}", pointer)
        for name, given in value.items():
            if name not in known:
                yield fault(f"invalid additional property: {name}", pointer)
            elif given is not None:
                yield from known[name](given, f"{pointer}/{name}")
        for whole in more:
            yield from whole(value, pointer)

    return check


def typed(kinds: dict[str, Check], *allowed: str) -> Check:
    """An object whose `type` picks the check; only `allowed` ones where given."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must provide an object", pointer)
            return
        kind = value.get("type")
        if kind is None:
            yield fault("missing required field: type", pointer)
        elif not isinstance(kind, str) or kind not in kinds or (allowed and kind not in allowed):
            yield fault(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            yield from kinds[kind](value, pointer)

    return check


def one_of(*names: str) -> Check:
    """A whole-object check: at least one of these fields."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if all(value.get(name) is None for name in names):
            yield fault(f"must define one of: {', '.join(names)}", pointer)

    return check


def not_both(one: str, other: str) -> Check:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if value.get(one) and value.get(other):
            yield fault(f"only one of: {one}, {other}", pointer)

    return check


def anything(value: Any, pointer: str) -> Iterator[str]:
    yield from ()
