"""One Markdown page -> whole heading sections that know their file, heading path, anchor, owner and reviewed date.

Anchors follow GitHub: lower case, punctuation gone, spaces to hyphens, a repeated heading gets `-1`, `-2`. What a
reader of the rendered page cannot see (front matter, HTML comments) is never part of a section, so it is never quoted.
One comment is read: `<!-- asks: May I use it? | Who allows it? -->` below a heading names questions that its section
answers, in the words of those who ask. They help to find the section and can do nothing else.
"""

from __future__ import annotations

import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import unescape

from severity.errors import ContentError, Fault
from severity.loading import read_yaml_text

EVERYONE = "everyone"
BREAK = "\f"
"""Stands where a comment was taken out: no sentence runs across it."""
MAX_SECTIONS = 5_000
"""Headings of one page; a page with more is not written for people."""

_INDEX_PAGES = frozenset({"index", "_index", "readme"})
_NUMBERING = re.compile(r"^[\d._-]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_NOT_SETEXT_TEXT = re.compile(r"\s*(?:[-*+>|]|\d+[.)]\s|#|```|~~~|$)")
MAX_ASKS, MAX_ASK = 20, 200
"""Questions below one heading, and characters of each, that are read."""

_ASKS = re.compile(r"<!--\s*asks:")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_MARK = re.compile(r"(\*\*|__|~~|`+|(?<!\w)[*_]|[*_](?!\w))")
_FRONT = re.compile(r"\s*(---|\+\+\+)[ \t]*\n")
_AUDIENCE = re.compile(r"^\W*audience\W*[:=]", re.IGNORECASE | re.MULTILINE)
_YAML_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_TOML_END = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a page says about itself. `reviewed` None: not stated.

    `weight` (0..1) is how much its sections count beside others that fit as well: less than 1 for pages that somebody
    looking for a rule seldom means, such as the steps of a runbook or an archive.
    """

    title: str | None = None
    owner: str | None = None
    reviewed: date | None = None
    audience: str = EVERYONE
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and its own text, up to the next heading of any level.

    `path` is the heading path, page title first. `anchor` is empty for text before the first heading. `text` is the
    source as it stands, without comments; `asks` are questions it answers. `commit` is the Git commit the page was read
    at, None outside a work tree.
    """

    organisation: str
    handbook: str
    file: str
    path: tuple[str, ...]
    anchor: str
    text: str
    line: int
    owner: str | None = None
    reviewed: date | None = None
    audience: str = EVERYONE
    commit: str | None = None
    weight: float = 1.0
    asks: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        return self.path[-1]

    @property
    def page(self) -> str:
        """The words of the file's name, which often say what no heading does: "incident-response.md" may begin with a
        section "Purpose". An index page is called as its folder is."""
        *folders, name = self.file.rsplit(".", 1)[0].split("/")
        if name.lower() in _INDEX_PAGES:
            name = folders[-1] if folders else ""
        return _NUMBERING.sub("", name).replace("-", " ").replace("_", " ")

    @property
    def above(self) -> tuple[str, ...]:
        """The headings above this one, and the page's name where none of them says it."""
        above = self.path[:-1]
        said = {word for heading in self.path for word in heading.lower().split()}
        return above if said.issuperset(self.page.lower().split()) else (self.page, *above)

    @property
    def address(self) -> str:
        return f"{self.file}#{self.anchor}" if self.anchor else self.file


def collapsed(text: str) -> str:
    """The one normalisation of quotes and sources: runs of whitespace become one space."""
    return " ".join(text.split())


def plain(markdown: str) -> str:
    """Inline Markdown -> the words a reader sees, whitespace collapsed."""
    text = _LINK.sub(r"\1", markdown)
    text = _MARK.sub("", _TAG.sub("", text))
    return " ".join(unescape(text).replace("\\", "").split())


def slug(heading: str) -> str:
    """GitHub's anchor of a heading's words."""
    kept = (c for c in heading.lower() if c in "-_ " or unicodedata.category(c)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


def parse(
    source: str, file: str, *, organisation: str = "", handbook: str = "", commit: str | None = None
) -> tuple[Section, ...]:
    """The sections of a page that hold text. Raises ContentError (file, line, reason) for a page we cannot trust."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    front, body, first_line = _front_matter(source, file)
    asks = list(_asks(body, first_line))
    body = _COMMENT.sub(lambda match: BREAK + "\n" * match[0].count("\n"), body)
    root = front.title or file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    sections: list[Section] = []
    used: dict[str, int] = {}
    open_: list[tuple[int, str]] = []
    parts = list(_split(body, first_line))
    ends = [line for line, *_ in parts[1:]] + [sys.maxsize]
    for (line, level, heading, text), end in zip(parts, ends, strict=True):
        if level:
            words = plain(heading) or "untitled"
            open_ = [(above, name) for above, name in open_ if above < level] + [(level, words)]
            anchor = _unique(slug(words), used)
            path = tuple(name for _, name in open_)
            if front.title and path[0] != front.title and open_[0][0] > 1:
                path = (front.title, *path)
        else:
            anchor, path = "", (root,)
        if not text.strip():
            continue
        if len(sections) >= MAX_SECTIONS:
            raise ContentError([Fault(file, line, "", f"has more than {MAX_SECTIONS:,} sections")])
        sections.append(
            Section(
                organisation,
                handbook,
                file,
                path,
                anchor,
                text.strip("\n"),
                line,
                front.owner,
                front.reviewed,
                front.audience,
                commit,
                front.weight,
                tuple(question for at, question in asks if line <= at < end)[:MAX_ASKS],
            )
        )
    return tuple(sections)


def _asks(body: str, first_line: int) -> Iterator[tuple[int, str]]:
    """(line, question) of every question in an `asks` comment."""
    line, at = first_line, 0
    for comment in _COMMENT.finditer(body):
        line += body.count("\n", at, comment.start())
        at = comment.start()
        if (opens := _ASKS.match(comment[0])) and comment[0].endswith("-->"):
            for question in map(collapsed, comment[0][opens.end() : -3].split("|")):
                if question:
                    yield line, question[:MAX_ASK]


def _unique(anchor: str, used: dict[str, int]) -> str:
    if anchor not in used:
        used[anchor] = 0
        return anchor
    while True:
        used[anchor] += 1
        numbered = f"{anchor}-{used[anchor]}"
        if numbered not in used:
            used[numbered] = 0
            return numbered


def _split(body: str, first_line: int) -> Iterator[tuple[int, int, str, str]]:
    """(line, level, heading, own text) per heading; level 0 for the text before the first one."""
    lines = body.split("\n")
    start, level, heading, own = first_line, 0, "", list[str]()
    fence = ""
    for number, line in enumerate(lines, first_line):
        if fence:
            match = _FENCE.match(line)
            if match and match[1][0] == fence[0] and len(match[1]) >= len(fence) and not line.strip(" `~"):
                fence = ""
            own.append(line)
            continue
        if match := _FENCE.match(line):
            fence = match[1]
            own.append(line)
        elif match := _ATX.match(line):
            yield start, level, heading, "\n".join(own)
            start, level, heading, own = number, len(match[1]), match[2] or "", []
        elif (
            (match := _SETEXT.match(line))
            and own
            and not _NOT_SETEXT_TEXT.match(own[-1])
            and (len(own) == 1 or not own[-2].strip())
        ):
            title = own.pop()
            yield start, level, heading, "\n".join(own)
            start, level, heading, own = number - 1, 1 if match[1][0] == "=" else 2, title, []
        else:
            own.append(line)
    yield start, level, heading, "\n".join(own)


def _front_matter(source: str, file: str) -> tuple[FrontMatter, str, int]:
    """Front matter, the body after it, and the body's first line.

    Other tools' front matter is often not strict YAML. A page keeps its text then and loses owner and date; but where
    it speaks of an audience, guessing could show it to the wrong people, so the page is refused.
    """
    fence = _FRONT.match(source)
    if fence is None:
        return FrontMatter(), source, 1
    toml = fence[1] == "+++"
    end = (_TOML_END if toml else _YAML_END).search(source, fence.end())
    if end is None:
        if _AUDIENCE.search(source[fence.end() :].split("\n\n", 1)[0]):
            raise ContentError([Fault(file, 1, "audience", "stands in front matter that does not end")])
        return FrontMatter(), source, 1
    head, body = source[fence.end() : end.start()], source[end.end() + 1 :]
    first_line = source[: end.end()].count("\n") + 2
    try:
        value = _toml(head, file) if toml else read_yaml_text(head, file).value
        if not isinstance(value, dict | None) and not _AUDIENCE.search(head):
            return FrontMatter(), source, 1  # text between two rules
        front = _front(value, file)
    except ContentError:
        if "audience" in head.lower():
            raise
        front = FrontMatter()
    return front, body, first_line


def _toml(head: str, file: str) -> dict[str, object]:
    """TOML between lines of +++, with its dates as text, as YAML's are."""
    try:
        return {key: str(each) if isinstance(each, date) else each for key, each in tomllib.loads(head).items()}
    except tomllib.TOMLDecodeError as error:
        raise ContentError([Fault(file, 2, "", f"has front matter that is not TOML: {error}")]) from error


def _front(value: object, file: str) -> FrontMatter:
    if not isinstance(value, dict):
        raise ContentError([Fault(file, 2, "", "must be keys and values")])
    value = {str(key).lower(): each for key, each in value.items()}

    def words(key: str) -> str | None:
        found = value.get(key)
        return " ".join(str(found).split())[:200] or None if isinstance(found, str | int | float) else None

    audience = words("audience") if "audience" in value else EVERYONE
    if audience is None:
        raise ContentError([Fault(file, 2, "audience", "must be one name")])
    reviewed = words("reviewed")
    try:
        day = date.fromisoformat(reviewed) if reviewed and _DATE.fullmatch(reviewed) else None
    except ValueError:
        day = None
    weight = value.get("weight")
    share = float(weight) if isinstance(weight, int | float) and 0 < weight <= 1 else 1.0
    return FrontMatter(words("title"), words("owner"), day, audience.lower(), share)
