"""The pages of one organisation: read from its handbook folders, kept current, never mixed with another's.

A page that cannot be trusted (too large, not text, unreadable front matter with an audience) is refused with its file
and reason, and its last good version stays.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from severity.errors import ContentError, Fault
from severity.loading import MAX_BYTES
from severity.officehours.sections import Section, parse

SHIPPED = Path(__file__).parents[1] / "handbook"
MAX_PAGES = 5_000
SUFFIXES = frozenset({".md", ".markdown"})

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Page:
    stamp: Stamp
    digest: str
    commit: str | None
    sections: tuple[Section, ...]


class Corpus:
    """The sections of one organisation's handbook folders, plus pages that are made from other content.

    `rendered` are sections made elsewhere (policy, tiers, clocks, runbooks). `commit_of` names the Git commit of a
    folder. Raises ContentError when a folder cannot be read at all; single bad pages are in `faults`.
    """

    def __init__(
        self,
        folders: Sequence[Path] = (SHIPPED,),
        *,
        organisation: str = "",
        rendered: Iterable[Section] = (),
        commit_of: Callable[[Path], str | None] = lambda folder: None,
    ) -> None:
        self.organisation = organisation
        self.faults: tuple[Fault, ...] = ()
        self.version = 0
        self._folders = tuple(dict.fromkeys(folder.resolve() for folder in folders))
        self._rendered = tuple(rendered)
        self._commit_of = commit_of
        self._pages: dict[tuple[Path, str], _Page] = {}
        for section in self._rendered:
            if section.organisation != organisation:
                raise ValueError("a rendered section belongs to another organisation")
        missing = [folder for folder in self._folders if not folder.is_dir()]
        if missing:
            raise ContentError([Fault(folder.name, 1, "", "is not a folder of Markdown pages") for folder in missing])
        self.refresh()

    @property
    def sections(self) -> tuple[Section, ...]:
        """Every section, in order of folder, file and place."""
        pages = (self._pages[key].sections for key in sorted(self._pages))
        return (*(section for page in pages for section in page), *self._rendered)

    def refresh(self) -> bool:
        """Read again what changed on disk. True when an answer may differ now; `version` counts those changes."""
        faults: list[Fault] = []
        pages: dict[tuple[Path, str], _Page] = {}
        for folder in self._folders:
            if not folder.is_dir():
                faults.append(Fault(folder.name, 1, "", "is no longer there; its last pages are kept"))
                pages |= {key: page for key, page in self._pages.items() if key[0] == folder}
                continue
            commit = self._commit_of(folder)
            for path, stamp in _markdown_files(folder, faults):
                key = (folder, path.relative_to(folder).as_posix())
                page = self._page(key, path, stamp, commit, faults)
                if page is not None:
                    pages[key] = page
        changed = {key: page.sections for key, page in pages.items()} != {
            key: page.sections for key, page in self._pages.items()
        }
        self._pages, self.faults = pages, tuple(faults)
        self.version += changed
        return changed

    def _page(
        self, key: tuple[Path, str], path: Path, stamp: Stamp, commit: str | None, faults: list[Fault]
    ) -> _Page | None:
        known = self._pages.get(key)
        if known and known.stamp == stamp and known.commit == commit:
            return known
        try:
            text, digest = _read(path, key[1])
            if known and known.digest == digest and known.commit == commit:
                return _Page(stamp, digest, commit, known.sections)
            found = parse(text, key[1], organisation=self.organisation, handbook=key[0].name, commit=commit)
        except ContentError as error:
            faults += error.faults
            return known
        return _Page(stamp, digest, commit, found)


def _markdown_files(folder: Path, faults: list[Fault]) -> Iterator[tuple[Path, Stamp]]:
    """Pages under a folder; hidden folders are skipped, links that lead outside are refused."""
    count = 0
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(files):
            path = Path(root) / name
            if path.suffix.lower() not in SUFFIXES or name.startswith("."):
                continue
            shown = path.relative_to(folder).as_posix()
            try:
                if path.is_symlink() and not path.resolve().is_relative_to(folder):
                    faults.append(Fault(shown, 1, "", "is a link that leads outside its folder"))
                    continue
                stat = path.stat()
            except OSError as error:
                faults.append(Fault(shown, 1, "", f"cannot be read: {error.strerror}"))
                continue
            count += 1
            if count > MAX_PAGES:
                faults.append(Fault(shown, 1, "", f"is beyond the first {MAX_PAGES:,} pages and is not read"))
                return
            yield path, (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)


def _read(path: Path, shown: str) -> tuple[str, str]:
    """Text and SHA-256 of a page. Raises ContentError."""
    try:
        if not path.is_file():
            raise ContentError([Fault(shown, 1, "", "is not a file")])
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ContentError([Fault(shown, 1, "", f"cannot be read: {error.strerror}")]) from error
    if len(data) > MAX_BYTES:
        raise ContentError([Fault(shown, 1, "", f"is larger than {MAX_BYTES:,} bytes")])
    if b"\0" in data:
        raise ContentError([Fault(shown, 1, "", "is not text")])
    try:
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ContentError([Fault(shown, line, "", "is not UTF-8 text")]) from error
