"""What is wrong with a scenario: all of it at once, each with file, line, key and reason.

Faults refuse the file. Warnings let it run: a draft that nobody accepted, a truth that another policy judges otherwise.
"""

from dataclasses import dataclass
from pathlib import Path

from playbooks.scenario import Scenario
from severity.errors import ContentError, Fault
from severity.loading import Document, check_shape


@dataclass(frozen=True)
class Checked:
    """The outcome of a check, in the order of the file."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def check_document(document: Document, folder: Path | None = None) -> Checked:
    """Check one document; its files are looked for under `files/` of `folder`."""
    try:
        check_shape(document, Scenario)
    except ContentError as error:
        return Checked(faults=tuple(error.faults))
    return Checked()
