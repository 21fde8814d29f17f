"""Who is told what, in which words: the templates that fit an incident, and a draft for a person to edit.

Nothing here sends anything, and no text of the report is ever put into a draft: reports hold personal data and guesses.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from incidents.errors import NotFound
from integrations import redact
from playbooks import filling
from playbooks.library import Library, wording
from playbooks.schema import Kind, Playbook

TITLES: dict[Kind, str] = {
    "internal-update": "Internal update",
    "status-page": "Status page",
    "customer-notice": "Customer notice",
    "regulator-note": "Regulator cover note",
}
READERS: dict[Kind, str] = {
    "internal-update": "Colleagues. Communications reads it before it goes out.",
    "status-page": "Everybody. Communications decides when it goes out.",
    "customer-notice": "The people concerned. Legal and privacy read it before it goes out.",
    "regulator-note": "An authority. Legal decides whether, to whom and when, and sends it.",
}
# Where no harm class is known yet, the most neutral playbook is offered.
NEUTRAL = "H10"


@dataclass(frozen=True)
class Facts:
    """What decides which templates fit. `clocks`: a regulator clock is proposed or running."""

    harm_classes: Sequence[str]
    severity: str
    private: bool
    clocks: bool


@dataclass(frozen=True)
class Template:
    """One text that fits: a kind, in the words of one harm class."""

    playbook: Playbook
    kind: Kind

    @property
    def key(self) -> str:
        """`H4:customer-notice`."""
        return f"{self.playbook.harm_class}:{self.kind}"

    @property
    def title(self) -> str:
        """`Customer notice, H4 Privacy, data exposure`."""
        return f"{TITLES[self.kind]}, {self.playbook.harm_class} {self.playbook.title}"


@dataclass(frozen=True)
class Draft:
    """A filled template; `blanks` are what is still missing, in the order of the text."""

    text: str
    blanks: tuple[str, ...]


def templates_for(library: Library, facts: Facts) -> list[Template]:
    """The templates for an incident's harm classes, the most needed first.

    Colleagues first; an authority next where a clock may run; then the public and the people concerned. A private
    incident is offered no status page.
    """
    classes = [name for name in facts.harm_classes if name in library.playbooks] or [NEUTRAL]
    kinds: list[Kind] = ["internal-update", "status-page", "customer-notice", "regulator-note"]
    if facts.severity in ("SEV3", "SEV4"):
        kinds = ["internal-update", "customer-notice", "status-page", "regulator-note"]
    if facts.clocks:
        kinds.remove("regulator-note")
        kinds.insert(1, "regulator-note")
    if facts.private:
        kinds.remove("status-page")
    return [
        Template(library.playbooks[name], kind)
        for kind in kinds
        for name in dict.fromkeys(classes)
        if name in library.playbooks
    ]


def find(library: Library, key: str) -> Template:
    """The template with this key. Raises NotFound."""
    harm_class, _, kind = key.partition(":")
    playbook = library.playbooks.get(harm_class)
    for known in TITLES:
        if playbook is not None and kind == known:
            return Template(playbook, known)
    raise NotFound("That text is not in the playbooks any more. Nothing was saved; open the form again.")


def render(template: Template, record: Mapping[str, Mapping[str, str]]) -> Draft:
    """Fill a template from the record. `record` is by group (`incident`, `system`, `fill`), ready to show."""
    text = filling.fill(template.kind, template.playbook.messages.words(template.kind), record)
    return Draft(text, tuple(filling.left(text)))


def moment(at: datetime | None) -> str:
    """A time as these texts write it: `2026-11-21 08:41 UTC`; nothing where it is not known."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else ""


def cautions(text: str, playbook: Playbook | None = None) -> list[str]:
    """What somebody should look at again before a text leaves the house, each in a sentence.

    Words of `wording.yaml`, and what looks like personal data or a secret.
    """
    plain = " ".join(text.casefold().split())
    found = [
        f"“{words}” {caution.because}."
        for caution in wording()
        for words in caution.words
        if re.search(rf"(?<!\w){re.escape(words.casefold())}(?!\w)", plain)
    ]
    kinds = dict.fromkeys(item.kind for item in redact.find(text))
    found += [f"It holds what looks like personal data or a secret ({kind}). Take it out." for kind in kinds]
    return found
