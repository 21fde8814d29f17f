"""From what happened to what it was worth: expected actions met, late or missed, and a rating per objective.

Pure. What happened comes as plain facts, each with the entry of the record that shows it; nothing is rated without.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from playbooks.scenario import START, Action, Expects, Scenario

State = Literal["met", "late", "missed", "waiting", "not_asked", "not_tested"]
Rating = Literal["P", "S", "M", "U"]

# What each letter says, in HSEEP's words.
RATINGS: dict[Rating, str] = {
    "P": "Performed without challenges",
    "S": "Performed with some challenges",
    "M": "Performed with major challenges",
    "U": "Unable to be performed",
}
ORDER: tuple[Rating, ...] = ("U", "M", "S", "P")

TESTED: tuple[State, ...] = ("met", "late", "missed")  # what the record says something about

# Done once in an incident, so done early is done.
ONCE = frozenset({"declare", "acknowledge", "contain", "rollback", "mitigated", "resolve", "postmortem"})
# What answers an inject: one from before it is no answer.
ANSWERS = frozenset({"note", "update", "comms", "decide"})
COUNTED_ONCE = ANSWERS | {"assign", "evidence", "step", "clock"}  # one deed is not two


@dataclass(frozen=True)
class Fact:
    """One thing that somebody did. `minute` is exercise time; `entry` is the timeline entry that shows it."""

    do: str
    minute: float
    by: str
    entry: int | None
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How one expected action came out. `due` is None while the inject that asks for it was not sent."""

    action: Action
    state: State
    due: float | None
    fact: Fact | None = None


def outcomes(
    scenario: Scenario,
    facts: Iterable[Fact],
    sent: Mapping[str, float],
    minute: float,
    *,
    ended: bool,
    lost: Collection[str] = (),
) -> list[Outcome]:
    """Every expected action of the scenario as it stands at `minute`, in the scenario's order.

    An action is met when what it expects was done at most `within` minutes after its inject was sent; late, when it
    was done after that; missed, when its time is over. Whoever did it counts. Done before it was asked for is met too
    where that can be the same deed: what is done once in an incident, and what `expects` describes. What the play never
    came to, because it went another way, is `not_asked`. What it was kept from is `not_tested`: `lost` are the injects
    that were skipped, or that the end came before; at the end, so is what still had time.
    """
    ordered = sorted(facts, key=lambda fact: fact.minute)
    used: set[int] = set()
    found: dict[str, Outcome] = {}
    starts = {START: 0.0, **sent}
    asked = [action for action in scenario.actions if action.after in starts]
    for action in sorted(asked, key=lambda action: starts[action.after] + action.within):
        start, due = starts[action.after], starts[action.after] + action.within
        fact = _first(action, ordered, start, used)
        if fact is not None:
            if action.do in COUNTED_ONCE:
                used.add(id(fact))
            found[action.id] = Outcome(action, "met" if fact.minute <= due else "late", due, fact)
        elif minute > due or (ended and minute == due):  # at the end, the time of what was due then is over
            found[action.id] = Outcome(action, "missed", due)
        else:
            found[action.id] = Outcome(action, "not_tested" if ended else "waiting", due)
    for action in scenario.actions:
        found.setdefault(action.id, Outcome(action, "not_tested" if action.after in lost else "not_asked", None))
    return [found[action.id] for action in scenario.actions]


def _first(action: Action, facts: Sequence[Fact], start: float, used: set[int]) -> Fact | None:
    for fact in facts:
        if fact.do != action.do or id(fact) in used or (fact.minute < start and not _may_be_early(action)):
            continue
        if action.do == "decide" and fact.data.get("inject") != action.after:
            continue
        if _as_expected(action, fact.data):
            return fact
    return None


def _may_be_early(action: Action) -> bool:
    return action.do in ONCE or (action.do not in ANSWERS and action.expects != Expects())


def _as_expected(action: Action, data: Mapping[str, Any]) -> bool:
    """Whether the record shows everything that the action expects."""
    for name, wanted in action.expects.model_dump(exclude_none=True).items():
        if name == "severity_at_least":
            # SEV0 is the worst; as text the worse one is the smaller one.
            if not data.get("severity") or str(data["severity"]) > wanted:
                return False
        elif name == "harm_class":
            if wanted not in (data.get("harm_classes") or ()):
                return False
        elif data.get(name) != wanted:
            return False
    return True


def rate(found: Iterable[Outcome], left_out: int = 0) -> Rating | None:
    """The rating of one objective from its actions; None where too little of it was tested.

    U: a critical action was missed, or nothing was done. M: a critical one was late, or nothing was in time. S: all
    critical ones in time, an ordinary one late, missed or not tested. P: everything was tested, and in time. A critical
    action that was late or missed decides whatever else was tested; else at least half of the objective has to have
    been. The short variant leaves actions out by design (`left_out`, how many): where it does, it gives S at most.
    (HSEEP's scale; the thresholds are this project's. That one objective was met at another's cost, which is M too,
    only a person can see: they may lower a rating, with a reason.)
    """
    found = list(found)
    states = [outcome.state for outcome in found if outcome.state in TESTED]
    critical = [outcome.state for outcome in found if outcome.action.critical]
    if "missed" in critical:
        return "U"
    if "late" in critical:
        return "M"
    tested, of = parts_tested(found)
    if not tested or 2 * tested < of:
        return None
    if "met" not in states:
        return "M" if "late" in states else "U"
    return "P" if set(states) == {"met"} and tested == of + left_out else "S"


def parts_tested(found: Iterable[Outcome]) -> tuple[int, int]:
    """How many actions were tested, of how many that could have been: another way than the play's does not count."""
    states = [outcome.state for outcome in found]
    tested = sum(state in TESTED for state in states)
    return tested, tested + states.count("not_tested")


def coverage(tested: int, of: int, left_out: int = 0) -> str:
    """What a rating rests on, in words; nothing where all was tested."""
    if not of:
        return "not asked for"
    if tested == of + left_out:
        return ""
    return f"{tested} of {of + left_out} actions tested{', in the short variant' if left_out else ''}"


@dataclass(frozen=True)
class Shown:
    """The rating of one objective as people read it. `proposed` is None where it is not rated; `tested`: `coverage`."""

    objective: str
    proposed: Rating | None
    confirmed: Rating | None
    tested: str

    @property
    def rating(self) -> Rating | None:
        """What counts now."""
        return self.confirmed or self.proposed


def by_objective(scenario: Scenario, found: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each objective, in the scenario's order."""
    return {
        objective.id: [outcome for outcome in found if outcome.action.objective == objective.id]
        for objective in scenario.objectives
    }


def may_confirm(proposed: Rating) -> tuple[Rating, ...]:
    """The ratings a person may give where the evidence gives `proposed`: never one above it. Best first."""
    return tuple(reversed(ORDER[: ORDER.index(proposed) + 1]))
