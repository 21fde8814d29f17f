"""The Git commit a folder stands at, from Git's own files: no process is started and no hook can run."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_of(folder: Path) -> str | None:
    """The full hash of HEAD, or None outside a work tree and where it cannot be told."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            try:
                return _head(parent / ".git")
            except (OSError, UnicodeDecodeError):
                return None
    return None


def _head(git: Path) -> str | None:
    if git.is_file():  # a linked work tree or a submodule
        git = (git.parent / _text(git).removeprefix("gitdir:").strip()).resolve()
    head = _text(git / "HEAD")
    if not head.startswith("ref:"):
        return _commit(head)
    ref = head.removeprefix("ref:").strip()
    if ".." in ref:
        return None
    common = git / _text(git / "commondir") if (git / "commondir").exists() else git
    for place in (git / ref, common / ref):
        if place.is_file():
            return _commit(_text(place))
    packed = common / "packed-refs"
    for line in _text(packed).splitlines() if packed.exists() else ():
        if line.endswith(f" {ref}"):
            return _commit(line.split(" ", 1)[0])
    return None


def _text(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(1_000_000).strip()


def _commit(text: str) -> str | None:
    return text if _COMMIT.fullmatch(text) else None
