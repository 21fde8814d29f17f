"""A whole exercise by itself: ninety minutes at sixty times the speed, with people who act by a script; and the bot
killed five times in the middle of one, after which no inject is lost and none has come twice."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from scene import Scene, perhaps, scene

from incidents.db import reading
from incidents.models import Incident
from playbooks import running
from playbooks.models import Exercise, ExerciseInject
from playbooks.scenario import load_scenarios
from sandbox.story.person import Person
from sandbox.story.stage import SUPPORT_CHANNEL
from sandbox.story.waiting import until
from sandbox.workspace import Json

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCENARIO = "personal-data-after-model-update"
PLAYED = load_scenarios().require(SCENARIO)
SURE = {"materialisation": "event", "ongoing": "yes", "personal_data": "others", "minors": "none", "rights_law": "no"}
SPEED = 60
SLACK = 4.0  # exercise minutes that a scripted act may be late: four seconds of the wall clock
KILLS = 5


class Team:
    """The exercise, its people, and its clock as an outsider reads it."""

    def __init__(self, world: Scene) -> None:
        self.scene = world
        self.support, self.on_call, self.lead, self.privacy, self.comms = (
            Person(world.world, user) for user in ("U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1", "U0PRIVACY1", "U0COMMS001")
        )
        self.channel = ""

    @property
    def exercise(self) -> Exercise:
        with reading(self.scene.engine) as session:
            return session.scalars(sa.select(Exercise)).one()

    @property
    def injects(self) -> dict[str, ExerciseInject]:
        with reading(self.scene.engine) as session:
            return {row.inject_id: row for row in session.scalars(sa.select(ExerciseInject))}

    def stamped(self) -> dict[str, float]:
        """The three times from the incident's own stamps: a second of the wall clock is a minute of the exercise."""
        with reading(self.scene.engine) as session:
            exercise = session.scalars(sa.select(Exercise)).one()
            incident = session.get_one(Incident, exercise.incident_id)
            assert exercise.started_at and incident.detected_at and incident.acknowledged_at and incident.mitigated_at
            spans = {
                "TTD": incident.detected_at - exercise.started_at,
                "TTA": incident.acknowledged_at - incident.declared_at,
                "TTM": incident.mitigated_at - incident.detected_at,
            }
        return {name: span.total_seconds() for name, span in spans.items()}

    async def begin(self) -> None:
        """Communications leads; the others play."""
        await self.comms.command(SUPPORT_CHANNEL, f"exercise start {SCENARIO}")
        cast = {
            "commander": [self.lead.id],
            "on-call": [self.on_call.id],
            "privacy": [self.privacy.id],
            "communications": [self.comms.id],
            "support": [self.support.id],
            "scribe": [self.support.id],
        }
        await self.comms.submit({"speed": str(SPEED), **{f"role:{role}": users for role, users in cast.items()}})
        await self.scene.quiet()
        self.channel = str(self.exercise.channel_id)
        await self.comms.press(str(self.comms.bot_dm), "exercise_begin")
        await until(lambda: self.exercise.started_at, "the clock to run")

    async def at(self, minute: float) -> None:
        """Wait until the exercise clock shows this minute."""
        exercise = self.exercise
        await until(lambda: running.minute(exercise) >= minute, f"minute {minute}", within=120)

    # what the script's people do

    async def declares(self) -> None:
        await self.support.command(self.channel, "declare")
        system = f"x{self.exercise.id}-order-helper"
        await self.support.submit({"what_happened": "It told a customer a stranger's address", "system": system})

    async def acknowledges(self) -> None:
        await self.on_call.press(self.channel, "acknowledge")

    async def classifies(self, scope: str) -> None:
        await self.lead.press(self.channel, "classify_open")
        await self.lead.submit({"harm_classes": ["H4"], **SURE, "scope": scope})
        await self.lead.press(self.channel, "assessment_confirm")

    async def saves_the_exchange(self) -> None:
        await self.on_call.press(self.channel, "contain_open")
        await self.on_call.submit({"runbook": "personal-data-in-outputs"})
        for seen, step, words in (
            ("Save the exchange", "Save the exchange", "Asked for a sofa; told [address 1] of [customer 2]."),
            ("1 saved", "was running", "Model 14; cache: not known."),
        ):
            await self.on_call.sees(self.channel, "Personal data in outputs", seen)
            await self.on_call.press(self.channel, "evidence_open")
            await self.on_call.modal("Save evidence", step)
            await self.on_call.submit({"kind": "text", "words": words})

    async def keeps_the_transcripts(self) -> None:
        await self.on_call.press(self.channel, "exercise_option_1")

    async def brings_privacy_in(self) -> None:
        await self.lead.command(self.channel, "role")
        await self.lead.submit({"role": "legal", "user": self.privacy.id})

    async def starts_the_clock(self) -> None:
        def gdpr() -> tuple[str, Json, Json] | None:
            for message in reversed(self.privacy.messages(self.channel)):
                about = ""
                for block in message["blocks"] or []:
                    about = json.dumps(block) if block["type"] == "section" else about
                    for element in block.get("elements", []):
                        if element.get("action_id") == "clock_start_open" and "GDPR" in about:
                            return message["ts"], block, element
            return None

        ts, block, element = await until(gdpr, "the GDPR clock's Start")
        container = {"type": "message", "channel": self.channel, "ts": ts}
        given = {"value": element["value"]}
        await self.privacy.act(
            "block_action", container=container, block_id=block["block_id"], action_id="clock_start_open", element=given
        )
        await self.privacy.submit()

    async def plans_the_rollback(self) -> None:
        await self.on_call.press(self.channel, "step_decide_still-leaking")
        await self.on_call.press(self.channel, "rollback_open")
        await self.on_call.submit({"target": "model-version"})

    async def approves_it(self) -> None:
        await self.lead.press(self.channel, "rollback_approve")

    async def notes(self, words: str) -> None:
        await self.privacy.command(self.channel, f"note {words}")

    async def drafts_the_status_page(self) -> None:
        await self.comms.command(self.channel, "comms")
        await self.comms.submit({"template": "H4:status-page"})

    async def says_that_it_stopped(self) -> None:
        await self.lead.press(self.channel, "mitigate")


def script(team: Team) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
    """Minute of the exercise -> what somebody does then."""
    return [
        (1, team.declares),
        (3, team.acknowledges),
        (5, lambda: team.classifies("few")),
        (9, team.saves_the_exchange),
        (14, team.keeps_the_transcripts),
        (16, team.plans_the_rollback),
        (24.5, lambda: team.notes("07:40, 07:52 and 08:05: three times, and who saw what.")),
        (26, team.brings_privacy_in),
        (27, team.starts_the_clock),
        (28, team.approves_it),
        (30, lambda: team.classifies("many")),
        (40, lambda: team.notes("The lamp customer's address was shown once; called back.")),
        (46, team.drafts_the_status_page),
        (55, lambda: team.notes("Contracts with a notice period: the hotel group, 24 hours, privacy has it.")),
        (67, lambda: team.notes("The authority was answered: facts, one name.")),
        (70, team.says_that_it_stopped),
        (77, lambda: team.notes("All 58 are told by letter today; the person at risk was called first.")),
    ]


# By hand, from the scenario's text and the script above: what was expected of it, and what came of it.
BY_HAND = {
    "declare": ("in time", 1),  # due 6
    "classify": ("in time", 5),  # asked for at 4, due 12
    "reproduce": ("in time", 9),  # asked for at 8, due 16
    "keep-evidence": ("in time", 14),  # asked for at 13, due 19
    "tell-privacy": ("late", 26),  # asked for at 18, due 24; critical
    "start-clock": ("in time", 27),  # asked for at 22, due 32
    "write-times": ("in time", 24.5),  # asked for at 22, due 34
    "roll-back": ("in time", 28),  # asked for at 27, due 36
    "classify-again": ("in time", 30),  # asked for at 27, due 37
    "protect-person": ("in time", 40),  # asked for at 38, due 48
    "holding-statement": ("in time", 46),  # asked for at 44, due 54
    "contracts": ("in time", 55),  # asked for at 53, due 61
    "authority-answer": ("late", 67),  # asked for at 58, due 64
    "mitigated": ("in time", 70),  # asked for at 68, due 75
    "tell-people": ("in time", 77),  # asked for at 75, due 82
    "check-surfaces": ("missed", None),  # nobody tries the failing words again
    "all-copies": ("missed", None),
    "hand-over": ("missed", None),
}
RATINGS_BY_HAND = {
    "contain": "S",  # both critical ones in time, two ordinary ones missed
    "evidence": "P",
    "clock": "M",  # privacy was told late, and that is critical
    "words": "S",  # the authority was answered late, the next shift told nothing
}
TIMES_BY_HAND = {"TTD": 1, "TTA": 2, "TTM": 27}  # reported at 1; acknowledged at 3; the rollback was verified at 28
BRANCHES_NOT_TAKEN = {"transcripts-gone", "curious-colleague", "filter-in", "filter-leaks", "printed-denial"}


@ON_SQLITE
async def test_ninety_minutes_at_sixty_times_the_speed_give_the_report_worked_out_by_hand(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(tmp_path / "world", database_url) as world:
        team = Team(world)
        await team.begin()
        for minute, act in script(team):
            await team.at(minute)
            await act()
        await team.comms.sees(team.channel, "The exercise is over", within=60)
        await team.comms.press(str(team.comms.bot_dm), "exercise_report")
        report = await until(lambda: _file(world, ".md"), "the report")
        printed = await until(lambda: _file(world, ".pdf"), "the report as PDF")
        injects = team.injects
        exercise = team.exercise
        stamped = team.stamped()
    (tmp_path / "report.md").write_text(report)

    assert printed.startswith("%PDF")
    assert exercise.ended_at is not None
    assert exercise.started_at is not None
    assert (exercise.ended_at - exercise.started_at).total_seconds() == pytest.approx(90, abs=3)
    assert {name for name, row in injects.items() if row.state != "delivered"} == {*BRANCHES_NOT_TAKEN, "getting-worse"}
    assert _results(report) == {name: result for name, (result, _) in BY_HAND.items()}
    for name, (_, minute) in BY_HAND.items():
        assert minute is None or minute - 0.5 <= _minute(report, name) <= minute + SLACK + 0.5, name
    assert _ratings(report) == RATINGS_BY_HAND
    assert "13 of 18 expected actions were done in time, 2 late, 3 not at all." in report
    assert "the team ended at SEV1, the scenario holds SEV1" in report
    for name, wanted in TIMES_BY_HAND.items():
        assert _measured(report, name) == pytest.approx(wanted, abs=SLACK), name
        # What the wall clock says; the report gives the nearest second, and whole minutes from ten on.
        over = stamped[name] - _measured(report, name)
        assert -0.5 / 60 - 1e-6 <= over < (1 if stamped[name] >= 10 else 0.5 / 60 + 1e-6), name
    decided = next(line for line in report.splitlines() if line.startswith("| GDPR") and "expected" in line)
    state, minute, by = (cell.strip() for cell in decided.strip("|").split("|")[1:])
    assert (state, by) == ("running", "privacy")
    assert "Of the legal clocks that the scenario expects, 1 of " in report
    assert 27 - 0.5 <= float(minute) <= 27 + SLACK + 0.5


@ON_SQLITE
async def test_an_exercise_whose_bot_is_killed_five_times_loses_no_inject_and_repeats_none(
    database_url: str, tmp_path: Path
) -> None:
    chosen = random.Random(20261121)
    async with scene(tmp_path / "world", database_url) as world:
        team = Team(world)
        await team.begin()
        acting = [(1.0, team.declares), (14.0, team.keeps_the_transcripts)]
        killed = 0
        # Some kills come while an inject is under way to Slack, the others at any moment.
        for number in range(KILLS):
            while acting and running.minute(team.exercise) >= acting[0][0]:
                await perhaps(acting.pop(0)[1]())
            if number % 2:
                with world.killed_at(1 + number, chosen.choice(("arrived", "done"))) as happened:
                    await until(happened, "the kill", within=60)
            else:
                await asyncio.sleep(chosen.uniform(2, 6))
                world.world.kill_bot()
            killed += 1
            await asyncio.sleep(chosen.uniform(0, 2))
            await world.world.start_bot()
            await world.world.bot_ready()
        await until(lambda: not team.exercise.live, "the end", within=150)
        await world.quiet()
        injects = team.injects
        keys = Counter(
            message.get("metadata_key")
            for person in (team.support, team.on_call, team.lead, team.privacy, team.comms)
            for channel in (team.channel if person is team.comms else None, person.bot_dm)
            if channel is not None
            for message in person.messages(channel)
        )
    assert killed == KILLS
    delivered = {name for name, row in injects.items() if row.state == "delivered"}
    clock_driven = {name for name, row in injects.items() if row.state != "waiting"}
    assert len(delivered) >= 17
    assert delivered == clock_driven
    for name in delivered:
        sent = {key: count for key, count in keys.items() if re.fullmatch(rf"inject:1:{name}(:U\w+)?", str(key))}
        assert sent, f"{name} is lost"
        assert set(sent.values()) == {1}, f"{name} came twice: {sent}"
    order = [row.minute for row in injects.values() if row.state == "delivered" and row.minute is not None]
    assert max(order) <= 90


def _file(world: Scene, ending: str) -> str | None:
    files = world.world.workspace.files.values()
    found = next((file for file in files if file.name.endswith(ending) and file.content), None)
    return found.content.decode(errors="replace") if found else None


def _rows(report: str) -> list[list[str]]:
    lines = (line for line in report.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def _action(report: str, name: str) -> list[str]:
    """The row of an expected action: expected, due, done, result, evidence."""
    words = next(action.text for action in PLAYED.actions if action.id == name)
    return next(row for row in _rows(report) if row[0].removesuffix("**(critical)**").strip() == words)


def _results(report: str) -> dict[str, str]:
    return {name: _action(report, name)[3] for name in BY_HAND}


def _minute(report: str, name: str) -> float:
    return float(_action(report, name)[2])


def _ratings(report: str) -> dict[str, str]:
    summary = {row[0]: row[2] for row in _rows(report) if len(row) == 3}
    return {each.id: summary[each.text][0] for each in PLAYED.objectives}


def _measured(report: str, name: str) -> float:
    row = next(row for row in _rows(report) if row[0].startswith(name))
    hours = re.search(r"(\d+) h", row[1])
    minutes, seconds = re.search(r"(\d+) min", row[1]), re.search(r"(\d+) s", row[1])
    parts = ((hours, 60.0), (minutes, 1.0), (seconds, 1 / 60))
    return sum(float(found.group(1)) * factor for found, factor in parts if found)
