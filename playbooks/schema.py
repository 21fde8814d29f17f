"""A playbook as its YAML says it: for one harm class, who does what, who is told, in which words. Pure types."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from severity.loading import StrictModel
from severity.taxonomy import HarmClassId

Kind = Literal["internal-update", "status-page", "customer-notice", "regulator-note"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Line = Annotated[str, StringConstraints(min_length=3, max_length=300)]
Text = Annotated[str, StringConstraints(min_length=3, max_length=700)]

# Inside functions that have a role in an incident, and the outside party that often holds the lever.
# fmt: off
Who = Literal[
    "commander", "communications", "scribe", "on-call", "model-owner", "responsible-ai",
    "support", "security", "privacy", "legal", "trust-and-safety", "vendor",
]
# fmt: on


class Role(StrictModel):
    """A role to fill at once, and what it is there for in this kind of harm."""

    role: Who
    does: Line


class Tell(StrictModel):
    """Somebody to tell."""

    who: Who
    when: Line
    why: Line


class NeverSay(StrictModel):
    """Words to keep out of every text about this harm, and why."""

    words: Line
    because: Line


class InternalWords(StrictModel):
    """For colleagues."""

    known: Text
    doing: Text
    ask: Text


class StatusWords(StrictModel):
    """For everybody who looks."""

    headline: Annotated[str, StringConstraints(min_length=3, max_length=120)]
    text: Text


class CustomerWords(StrictModel):
    """For the people concerned."""

    subject: Annotated[str, StringConstraints(min_length=3, max_length=120)]
    happened: Text
    means: Text
    done: Text
    you_can: Text
    unknown: Text


class RegulatorWords(StrictModel):
    """For an authority; legal decides whether, to whom and when."""

    nature: Text
    measures: Text
    open: Text
    enclosed: Text


class Messages(StrictModel):
    """This harm's words in each of the four frames of `templates/`."""

    internal_update: Annotated[InternalWords, Field(alias="internal-update")]
    status_page: Annotated[StatusWords, Field(alias="status-page")]
    customer_notice: Annotated[CustomerWords, Field(alias="customer-notice")]
    regulator_note: Annotated[RegulatorWords, Field(alias="regulator-note")]

    def words(self, kind: Kind) -> dict[str, str]:
        """The texts of one kind, by name; each is a template."""
        found: dict[str, str] = getattr(self, kind.replace("-", "_")).model_dump()
        return found


class Playbook(StrictModel):
    """The whole playbook of one harm class. `runbooks` are ids of the runbook catalogue, best first."""

    harm_class: HarmClassId
    title: Annotated[str, StringConstraints(min_length=3, max_length=100)]
    roles: Annotated[tuple[Role, ...], Field(min_length=2)]
    tell: Annotated[tuple[Tell, ...], Field(min_length=3)]
    runbooks: Annotated[tuple[str, ...], Field(min_length=1)]
    never_say: Annotated[tuple[NeverSay, ...], Field(min_length=3)]
    messages: Messages


class Caution(StrictModel):
    """One line of `wording.yaml`."""

    words: tuple[str, ...]
    because: Line
