"""An exercise cannot hurt, by construction: every adapter of the outside has a harmless twin, and there is no way past
them. Abuse case 43."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from exercisekit import SMALL
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot import outside, rehearsal
from bot.outside import Announcer, Asker, Levers, Pager, Real, Room, Tracker
from bot.parts import Parts
from bot.rehearsal import MARK, Rehearsal, RehearsalRoom, rehearsal_of
from incidents.db import reading, writing
from incidents.inventory import SystemEntry
from integrations.jira import Ticket
from integrations.rollback.base import TargetError
from integrations.slack import Message, SlackRefused
from playbooks import running
from playbooks.running import Setup
from playbooks.scenario import load_scenario
from severity.errors import RaiIncidentError

BOT = Path(outside.__file__).parent

# field of the outside -> what both sides of it can do
ADAPTERS = {
    "room": Room,
    "pager": Pager,
    "tracker": Tracker,
    "announcer": Announcer,
    "levers": Levers,
    "asker": Asker,
}

VALUES = ("said_of_page", "colleagues")  # words and names, which can do nothing

# Parts that reach outside -> where an exercise finds them instead. A new one fails the test until somebody has decided.
REACHING = {
    "slack": ("room", "announcer"),
    "pagerduty": ("pager",),
    "jira": ("tracker",),
    "model": (),  # reads a report and answers; it changes nothing, and is not asked for an exercise
}
ENTRY = {"id": "bot", "name": "Bot", "owner": "U0OWNER001", "tier": 1}
OUTWARD = ("slack", "pagerduty", "jira", "web")

# Where the bot may reach a real service without asking whose incident it is, and why that is no incident's business.
ALLOWED = {
    "parts.py": "makes both sides of the outside",
    "effects.py": "the title of a thread of the assistant pane",
    "homes.py": "App Homes, of what their person may see",
    "home_facts.py": "says what is configured",
    "listeners/__init__.py": "the door: forms, under an exercise's banner in its channel",
    "listeners/buttons.py": "answers to a press, under the banner in an exercise's channel",
    "listeners/messages.py": "answers to a shortcut, under the banner in an exercise's channel",
    "listeners/officehours.py": "the prompts of the assistant pane",
    "acts/talk.py": "reads the message that was pinned",
    "acts/officehours.py": "reads who is in a group",
    "acts/digest.py": "reads whether the bot is in a channel",
    "acts/exercise.py": "says whether tickets can be opened",
    "exercise_shown.py": "finds the facilitator's direct channel",
    "shown_questions.py": "the queue of the office hours, into which no exercise hands over",
    "workflows/digest.py": "digests, which no exercise's channel gets",
    "workflows/rephrase.py": "the assistant pane's status line",
    "workflows/rollback.py": "reads who may approve",
    "workflows/exercise.py": "makes the exercise's channel, and opens the improvement plan's real tickets on request",
}
CLIENTS = {"Slack", "PagerDuty", "Jira", "build_target", "ask"}
MAKERS = {
    "outside.py": "the real side",
    "parts.py": "holds the clients",
    "rehearsal.py": "its room speaks",
    "serve.py": "starts the process",
    "doctor.py": "the operator's own look",
    "directory.py": "reads who people are",
    "cli_programme.py": "reads who the responders are",
    "listeners/levers.py": "describes targets without touching them",
}


def test_abuse_43_every_adapter_of_the_outside_has_a_twin_that_can_do_the_same() -> None:
    real, rehearsed = get_type_hints(Real), get_type_hints(Rehearsal)
    assert Real.colleagues == frozenset(), "nobody but a person approves for real"
    assert list(real) == list(rehearsed) == [*ADAPTERS, *VALUES]
    for name, protocol in ADAPTERS.items():
        twin = rehearsed[name]
        assert twin.__module__ == rehearsal.__name__, f"{name} of an exercise is {twin}"
        for method in _methods(protocol):
            assert list(inspect.signature(getattr(twin, method)).parameters) == list(
                inspect.signature(getattr(protocol, method)).parameters
            ), f"{twin.__name__}.{method}"


def test_abuse_43_every_part_that_reaches_outside_has_a_place_in_the_outside() -> None:
    reaching = {field.name for field in fields(Parts) if "integrations." in _modules_of(field.name)}
    assert reaching == set(REACHING)
    assert {name for names in REACHING.values() for name in names} <= set(ADAPTERS)


def test_abuse_43_no_adapter_of_an_exercise_holds_a_way_out(engine: Engine) -> None:
    """Everything that can be reached from one, but for its room: nothing of the integrations that could connect."""
    made = _rehearsal(engine)
    for name in ADAPTERS:
        if name != "room":
            held = {type(thing).__module__ for thing in _reachable(getattr(made, name))}
            assert not {module for module in held if module.startswith("integrations")}, name


def test_abuse_43_the_twins_do_nothing_but_write_down_what_would_have_been(engine: Engine) -> None:
    made = _rehearsal(engine)
    page = made.pager.page(key="k", summary="s", severity="critical", source="x", details={}, link="l")
    assert page.dedup_key == "exercise:k"
    made.pager.acknowledge("k")
    made.pager.resolve("k")
    assert made.tracker.find_or_create(key="k", summary="s", description="d", link="l", again=False) is None
    made.tracker.comment(Ticket("RAI-1", "url"), "words", "k")
    assert made.announcer.announce(Message("words"), key="k", again=False) is None
    with pytest.raises(RaiIncidentError):
        made.levers.target("support-assistant", "model-version")
    with pytest.raises(TargetError):
        made.asker.ask(SystemEntry.model_validate(ENTRY), "Where is my order?", "s")


def test_abuse_43_a_lever_of_an_exercise_is_never_made_from_a_real_entry(engine: Engine) -> None:
    with pytest.raises(TargetError, match="real"):
        rehearsal.RehearsalTarget(engine, 1, "support-assistant", {"id": "model", "kind": "openfeature"})


def test_abuse_43_the_room_speaks_in_its_own_channel_and_to_its_own_people_only(engine: Engine) -> None:
    slack = _Slack()
    room = _rehearsal(engine, slack).room
    for speak in (
        lambda: room.post("C0GENERAL1", Message("words"), key="k", again=False),
        lambda: room.update("C0GENERAL1", "1.0", Message("words")),
        lambda: room.invite("C0GENERAL1", ["U0COMMAND1"]),
        lambda: room.pin("C0GENERAL1", "1.0"),
        lambda: room.bookmark("C0GENERAL1", "t", "l", emoji=":e:", again=False),
        lambda: room.upload("C0GENERAL1", name="n", title="t", content="c", comment="c", again=False),
    ):
        with pytest.raises(SlackRefused, match="own channel only"):
            speak()
    assert room.post_direct("U0STRANGER", Message("words"), key="k", again=False) == ""
    room.upload_direct("U0STRANGER", name="n", title="t", content="c", comment="c", again=False)
    assert slack.said == []
    room.invite("C0EXERCISE", ["U0COMMAND1", "U0STRANGER"])
    room.post("C0EXERCISE", Message("words"), key="k", again=False)
    room.post_direct("U0COMMAND1", Message("words"), key="k", again=False)
    assert slack.said[0] == ("invite", ("C0EXERCISE", ["U0COMMAND1"]))
    for _, (_, message) in slack.said[1:]:
        assert message.text.startswith(MARK)
        assert MARK in str(message.blocks[0])


def test_abuse_43_every_way_the_room_can_speak_is_under_its_banner(engine: Engine) -> None:
    """What the room hands on to Slack is of its own making: no words of its caller's go through as they are."""
    tree = ast.parse(Path(rehearsal.__file__).read_text())
    [room] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == RehearsalRoom.__name__]
    calls = [
        call
        for call in ast.walk(room)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("self._slack.")
    ]
    assert len(calls) >= 10
    for call in calls:
        passed = [ast.unparse(argument) for argument in call.args]
        assert not {"message", "view", "title", "comment"} & set(passed), ast.unparse(call)


def test_abuse_43_no_module_reaches_a_service_past_the_outside() -> None:
    found = {name for name, tree in _modules() if any(_reaches(node) for node in ast.walk(tree))}
    assert found == set(ALLOWED), f"new: {found - set(ALLOWED)}; gone: {set(ALLOWED) - found}"


def test_abuse_43_only_listed_modules_can_make_a_client() -> None:
    found = {name for name, tree in _modules() if CLIENTS & set(_imported(tree))}
    assert found == set(MAKERS), f"new: {found - set(MAKERS)}; gone: {set(MAKERS) - found}"


class _Slack:
    """Writes down what it is asked to say. Its answers are never looked at."""

    def __init__(self) -> None:
        self.said: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **more: self.said.append((name, given)) or "1.0"


def _rehearsal(engine: Engine, slack: Any = None) -> Rehearsal:
    scenario = load_scenario(SMALL)
    with writing(engine) as session:
        setup = Setup("T0", "U0LEADER01", {scenario.roles[0].id: ["U0COMMAND1"]})
        exercise = running.start(session, scenario, setup, key="k")
        exercise.channel_id = "C0EXERCISE"
        session.flush()
        number = exercise.id
    with reading(engine) as session:
        return rehearsal_of(session, number, engine, slack or _Slack())


def _methods(protocol: type) -> list[str]:
    return [name for name, member in vars(protocol).items() if inspect.isfunction(member) and not name.startswith("_")]


def _modules_of(name: str) -> str:
    return str(get_type_hints(Parts)[name]).replace("NoneType", "")


def _reachable(root: object) -> Iterator[object]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, Engine | Session | type):
            continue
        seen.add(id(thing))
        yield thing
        waiting += list(vars(thing).values()) if hasattr(thing, "__dict__") else []


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(BOT.rglob("*.py")):
        yield path.relative_to(BOT).as_posix(), ast.parse(path.read_text())


def _reaches(node: ast.AST) -> bool:
    """`parts().slack`, `door.parts.jira`, `door.web`: whatever the thing before the dot is called."""
    return isinstance(node, ast.Attribute) and node.attr in OUTWARD


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("integrations"):
            yield from (alias.name for alias in node.names)
