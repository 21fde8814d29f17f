"""How the record's text, times and durations are written in a draft: hostile until cleaned, always the same way."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from integrations.redact import redact

READ_LIMIT = 10_000  # characters looked at of one text; three times what a Slack input holds
QUOTE_LIMIT = 600  # characters of one quoted text; the whole text stays on the timeline
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,15})://([^\s/?#]*)", re.IGNORECASE)
_QUOTES = str.maketrans("`“”„", "'‘’‘")
_VALUE = re.compile(r"[\w.:/+=-]{1,80}")
_WWW = re.compile(r"\bwww\.", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\*_\[\]|~$])")


class Md(str):
    """Markdown that is ready. Any other value that reaches a template is escaped (see `draft.py`)."""

    __slots__ = ()


def plain(text: str) -> str:
    """One safe line: no controls, invisible or bidirectional characters, personal data or live addresses.

    Backticks and curly double quotes become single quotes, so that a quote in the draft ends where we end it.
    A web address is kept readable but dead, as security reports write it: `hxxps://evil[.]example`.
    """
    text = _INVISIBLE.sub("", text[:READ_LIMIT])
    text = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Zs"} else char for char in text)
    text = "".join(char for char in text if unicodedata.category(char) not in {"Cs", "Co"})
    text = redact(" ".join(text.split()))
    text = _URL.sub(_dead_address, text)
    text = _WWW.sub("www[.]", text)
    return text.translate(_QUOTES)


def escape(text: str) -> str:
    """Markdown's and Slack's live characters made literal; `<`, `>`, `&` as entities, which both read."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", text)


def unescape(text: str) -> str:
    """The inverse of `escape`."""
    text = re.sub(r"\\([\\*_\[\]|~$])", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word where there is one, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip() + "…"


def quote(text: str, limit: int = QUOTE_LIMIT) -> Md:
    """Words of the record, in curly quotes. The check later demands that they are verbatim (after `plain`)."""
    cleaned = shorten(plain(text), limit)
    return Md(f"“{escape(cleaned)}”") if cleaned else Md("(no readable text)")


def code(value: object) -> Md:
    """A short value of the record: an id, a version, a hash. Verbatim like a quote; what is no such value is quoted."""
    cleaned = plain(str(value))
    return Md(f"`{cleaned}`") if _VALUE.fullmatch(cleaned) else quote(str(value), 80)


def moment(at: datetime) -> Md:
    """`2026-11-21 08:41:07 UTC`, to the second."""
    return Md(at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))


def duration(span: timedelta) -> Md:
    """Exact to the second, units that are zero left out: `1 d 2 h`, `1 h 12 min 30 s`, `0 s`."""
    seconds = round(span.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return Md(" ".join(parts) or "0 s")


def _dead_address(match: re.Match[str]) -> str:
    if match[1].lower().startswith("hxxp"):
        return match.group()  # dead already
    scheme = {"http": "hxxp", "https": "hxxps"}.get(match[1].lower(), f"{match[1]}[:]")
    return f"{scheme}://{match[2].replace('.', '[.]')}"
