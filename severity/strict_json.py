"""One strict reader for the JSON people hand in: answers to explain, exchange documents, scenarios of other tools.

What Python's own reader lets pass is refused: keys that stand twice (of which it keeps the last), numbers that JSON
does not have, halves of characters, and what is too large, too deep or too long to read.
"""

import json
import math
from typing import Any

from severity.errors import ContentError, Fault

MAX_BYTES = 1_000_000
MAX_DIGITS = 4_000  # Python reads no longer numbers


class _Refused(ValueError):
    """What a hook of the reader holds against a value."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key, self.reason = key, reason


def read_json(text: str, name: str) -> Any:
    """The value of a JSON text; `name` is what the fault calls the file. Raises `ContentError`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ContentError([Fault(name, 1, "", f"is larger than {MAX_BYTES:,} bytes")])
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole, parse_float=_decimal
        )
        json.dumps(value, ensure_ascii=False).encode()  # half a character could be neither written nor printed
    except json.JSONDecodeError as error:
        raise ContentError([Fault(name, error.lineno, "", f"is not JSON: {error.msg}")]) from error
    except UnicodeEncodeError as error:
        raise ContentError([Fault(name, 1, "", "holds half a character, which is no text")]) from error
    except _Refused as error:
        raise ContentError([Fault(name, 1, error.key, error.reason)]) from error
    except RecursionError:
        raise ContentError([Fault(name, 1, "", "is nested too deeply")]) from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Refused(ascii(key[:60])[1:-1], "stands twice in one object")
        found[key] = value
    return found


def _no_number(word: str) -> Any:
    raise _Refused("", f"{word} is no value of JSON")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Refused("", "holds a number that is too long")
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Refused("", "holds a number that is too large")
    return number
