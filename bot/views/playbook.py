"""The playbook of an incident's harm classes: roles to fill, people to tell, runbooks in order, words to avoid."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.views.blocks import Block, context, cut_markup, divider, escape, header, modal, person, section


@dataclass(frozen=True)
class RoleFacts:
    """A role, what it does in this harm, and who holds it; None while nobody does."""

    role: str
    does: str
    holder: str | None


@dataclass(frozen=True)
class RunbookFacts:
    """A runbook, and how far its run is: `3 of 9 steps`, or nothing while it has not been started."""

    title: str
    progress: str


@dataclass(frozen=True)
class PlaybookFacts:
    """One harm class. `tell` and `never_say` are pairs: (who and when, why), (words, because)."""

    harm_class: str
    title: str
    roles: Sequence[RoleFacts]
    tell: Sequence[tuple[str, str]]
    runbooks: Sequence[RunbookFacts]
    never_say: Sequence[tuple[str, str]]


def playbook_modal(number: str, playbooks: Sequence[PlaybookFacts], metadata: str) -> Block:
    """What the playbooks say, with what is done already. Nothing is changed here."""
    blocks: list[Block] = []
    for playbook in playbooks:
        runbooks = [
            f"{place}. {escape(runbook.title, 150)}{f'  ·  {escape(runbook.progress, 40)}' if runbook.progress else ''}"
            for place, runbook in enumerate(playbook.runbooks, 1)
        ]
        blocks += [
            header(f"{playbook.harm_class} {playbook.title}"),
            _list("Roles to fill", [_role(role) for role in playbook.roles]),
            _list("Who is told", [f"*{escape(who, 150)}*: {escape(why, 300)}" for who, why in playbook.tell]),
            _list("Runbooks, best first", runbooks, mark=""),
            _list(
                "Never say", [f"{escape(words, 300)}. {escape(because, 300)}" for words, because in playbook.never_say]
            ),
            divider(),
        ]
    blocks.append(
        context("*Contain* on the card starts a runbook, *Assign a role* fills a role, *Write to…* drafts a text.")
    )
    return modal("playbook", f"Playbook {number}", blocks, metadata=metadata)


def _role(role: RoleFacts) -> str:
    holder = person(role.holder) if role.holder else "nobody yet"
    return f"*{escape(role.role, 60)}* ({holder}): {escape(role.does, 300)}"


def _list(title: str, lines: Sequence[str], mark: str = "• ") -> Block:
    shown = "\n".join(f"{mark}{line}" for line in lines) or "—"
    return section(cut_markup(f"*{title}*\n{shown}", 3000))
