"""A section's text -> its sentences, as spans of the source, so that every quote is verbatim.

A list item and a table row are sentences of their own. Code is found but marked: it is searched, rarely quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from severity.officehours.sections import BREAK, collapsed

MAX_QUOTE = 600
"""Characters of one quoted sentence; a longer one is cut at a word, still verbatim."""

_ITEM = re.compile(r"[ \t]*(?:[-*+]|(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTED = re.compile(r"[ \t]*>+[ \t]?")
_ROW = re.compile(r"[ \t]*\|")
_BARE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$")
_RULE = re.compile(r"[ \t]*\|?[ \t|:=*_-]+\|?[ \t]*$")
_FENCE = re.compile(r"[ ]{0,3}(?:`{3,}|~{3,})")
_END = re.compile(r"[.!?…]+[\"'”’)\]*_`]*(?=\s+[\"'“‘(\[*_`]*[A-Z0-9À-Þ])")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|art|arts|no|nr|vs|cf|fig|sec|s|ss|mr|mrs|ms|dr|prof|inc|ltd|co|corp|approx|ca|p|pp|para|ed|ch|u\.s|u\.k|dept|ext|tel"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_ETC = re.compile(r"\betc\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text`: the source, whitespace collapsed; `block` counts paragraphs and lists; `kind`: prose, item, head or
    row of a table, code."""

    text: str
    kind: str
    block: int


def sentences(text: str) -> tuple[Sentence, ...]:
    """All sentences of a section's text, in order."""
    found = []
    for block, kind, piece in _pieces(text):
        parts = _split(piece) if kind in ("prose", "item") else (piece,)
        for part in parts:
            words = _cut(collapsed(part))
            if any(c.isalnum() for c in words):
                found.append(Sentence(words, kind, block))
    return tuple(found)


def _cut(words: str) -> str:
    return words if len(words) <= MAX_QUOTE else words[:MAX_QUOTE].rsplit(" ", 1)[0]


def _split(piece: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(piece):
        before = piece[start : match.end()].rstrip("\"'”’)]*_`")
        if match[0].startswith(".") and _SHORT.search(before[-12:]) and not _ETC.search(before):
            continue
        yield piece[start : match.end()]
        start = match.end()
    yield piece[start:]


def _tight(lines: list[str]) -> Iterator[str]:
    """The lines without those left empty between the items of one list, which some people write and others do not."""
    listed, empty = False, 0
    for line in lines:
        if not line.strip():
            empty += 1
            continue
        item = bool(_ITEM.match(line))
        if not (listed and item):
            yield from [""] * empty
        listed, empty = item or (listed and not empty), 0
        yield line


def _pieces(text: str) -> Iterator[tuple[int, str, str]]:
    """(block, kind, source) of paragraphs, items, rows and code lines."""
    block, kind, lines, fence, table = 0, "prose", list[str](), False, False
    source = [line for part in text.split(BREAK) for line in (*_tight(part.split("\n")), "")]
    for line, below in zip(source, [*source[1:], ""], strict=True):
        # A table may lack the bars at its edges; then only the rule below its first row gives it away.
        table = "|" in line and (table or bool(_BARE_RULE.match(below)))
        if _FENCE.match(line) or fence:
            if lines:
                yield block, kind, "\n".join(lines)
                lines = []
            if _FENCE.match(line):
                fence = not fence
                block += 1
            else:
                yield block, "code", line
            continue
        fresh, now, start = False, kind, 0
        if not line.strip() or _RULE.fullmatch(line):
            fresh, now, start = True, "prose", len(line)
        elif table or _ROW.match(line):
            fresh, now = True, "head" if _BARE_RULE.match(below) else "row"
        elif match := _ITEM.match(line):
            fresh, now, start = True, "item", match.end()
        elif match := _QUOTED.match(line):
            fresh, now, start = True, "prose", match.end()
        elif not lines:
            now = "prose"
        if fresh:
            if lines:
                yield block, kind, "\n".join(lines)
            lines = []
            if not line.strip() or now != kind:
                block += 1
        kind = now
        if line[start:].strip():
            lines.append(line[start:])
        if kind in ("head", "row") and lines:
            yield block, kind, "\n".join(lines)
            lines = []
    if lines:
        yield block, kind, "\n".join(lines)
