"""The whole story, as `rai-incident demo --play` and CI run it: the real bot in its own process, killed on the way."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from incidents.access import Person
from incidents.db import writing
from incidents.opening import open_report
from sandbox.play import STEPS, play
from sandbox.server import World
from severity.policy import load_policy

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
REPORTER = Person("U0SUPPORT1", "T0SANDBOX1")


def _demo(database_url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", "demo", "--play"]
    environment = {**os.environ, "DATABASE_URL": database_url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_the_story_plays_from_harm_to_postmortem_draft(database_url: str) -> None:
    done = _demo(database_url)

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line[:4].strip() for line in lines] == [*(f"{step}." for step in range(1, len(STEPS) + 1)), ""]
    assert all(re.match(r"^ *(\d+\.)? +\d+\.\d\d s  \S", line) for line in lines)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # as replicas behind one address would
async def test_the_story_plays_over_signed_http_on_a_record_that_holds_an_incident(
    tmp_path: Path, engine: Engine, database_url: str
) -> None:
    with writing(engine) as session:
        report = {"what_happened": "An earlier incident", "system": "not-listed"}
        earlier = open_report(session, report, REPORTER, load_policy(), key="earlier").number
    said: list[str] = []
    command = [sys.executable, "-m", "bot", "serve", "--port", "{port}"]

    async with World(
        tmp_path / "world", 0, bot_command=command, bot_env={"DATABASE_URL": database_url}, socket_mode=False
    ) as world:
        await world.bot_ready()
        held = await play(world, said.append)

    assert held, "\n".join(said)
    opened = next(line for line in said if "is open" in line)
    assert f"{earlier} " not in opened


async def test_an_outcome_that_does_not_hold_ends_the_story_and_says_what_was_seen(tmp_path: Path) -> None:
    """Without a bot nobody opens the form: the second step fails, with Slack's own words and no later step."""
    said: list[str] = []

    async with World(tmp_path, 0, bot_command=[], bot_env={}) as world:
        held = await play(world, said.append)

    assert not held
    assert said[1].startswith("  2.")
    assert "FAILED" in said[1]
    assert "/rai-incident failed because the app did not respond" in said[2]
