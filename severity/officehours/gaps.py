"""Where the handbook falls short: questions it did not answer, pages that grew old, what is asked most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from severity.officehours.sections import Section
from severity.officehours.words import asked

STALE_AFTER = timedelta(days=365)
ALIKE = 0.5
"""Share of common stems (Jaccard) from which two questions are about the same thing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was asked: its verdict, and whether somebody marked the answer as wrong."""

    question: str
    verdict: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions about the same thing, the most typical first."""

    questions: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.questions)


@dataclass(frozen=True, slots=True)
class Gaps:
    """`unanswered`, `wrong`, `most_asked`: clusters, largest first; `stale`: (file, owner, reviewed), oldest first.

    A page without a reviewed date is stale.
    """

    unanswered: tuple[Cluster, ...]
    wrong: tuple[Cluster, ...]
    most_asked: tuple[Cluster, ...]
    stale: tuple[tuple[str, str | None, date | None], ...]


def gaps(questions: Sequence[Asked], sections: Iterable[Section], today: date) -> Gaps:
    """The week's gaps."""
    return Gaps(
        clusters(each.question for each in questions if each.verdict != "answered"),
        clusters(each.question for each in questions if each.wrong),
        clusters(each.question for each in questions),
        stale(sections, today),
    )


def clusters(questions: Iterable[str]) -> tuple[Cluster, ...]:
    """Questions that share most of their stems, largest group first, then in the order of asking."""
    groups: list[tuple[Counter[str], list[str]]] = []
    for question in questions:
        own = set(asked(question)) or {question.lower()}
        for counted, members in groups:
            core = {stem for stem, count in counted.items() if 2 * count >= len(members)}
            if len(own & core) / len(own | core) >= ALIKE:
                counted.update(own)
                members.append(question)
                break
        else:
            groups.append((Counter(own), [question]))
    typical = (
        Cluster(tuple(sorted(members, key=lambda text: -sum(counted[stem] for stem in asked(text)) / len(text))))
        for counted, members in groups
    )
    return tuple(sorted(typical, key=lambda cluster: -cluster.count))


def stale(sections: Iterable[Section], today: date) -> tuple[tuple[str, str | None, date | None], ...]:
    """Pages whose review is older than a year, or not stated."""
    pages = {section.file: (section.file, section.owner, section.reviewed) for section in sections}
    old = [page for page in pages.values() if page[2] is None or today - page[2] > STALE_AFTER]
    return tuple(sorted(old, key=lambda page: (page[2] or date.min, page[0])))
