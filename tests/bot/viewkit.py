"""Values for every argument of every view, by its type and its name: ordinary, empty, as large as can be, hostile."""

import dataclasses
import inspect
import itertools
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.digest.value import MEASURES, UNCLASSIFIED, Mitigation, Pointer, Sentence, Target, Time, Week
from bot.views import exercise, exercise_panel
from bot.views.blocks import escape
from bot.views.break_glass import VERDICTS
from bot.views.card import ROLE_WORDS, STATUS_WORDS
from bot.views.contain import MARKS
from bot.views.rollback import HEADLINES
from incidents.periods import EVERY, Period
from playbooks.running import SPEEDS
from playbooks.scenario import Inject, Scenario
from playbooks.solo import Hint, hints
from severity.facts import Fact
from severity.loading import check_shape, read_yaml
from severity.policy import Decision, load_policy
from severity.taxonomy import HarmClass, harm_classes
from severity.tiers import Outcome, Question, Taken, load_tiers

MODES = ("ordinary", "empty", "maximal", "hostile")
EVIL = (
    "<!channel> <!here> <@U0RAILEAD1> <https://evil.invalid|Approve> <!subteam^S0RESPOND1> *b* `c` ```d\n> e "
    "&lt;!channel&gt; &amp;lt; \u202etxt\u202c z\u200bw \x00\x07 😀 "
)
WORDS = {"ordinary": "A customer saw an order", "empty": "", "maximal": "<&>x" * 1_000, "hostile": EVIL * 9}
PEOPLE = [
    "by",
    "reporter",
    "acknowledged_by",
    "requested_by",
    "used_by",
    "reviewed_by",
    "approved_by",
    "owner",
    "viewer",
    "commander",
    "assignee",
    "started_by",
    "ended_by",
    "decided_by",
    "whom",
    "user_id",
]
POLICY, TIERS = load_policy(), load_tiers()
CHOICES: dict[str, Sequence[str]] = {
    "severity": ("SEV0", "SEV1", "SEV2", "SEV3", "SEV4"),
    "status": tuple(STATUS_WORDS),
    "ongoing": ("yes", "no", "not_sure"),
    "action_class": ("routine", "disruptive", "critical"),
    "verdict": tuple(VERDICTS),
    "skip": ("never", "reason", "commander"),
    "PlanFacts.state": tuple(HEADLINES),
    "PlanFacts.replay": ("", "keep", "replay"),
    "StepView.state": tuple(MARKS),
    "Answer.state": ("proposed", "confirmed", "superseded"),
    "StepView.kind": ("do", "decide", "collect", "rollback", "wait", "communicate", "parallel"),
    "ClockLine.state": ("proposed", "running", "declined", "submitted"),
    "kind": ("real", "exercise", "test"),
    "PanelFacts.state": tuple(exercise.STATE_WORDS),
    "Rehearsal.state": tuple(exercise.STATE_WORDS),
    "ListLine.state": tuple(exercise.STATE_WORDS),
    "InjectLine.state": ("delivered", "skipped", "waiting"),
    "ActionLine.state": tuple(exercise_panel.OUTCOME_MARK),
    "DoneLine.state": tuple(exercise_panel.OUTCOME_MARK),
    "SoloFacts.state": tuple(exercise.STATE_WORDS),
    "every": EVERY,
}
SEVERITIES = CHOICES["severity"]
CHOICES |= dict.fromkeys(("computed", "floor", "to", "after", "decided"), CHOICES["severity"])
WEEK = Period(date(2026, 11, 9), date(2026, 11, 16), "Europe/Berlin", "weekly")
# What comes from files that are checked when they are read, and is no text of a person's: kept in its own bounds.
_NUMBERS = itertools.count()
PAIRS = [(f"id-{number}", f"Name {number} " + "x" * 60) for number in range(30)]
CHECKED: dict[str, Callable[[str], Any]] = {
    "systems": lambda mode: PAIRS[: _many(mode)] or PAIRS[:1],
    "runbooks": lambda mode: [(name, title, index % 2 == 0) for index, (name, title) in enumerate(PAIRS)],
    "targets": lambda mode: [(name, title, "openfeature, disruptive") for name, title in PAIRS[:5]],
    "choices": lambda mode: PAIRS[:4],
    "accepts": lambda mode: ("file",) if mode == "empty" else ("text", "link", "query", "file"),
    "classes": lambda mode: harm_classes(),
    "chosen": lambda mode: [] if mode == "empty" else list(harm_classes()),
    "questions": lambda mode: POLICY.questions_for(list(harm_classes())) if mode != "empty" else (),
    "answers": lambda mode: {} if mode == "empty" else _answers(),
    "seats": lambda mode: PAIRS[:3],
    "roles": lambda mode: {} if mode == "empty" else dict.fromkeys(ROLE_WORDS, _words("by", mode)),
    "path": lambda mode: _walk()[0],
    "so_far": lambda mode: _walk()[0],
    "suggestion": lambda mode: {} if mode == "empty" else _suggestion([WORDS[mode]] * 3),
    "times": lambda mode: {name: (_span(mode), _span(mode)) for name in ("TTD", "TTA", "TTM", "TTR")},
    "metadata": lambda mode: json.dumps({"incident": 7, "channel": "C0SUPPORT1"}),
    "callback": lambda mode: "step_done",
    "number": lambda mode: "INC-999999999" if mode == "maximal" else "INC-7",
    "next_id": lambda mode: {"empty": None, "maximal": "n" * 60}.get(mode, "press-calls"),  # an inject's, as checked
    "StepView.title": lambda mode: WORDS[mode] or "A step",
    "step_id": lambda mode: "save-the-exchange",
    "plan_hash": lambda mode: "f" * 64,
    "policy_hash": lambda mode: "f" * 64,
    "exercise": lambda mode: None if mode == "empty" else "EX-7",
    "incident": lambda mode: None if mode == "empty" else "INC-7",
    "allowed": lambda mode: ("S", "M", "U"),
    "objective_id": lambda mode: f"objective-{next(_NUMBERS)}",
    "evidence": lambda mode: [escape(WORDS[mode], 120)] * _many(mode),
    "asked": lambda mode: ["What went well?", EVIL],
    "speeds": lambda mode: SPEEDS,
    "to_roles": lambda mode: PAIRS[:5],
    "scenarios": lambda mode: [_scenario()],
    "improvements": lambda mode: [escape(WORDS[mode], 120)] * _many(mode),
    "channel_id": lambda mode: None if mode == "empty" else "C0SUPPORT1",
    "ticket": lambda mode: None if mode == "empty" else ("RAI-1", "https://jira.invalid/browse/RAI-1"),
    "tiered_at": lambda mode: date(2026, 1, 1),
    "submit": lambda mode: "Save",
    "id": lambda mode: "support-assistant",
    "notice": lambda mode: "Not legal advice.",
    "short_hash": lambda mode: "f" * 12,
    "hash": lambda mode: "f" * 64,
    "snapshot_hashes": lambda mode: {WORDS[mode]: "f" * 64},
    "me": lambda mode: EVIL if mode == "hostile" else "U0ONCALL01",
    "facilitator": lambda mode: EVIL if mode == "hostile" else "U0ONCALL01",
    "harm_class": lambda mode: "H4",
    "ClassGap.scenarios": lambda mode: ("small",),
    "Planned.scenario": lambda mode: "small",
    "Trend.of": lambda mode: "H4",
    "DoneLine.how": lambda mode: _hint().how,
    "SoloFacts.asked": lambda mode: [(_hint().label, 7.0)] * min(3, _many(mode)),
    "SoloFacts.traps": lambda mode: [WORDS[mode]] * _many(mode),
    # made into mrkdwn, and escaped, by who hands it in
    "clocks": lambda mode: [escape(WORDS[mode], 120)] * _many(mode),
    # addresses of files that the bot has uploaded
    "pictures": lambda mode: [] if mode == "empty" else ["https://files.invalid/trends.png"],
    # computed from the record, in the shapes that its sums have; chosen in the form, and checked
    "Pointer.channel": lambda mode: None if mode == "empty" else "C0SUPPORT1",
    "Digest.period": lambda mode: WEEK,
    "Digest.previous": lambda mode: WEEK.previous,
    "Digest.systems": lambda mode: tuple(name for name, _ in PAIRS[: _many(mode)]),
    "Digest.harm_classes": lambda mode: () if mode == "empty" else tuple(harm_classes()),
    "Digest.worst": lambda mode: None if mode == "empty" else ("SEV1", Pointer("INC-7", "C0SUPPORT1", None)),
    "Digest.busiest": lambda mode: None if mode == "empty" else ("H4", 7, Pointer("INC-7", "C0SUPPORT1", None)),
    "Digest.sentences": lambda mode: (Sentence(WORDS[mode] or "None.", Pointer("INC-7", "C0SUPPORT1", None)),) * 3,
    "Recurrence.classes": lambda mode: dict.fromkeys(harm_classes(), (_number(mode), _number(mode))),
    "Digest.times": lambda mode: dict.fromkeys(MEASURES, Time(None if mode == "empty" else 90.0, _number(mode))),
    "Digest.times_by_severity": lambda mode: {
        severity: dict.fromkeys(MEASURES, Time(1e9, 7)) for severity in SEVERITIES[: _many(mode)]
    },
    "Digest.targets": lambda mode: {
        severity: {"ttm": Target(7200.0, 2, 7, 2 / 7)} for severity in SEVERITIES[: _many(mode)]
    },
    "Digest.mitigation": lambda mode: {} if mode == "empty" else dict.fromkeys(SEVERITIES, Mitigation(90.0, 7200.0, 3)),
    "Rates.unit": lambda mode: "per million requests",
    "Rates.weights": lambda mode: dict(zip(SEVERITIES, (16, 8, 4, 2, 1), strict=True)),
    "Rates.weeks": lambda mode: () if mode == "empty" else tuple(_week(week, mode) for week in WEEK.weeks(26)),
    "Subscribed.weekday": lambda mode: 6,
    "Subscribed.at": lambda mode: "09:00",
    "Subscribed.systems": lambda mode: tuple(name for name, _ in PAIRS[: _many(mode)]),
    "Subscribed.harm_classes": lambda mode: () if mode == "empty" else tuple(harm_classes()),
}
CHECKED |= {
    f"Counts.{name}": lambda mode: {name: _number(mode) for name in SEVERITIES}
    for name in ("by_severity", "previous_by_severity")
} | {
    f"Counts.{name}": lambda mode: {name: _number(mode) for name in (*harm_classes(), UNCLASSIFIED)}
    for name in ("by_harm_class", "previous_by_harm_class")
}


def views_of(module: types.ModuleType) -> list[Callable[..., Any]]:
    """The public functions of a module of views that return a message or a view."""
    own = [
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]
    return [function for function in own if _returned(function) in ("Message", "Block")]


def _returned(function: Callable[..., Any]) -> str:
    told = inspect.signature(function).return_annotation
    return "Block" if told == dict[str, Any] else getattr(told, "__name__", str(told))


def call(view: Callable[..., Any], mode: str, round_: int) -> Any:
    """What a view shows for values of one mode. `round_` walks through the states that its arguments may be in."""
    types_ = typing.get_type_hints(view)
    return view(**{name: make(types_[name], name, mode, round_) for name in inspect.signature(view).parameters})


@cache
def make(kind: Any, name: str, mode: str, round_: int, owner: str = "") -> Any:
    """A value of the type `kind` for an argument or a field of this name: the same one again, since lists of lists of
    facts would be made a million times."""
    choices = CHOICES.get(f"{owner}.{name}") or CHOICES.get(name)
    optional = type(None) in typing.get_args(kind)
    if optional and mode == "empty" and name != "metadata":
        return None
    if choices and kind in (str, str | None):
        return choices[round_ % len(choices)]
    checked = CHECKED.get(f"{owner}.{name}") or (None if _of_facts(kind) else CHECKED.get(name))
    if checked:
        return checked(mode)
    if optional:
        kind = next(one for one in typing.get_args(kind) if one is not type(None))
    return _plain(kind, name, mode, round_)


def _of_facts(kind: Any) -> bool:
    """Whether these are facts of the views' own, one or a list, which are made field by field."""
    return any(dataclasses.is_dataclass(one) and one not in CONTENT for one in (kind, *typing.get_args(kind)))


def _plain(kind: Any, name: str, mode: str, round_: int) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is str:
        return _words(name, mode)
    if kind is bool:
        return round_ % 2 == 0
    if kind is float:
        return {"empty": 0.0, "maximal": 239.9}.get(mode, 7.4)
    if origin is typing.Literal:
        return arguments[round_ % len(arguments)]
    if kind is int:
        return _number(mode)
    if kind is datetime:
        return datetime(2286, 1, 1, tzinfo=UTC) if mode == "maximal" else datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    if kind is date:
        return date(2026, 3, 29)
    if kind is timedelta:
        return _span(mode)
    if kind in CONTENT:
        return CONTENT[kind]()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        types_ = typing.get_type_hints(kind)
        fields = [field.name for field in dataclasses.fields(kind)]
        return kind(**{field: make(types_[field], field, mode, round_, kind.__name__) for field in fields})
    if origin in (dict, Mapping):
        return {f"key {index}": make(arguments[1], name, mode, round_) for index in range(_many(mode))}
    if origin is tuple and arguments[-1] is not Ellipsis:
        return tuple(make(one, "", mode, round_) for one in arguments)
    if origin in (list, Sequence, tuple):
        count = max(_many(mode), 1) if name == "steps" else _many(mode)  # a run has steps
        items = [make(arguments[0], name, mode, round_ + index) for index in range(count)]
        return tuple(items) if origin is tuple else items
    if kind is Any or kind is object:
        return _words(name, mode)
    raise AssertionError(f"no value for {name}: {kind}")


def _words(name: str, mode: str) -> str:
    return "U0ONCALL01" if name in PEOPLE and mode != "hostile" else WORDS[mode]


def _many(mode: str) -> int:
    return {"empty": 0, "ordinary": 2, "maximal": 60, "hostile": 5}[mode]


def _number(mode: str) -> int:
    return {"empty": 0, "maximal": 10**9}.get(mode, 7)


def _week(week: Period, mode: str) -> Week:
    return Week(week.first, _number(mode), _number(mode), _number(mode), 1.5, 0.5, float(_number(mode)))


def _span(mode: str) -> timedelta | None:
    return {"empty": None, "ordinary": timedelta(minutes=5), "hostile": timedelta(days=-3)}.get(
        mode, timedelta(days=4000)
    )


def _scenario() -> Scenario:
    """A scenario whose texts are all hostile: they come from a file that anybody may have written."""
    path = Path(__file__).parents[1] / "playbooks" / "small-scenario.yaml"
    scenario = check_shape(read_yaml(path), Scenario)
    injects = tuple(
        each.model_copy(update={"text": EVIL, "persona": each.persona.model_copy(update={"name": EVIL})})
        for each in scenario.injects
    )
    roles = tuple(each.model_copy(update={"title": EVIL, "why": EVIL}) for each in scenario.roles)
    texts = dict.fromkeys(("title", "background", "opening", "facilitator"), EVIL)
    return scenario.model_copy(update={**texts, "injects": injects, "roles": roles})


def _hint() -> Hint:
    """Our own words, from a file that is checked when it is read."""
    return hints()["rollback"]


def _answers() -> dict[str, str]:
    return {name: next(iter(fact.answers)) for name, fact in POLICY.facts.items()}


def _suggestion(because: list[str]) -> dict[str, Any]:
    return {
        "harm_classes": [{"class": name, "because": because} for name in harm_classes()],
        "answers": {name: {"answer": answer, "because": because} for name, answer in _answers().items()},
    }


def _walk() -> tuple[list[Taken], Outcome]:
    answers: dict[str, str] = {}
    while not isinstance(step := TIERS.next(answers), Outcome):
        answers[step.id] = step.answers[-1].id
    return list(step.path), step


CONTENT: dict[Any, Callable[[], Any]] = {
    Scenario: lambda: _scenario(),
    Inject: lambda: next(each for each in _scenario().injects if each.options),
    Decision: lambda: POLICY.evaluate({}, list(harm_classes())),
    Fact: lambda: next(iter(POLICY.facts.values())),
    Hint: lambda: _hint(),
    HarmClass: lambda: harm_classes()["H4"],
    Outcome: lambda: _walk()[1],
    Question: lambda: TIERS.next({}),
    Taken: lambda: _walk()[0][0],
}
