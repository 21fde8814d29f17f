"""`rai-incident` in a shell: reading commands, their JSON, and errors as one line with exit code 2."""

import asyncio
import json
from pathlib import Path

import pytest
from alembic import command
from botkit import Scene, in_process

from incidents.db import alembic_config, upgrade

pytestmark = pytest.mark.asyncio(loop_scope="module")
UNREACHABLE = "postgresql://rai:hunter2@127.0.0.1:9/rai"


async def _refused(environment: dict[str, str], *arguments: str, cwd: Path | None = None) -> str:
    """Run a command that fails; its one line."""
    code, out, errors = await in_process(environment, *arguments, cwd=cwd)
    assert (code, out) == (2, ""), (out, errors)
    assert errors.startswith("rai-incident: ")
    assert errors.count("\n") == 1
    assert "hunter2" not in errors
    return errors


async def test_every_reading_commands_json_parses_and_shows_the_record(scene: Scene) -> None:
    number, channel = await scene.declare('A quoted "order" \u2028 <b> \\ 😀')
    await scene.person("U0ONCALL01").command(channel, "postmortem")
    await scene.person("U0SUPPORT1").sees(channel, "postmortem draft")
    environment = scene.world.bot_environment()

    async def read(*arguments: str) -> object:
        code, out, errors = await in_process(environment, *arguments, "--json")
        assert (code, errors) == (0, "")
        return json.loads(out)

    listed = await read("incident", "list")
    assert isinstance(listed, list)
    assert listed[0]["number"] == number
    shown = await read("incident", "show", number)
    assert isinstance(shown, dict)
    assert shown["chain"] == "holds"
    assert shown["timeline"][0]["text"] == 'A quoted "order" \u2028 <b> \\ 😀'
    at = await read("db", "current")
    assert isinstance(at, dict)
    assert at["up_to_date"]
    assert isinstance(await read("doctor"), list)
    draft = await read("postmortem", "show", number)
    assert isinstance(draft, dict)
    assert draft["number"] == number


async def test_the_same_commands_read_well_without_json(scene: Scene) -> None:
    number, _ = await scene.declare("Read in a shell.")
    environment = scene.world.bot_environment()
    code, out, _ = await in_process(environment, "incident", "show", number.lower())
    assert code == 0
    assert f"{number} SEV2 open: Read in a shell." in out
    assert (await in_process(environment, "incident", "list"))[0] == 0
    assert "up to date" in (await in_process(environment, "db", "current"))[1]


@pytest.mark.parametrize(
    "number", ["INC-999", "nonsense", "", "-1", "9" * 40, "INC-1; DROP TABLE incidents", "\u202e1"]
)
async def test_an_unknown_incident_is_refused(scene: Scene, number: str) -> None:
    words = await _refused(scene.world.bot_environment(), "incident", "show", "--", number)
    assert "there is no incident" in words
    assert "incident list" in words


async def test_an_unknown_subcommand_or_a_missing_argument_is_refused(scene: Scene) -> None:
    environment = scene.world.bot_environment()
    assert "frobnicate" in await _refused(environment, "frobnicate")
    assert "frobnicate" in await _refused(environment, "incident", "frobnicate")
    assert "number" in (await _refused(environment, "incident", "show")).lower()
    assert "--nonsense" in await _refused(environment, "serve", "--nonsense")
    assert "port" in (await _refused(environment, "serve", "--port", "abc")).lower()


READING = [("incident", "list"), ("incident", "show", "INC-1"), ("postmortem", "show", "INC-1")]


@pytest.mark.parametrize("arguments", READING)
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///absent.db", "Run `rai-incident db upgrade`"),
        (UNREACHABLE, "check DATABASE_URL"),
        ("mysql://x/y", "check DATABASE_URL"),
        ("nonsense", "check DATABASE_URL"),
        ("sqlite:///.", "check DATABASE_URL"),
    ],
)
async def test_reading_an_unusable_database_says_so_in_one_line_and_makes_nothing(
    scene: Scene, tmp_path: Path, arguments: tuple[str, ...], url: str, words: str
) -> None:
    environment = {**scene.world.bot_environment(), "DATABASE_URL": url}
    assert words in await _refused(environment, *arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_reading_a_database_of_an_older_version_says_what_to_do(scene: Scene, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    upgrade(url)
    command.downgrade(alembic_config(url), "0001")
    environment = {**scene.world.bot_environment(), "DATABASE_URL": url}
    for arguments in (*READING, ("serve", "--port", "0")):
        words = await _refused(environment, *arguments)
        assert "is at 0001, this version needs" in words
        assert "rai-incident db upgrade" in words


@pytest.mark.parametrize("arguments", [("db", "upgrade"), ("db", "current"), ("serve", "--port", "0")])
async def test_writing_to_an_unreachable_database_says_so_in_one_line(scene: Scene, arguments: tuple[str, ...]) -> None:
    environment = {**scene.world.bot_environment(), "DATABASE_URL": UNREACHABLE}
    assert "check DATABASE_URL" in await _refused(environment, *arguments)


async def test_a_setting_of_the_wrong_kind_is_named(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database", encoding="utf-8")
    environment = {**scene.world.bot_environment(), "DATABASE_URL": f"sqlite:///{tmp_path}/file"}
    assert "file is not a database" in await _refused(environment, "incident", "list")


async def test_the_bots_own_database_holds_nothing_that_our_migrations_do_not_know(scene: Scene) -> None:
    await asyncio.to_thread(command.check, alembic_config(scene.database_url))
