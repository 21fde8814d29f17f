"""What a tier tree must prove before anyone walks it; each failure comes with its line and, where it helps, the way."""

from collections.abc import Callable, Mapping

from severity.errors import Fault
from severity.loading import Document
from severity.tier_rows import END, TIERS, Answer, Question, TierFile

_At = tuple[str, int]  # a question, and the gravest tier met before it
_Way = tuple[tuple[str, str], ...]  # question and answer, in order
_NONE = max(TIERS) + 1  # milder than every tier: nothing on the way has named one


def faults(document: Document, rows: TierFile) -> list[Fault]:
    """Every fault of the tree; the later proofs only run on a tree that the earlier ones found whole."""
    found = _words(document, rows) or _shape(document, rows)
    return found or [*_total(document, rows), *_monotone(document, rows)]


def _words(document: Document, rows: TierFile) -> list[Fault]:
    """Doubled ids, words that are not declared, and the controls of the tiers."""
    found = []
    ids = [question.id for question in rows.questions]
    for number, question in enumerate(rows.questions):
        at = ("questions", number)
        if question.id == END or question.id in ids[:number]:
            found.append(document.fault((*at, "id"), f"{question.id!r} is already taken"))
        for index, answer in enumerate(question.answers):
            here = (*at, "answers", index)
            if answer.next != END and answer.next not in ids:
                found.append(document.fault((*here, "next"), f"no question is called {answer.next!r}"))
            if answer.category is not None and answer.category not in rows.categories:
                found.append(document.fault((*here, "category"), f"no category is called {answer.category!r}"))
    if rows.root not in ids:
        found.append(document.fault(("root",), f"no question is called {rows.root!r}"))
    if tuple(controls.tier for controls in rows.tiers) != TIERS:
        found.append(document.fault(("tiers",), "must hold the tiers 0, 1, 2 and 3, once each and in order"))
    for number, (graver, milder) in enumerate(zip(rows.tiers, rows.tiers[1:], strict=False)):
        if graver.revalidation_days > milder.revalidation_days:
            reason = f"tier {graver.tier} would be re-validated less often than tier {milder.tier}"
            found.append(document.fault(("tiers", number, "revalidation_days"), reason))
    changes = [change.id for change in rows.material_changes]
    for number, change in enumerate(changes):
        if change in changes[:number]:
            found.append(document.fault(("material_changes", number, "id"), f"{change!r} is already taken"))
    return found


def _shape(document: Document, rows: TierFile) -> list[Fault]:
    """Circles and questions that no way reaches."""
    questions = {question.id: question for question in rows.questions}
    number = {question.id: index for index, question in enumerate(rows.questions)}
    done: set[str] = set()
    found = []

    def visit(at: str, way: tuple[str, ...]) -> None:
        if at in way:
            circle = " -> ".join([*way[way.index(at) :], at])
            found.append(document.fault(("questions", number[way[-1]]), f"turns in a circle: {circle}"))
        elif at != END and at not in done:
            for answer in questions[at].answers:
                visit(answer.next, (*way, at))
            done.add(at)

    visit(rows.root, ())
    for question in rows.questions:
        if question.id not in done:
            found.append(document.fault(("questions", number[question.id]), f"no way reaches {question.id!r}"))
    return found


def _total(document: Document, rows: TierFile) -> list[Fault]:
    """Every way names at least one tier and one category."""
    questions = {question.id: question for question in rows.questions}
    ways = {
        "tier": _way(questions, rows.root, lambda answer: answer.at_least is None),
        "category": _way(questions, rows.root, lambda answer: answer.category is None),
    }
    return [
        document.fault(("root",), f"no answer names a {what} on this way: {_told(way)}")
        for what, way in ways.items()
        if way is not None
    ]


def _way(questions: Mapping[str, Question], start: str, may_take: Callable[[Answer], bool]) -> _Way | None:
    """A way from `start` to the end that only takes answers it may take; None where there is none."""
    dead: set[str] = set()

    def search(at: str) -> _Way | None:
        if at == END:
            return ()
        for answer in questions[at].answers:
            if may_take(answer) and answer.next not in dead:
                rest = search(answer.next)
                if rest is not None:
                    return ((at, answer.id), *rest)
        dead.add(at)
        return None

    return search(start)


def _monotone(document: Document, rows: TierFile) -> list[Fault]:
    """Making one ordered answer worse never ends in a milder tier, whatever the other answers are."""
    proof = _Monotone(rows)
    found = []
    for number, question in enumerate(rows.questions):
        if not question.ordered:
            continue
        for index, (better, worse) in enumerate(zip(question.answers, question.answers[1:], strict=False)):
            way = proof.counter_example(_step(better), _step(worse))
            if way is not None:
                given = f" with {_told(way)}" if way else ""
                reason = f"{worse.id!r} is worse than {better.id!r} but can end in a milder tier{given}"
                found.append(document.fault(("questions", number, "answers", index + 1), reason))
    return found


class _Monotone:
    """Walks two ways at once that differ in one answer and agree in all others.

    Always steps the walker that stands earlier in the tree's order, so a question that both meet is met together, and
    then the rest of the two ways is the same.
    """

    def __init__(self, rows: TierFile) -> None:
        self._questions = {question.id: question for question in rows.questions}
        self._order = {END: len(self._questions)}
        self._safe: set[tuple[_At, _At]] = set()
        self._sort(rows.root)

    def _sort(self, at: str) -> None:
        """Give `at` a place before everything it leads to."""
        if at not in self._order:
            for answer in self._questions[at].answers:
                self._sort(answer.next)
            self._order[at] = min(self._order.values()) - 1

    def counter_example(self, better: _At, worse: _At) -> _Way | None:
        """Answers with which the worse walker ends in a milder tier than the better one."""
        if (better, worse) in self._safe:
            return None
        way = self._search(better, worse)
        if way is None:
            self._safe.add((better, worse))
        return way

    def _search(self, better: _At, worse: _At) -> _Way | None:
        (left, left_tier), (right, right_tier) = better, worse
        if left == right:
            if right_tier <= left_tier:
                return None
            # The rest is the same for both, so the worse one ends milder where nothing in it is as grave as this.
            return _way(self._questions, left, lambda answer: answer.at_least is None or answer.at_least > left_tier)
        step_left = self._order[left] < self._order[right]
        at = left if step_left else right
        for answer in self._questions[at].answers:
            moved = _step(answer, left_tier if step_left else right_tier)
            pair = (moved, worse) if step_left else (better, moved)
            rest = self.counter_example(*pair)
            if rest is not None:
                return ((at, answer.id), *rest)
        return None


def _step(answer: Answer, tier: int = _NONE) -> _At:
    """Where an answer leads, and the gravest tier so far."""
    return answer.next, tier if answer.at_least is None else min(tier, answer.at_least)


def _told(way: _Way) -> str:
    return ", ".join(f"{question} = {answer}" for question, answer in way)
