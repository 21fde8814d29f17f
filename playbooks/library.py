"""The playbooks by harm class: ours, and the organisation's own, which replace ours of the same class."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from playbooks import filling
from playbooks.schema import KINDS, Caution, Playbook
from severity.errors import ContentError, Fault
from severity.loading import Document, StrictModel, check_shape, read_yaml

LIBRARY = Path(__file__).parent / "library"


class _Wording(StrictModel):
    cautions: tuple[Caution, ...]


@dataclass(frozen=True)
class Library:
    """Every playbook by its harm class, and the faults of the files that were refused."""

    playbooks: Mapping[str, Playbook] = field(default_factory=dict)
    faults: Sequence[Fault] = ()


def check_playbook(path: Path, runbooks: Iterable[str] | None = None) -> list[Fault]:
    """Every fault of one file; empty when it may be used. `runbooks` are the known runbook ids; None checks no ids."""
    try:
        document = read_yaml(path)
        return _check(document, check_shape(document, Playbook), runbooks)
    except ContentError as error:
        return list(error.faults)


def _check(document: Document, playbook: Playbook, runbooks: Iterable[str] | None) -> list[Fault]:
    known = None if runbooks is None else frozenset(runbooks)
    found = [
        document.fault(("runbooks", index), f"{name} is no runbook")
        for index, name in enumerate(playbook.runbooks)
        if known is not None and name not in known
    ]
    for kind in KINDS:
        for name, text in playbook.messages.words(kind).items():
            found += [document.fault(("messages", kind, name), reason) for reason in filling.faults(text)]
    return found


def load_library(own: Iterable[Path] = (), *, runbooks: Iterable[str] | None = None) -> Library:
    """Read the shipped playbooks and those in the folders `own`. A broken file never hides a working one."""
    playbooks: dict[str, Playbook] = {}
    faults: list[Fault] = []
    known = None if runbooks is None else frozenset(runbooks)
    for folder in (LIBRARY, *own):
        seen: dict[str, str] = {}
        for path in sorted(folder.glob("*.yaml")):
            found = check_playbook(path, known)
            if not found:
                document = read_yaml(path)
                playbook = check_shape(document, Playbook)
                if playbook.harm_class in seen:
                    reason = f"{playbook.harm_class} has a playbook already, {seen[playbook.harm_class]}"
                    found = [document.fault(("harm_class",), reason)]
                else:
                    seen[playbook.harm_class] = path.name
                    playbooks[playbook.harm_class] = playbook
            faults += found
    return Library(playbooks, tuple(faults))


@cache
def wording() -> tuple[Caution, ...]:
    """The words that a text to the outside should not hold. Raises ContentError if the file was damaged."""
    return check_shape(read_yaml(Path(__file__).with_name("wording.yaml")), _Wording).cautions
