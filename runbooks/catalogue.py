"""The runbooks that can be started: ours, and the organisation's own, which replace ours of the same id."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from runbooks.schema import Runbook
from severity.errors import ContentError, Fault
from severity.loading import check_shape, read_yaml_text

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True)
class Definition:
    """One runbook with the very text it was read from. `file` is its name, for people."""

    runbook: Runbook
    text: str
    file: str
    shipped: bool

    @property
    def hash(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Catalogue:
    """All definitions by id, and the faults of the files that were refused."""

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    faults: Sequence[Fault] = ()

    def for_harm(self, harm_classes: Iterable[str]) -> list[Definition]:
        """The runbooks for these harm classes, the one that covers most of them first, then by fewest others."""
        wanted = set(harm_classes)
        fitting = [item for item in self.definitions.values() if wanted & set(item.runbook.harm_classes)]

        def fit(item: Definition) -> tuple[int, int, str]:
            covered = len(wanted & set(item.runbook.harm_classes))
            return -covered, len(item.runbook.harm_classes) - covered, item.runbook.id

        return sorted(fitting, key=fit)


@lru_cache(maxsize=256)
def parse(text: str) -> Runbook:
    """A runbook from its text. Raises ContentError for a wrong shape; the graph is `check`'s business."""
    return check_shape(read_yaml_text(text, "runbook"), Runbook)


def load_catalogue(
    own: Iterable[Path] = (), *, targets: Iterable[str] = (), before: Mapping[str, str] | None = None
) -> Catalogue:
    """Read the shipped runbooks and those in the folders `own`, later folders replacing earlier ones by id.

    A broken file never hides a working version: what a file of that name held `before` (its text by name) stays, else
    the runbook it would replace. `targets` are the rollback target ids of the inventory, known beside the levers.
    """
    from runbooks.check import check_text

    definitions: dict[str, Definition] = {}
    faults: list[Fault] = []
    known = frozenset(targets)
    for folder in (LIBRARY, *own):
        shipped = folder == LIBRARY
        seen: dict[str, str] = {}
        broken: list[str] = []
        for path in sorted(folder.glob("*.yaml")):
            try:
                text = path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                found = [Fault(path.name, 1, "", f"cannot be read: {error}")]
            else:
                found = check_text(text, path.name, known)
            if not found:
                definition = Definition(parse(text), text, path.name, shipped)
                id = definition.runbook.id
                if id in seen:
                    found = [Fault(path.name, 1, "id", f"{id} is already the id of {seen[id]}")]
                else:
                    seen[id] = path.name
                    definitions[id] = definition
            if found:
                faults += found
                broken.append(path.name)
        for name in broken if not shipped else ():
            former = (before or {}).get(name)
            if former and not check_text(former, name, known) and parse(former).id not in seen:
                definitions[parse(former).id] = Definition(parse(former), former, name, shipped)
    return Catalogue(definitions, tuple(faults))


def require(catalogue: Catalogue, runbook_id: str) -> Definition:
    """The definition with this id. Raises ContentError naming those that exist."""
    if runbook_id not in catalogue.definitions:
        known = ", ".join(sorted(catalogue.definitions))
        raise ContentError([Fault("runbooks", 1, runbook_id, f"is no runbook. Known: {known}")])
    return catalogue.definitions[runbook_id]
