"""Settings: what is missing is named. `doctor`: everything looked at, each fault with its mending."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from botkit import SUPPORT, Scene, in_process

from bot.doctor import SCOPES, Finding, examine
from bot.settings import MissingSetting, Settings
from incidents.db import upgrade
from incidents.models import Link
from sandbox.people import BOT_SCOPES
from sandbox.server import World
from sandbox.story.stage import SUPPORT_CHANNEL

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "hunter2-is-not-shown"
NOT_CONFIGURED = {"Language model"}  # optional, and not part of the sandbox


def _settings(scene: Scene, **changed: Any) -> Settings:
    environment = scene.world.bot_environment()
    known = {name: environment[name.upper()] for name in Settings.model_fields if name.upper() in environment}
    return Settings(_env_file=None, **{**known, **changed})  # type: ignore[call-arg]


async def _examine(settings: Settings) -> dict[str, Finding]:
    findings = await asyncio.to_thread(examine, settings)
    return {finding.what: finding for finding in findings}


# settings


@pytest.mark.parametrize("name", ["slack_bot_token", "slack_signing_secret", "slack_app_token"])
async def test_a_missing_required_setting_is_named_with_where_to_find_it(name: str) -> None:
    with pytest.raises(MissingSetting, match=rf"^{name.upper()} is not set. It is"):
        Settings(_env_file=None).require(name)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "arguments", "missing"),
    [
        ({}, ("serve",), "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-x"}, ("serve",), "SLACK_SIGNING_SECRET"),
        ({"SLACK_BOT_TOKEN": "xoxb-x"}, ("serve", "--socket-mode"), "SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": ""}, ("serve",), "SLACK_BOT_TOKEN"),
    ],
)
async def test_serve_without_a_required_setting_stops_naming_it(
    tmp_path: Path, given: dict[str, str], arguments: tuple[str, ...], missing: str
) -> None:
    code, _, errors = await in_process(given, *arguments, cwd=tmp_path)
    assert code == 2
    assert errors.startswith(f"rai-incident: {missing} is not set.")
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == [], "nothing was made"


async def test_settings_come_from_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-from-file\nJIRA_URL=\n", encoding="utf-8")
    settings = Settings()
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-from-file"
    assert settings.jira_url is None, "empty means not set"
    assert "xoxb-from-file" not in repr(settings)


# doctor


async def test_doctor_finds_everything_in_order_in_the_sandbox(scene: Scene) -> None:
    found = await _examine(_settings(scene))
    assert {what for what, finding in found.items() if finding.state != "ok"} == NOT_CONFIGURED
    expected = {"Database", "Slack", "Slack scopes", "Slack events", "Responders", "PagerDuty", "Jira", "AI systems"}
    assert expected < set(found)


async def test_the_scopes_doctor_asks_for_are_ones_the_sandbox_gives() -> None:
    assert set(SCOPES) <= set(BOT_SCOPES)


FAULTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no token": ({"slack_bot_token": None}, "Slack", "wrong", "SLACK_BOT_TOKEN is not set"),
    "wrong token": ({"slack_bot_token": "xoxb-wrong"}, "Slack", "wrong", "Check SLACK_BOT_TOKEN"),
    "no such host": ({"slack_api_url": "http://127.0.0.1:9/api/"}, "Slack", "wrong", "SLACK_API_URL"),
    "no way in": (
        {"slack_signing_secret": None, "slack_app_token": None},
        "Slack events",
        "wrong",
        "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)",
    ),
    "no group": ({"responders_group": "nobody"}, "Responders", "wrong", "RESPONDERS_GROUP"),
    "no PagerDuty": ({"pagerduty_api_key": None}, "PagerDuty", "missing", "Set PAGERDUTY_API_KEY"),
    "wrong PagerDuty key": ({"pagerduty_api_key": "wrong"}, "PagerDuty", "wrong", ""),
    "PagerDuty down": ({"pagerduty_api_url": "https://127.0.0.1:9"}, "PagerDuty", "wrong", ""),
    "no Jira": ({"jira_token": None}, "Jira", "missing", "Set JIRA_URL, JIRA_USER, JIRA_TOKEN and JIRA_PROJECT"),
    "wrong Jira token": ({"jira_token": "wrong"}, "Jira", "wrong", ""),
    "unknown Jira project": ({"jira_project": "NOPE"}, "Jira", "wrong", ""),
    "no database": ({"database_url": "sqlite:////nowhere/at/all.db"}, "Database", "wrong", "rai-incident db upgrade"),
    "database down": (
        {"database_url": f"postgresql://rai:{PASSWORD}@127.0.0.1:9/rai"},
        "Database",
        "wrong",
        "DATABASE_URL",
    ),
    "not an address": ({"database_url": "nonsense"}, "Database", "wrong", "DATABASE_URL"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_doctor_names_the_fault_and_its_mending_and_looks_at_the_rest(scene: Scene, name: str) -> None:
    changed, what, state, says = FAULTS[name]
    found = await _examine(_settings(scene, **changed))
    assert (found[what].state, says in found[what].says) == (state, True), found[what]
    assert len(found[what].says) > 10
    assert PASSWORD not in json.dumps([finding.as_json() for finding in found.values()])
    others = {one for one, finding in found.items() if finding.state != "ok"} - {what}
    assert others == NOT_CONFIGURED, "one fault hides or spoils no other"


async def test_doctor_names_missing_scopes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.doctor.SCOPES", (*SCOPES, "admin.everything"))
    found = await _examine(_settings(scene))
    assert found["Slack scopes"].state == "wrong"
    assert "missing admin.everything" in found["Slack scopes"].says


@pytest.mark.parametrize(("name", "what"), [("systems.yaml", "AI systems"), ("policy.yaml", "Severity policy")])
async def test_doctor_refuses_a_faulty_file_with_its_line(scene: Scene, tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).write_text("systems:\n  - id: Not An Id\n", encoding="utf-8")
    found = await _examine(_settings(scene, rai_config_dir=tmp_path))
    assert found[what].state == "wrong"
    assert f"{name}:" in found[what].says


async def test_doctor_changes_nothing_and_makes_no_file(scene: Scene, tmp_path: Path) -> None:
    found = await _examine(_settings(scene, database_url=f"sqlite:///{tmp_path}/rai-incident.db"))
    assert found["Database"].state == "wrong"
    assert list(tmp_path.iterdir()) == []


async def test_doctors_exit_code_tells_whether_something_is_wrong(scene: Scene, tmp_path: Path) -> None:
    environment = scene.world.bot_environment()
    code, out, _ = await in_process(environment, "doctor", "--json", cwd=tmp_path)
    assert code == 0, out
    assert {finding["what"] for finding in json.loads(out) if finding["state"] != "ok"} == NOT_CONFIGURED
    without = {name: value for name, value in environment.items() if not name.startswith("JIRA")}
    assert (await in_process(without, "doctor", cwd=tmp_path))[0] == 0, "optional parts may be missing"
    code, out, _ = await in_process({**environment, "SLACK_BOT_TOKEN": "xoxb-wrong"}, "doctor", cwd=tmp_path)
    assert code == 1
    assert "✗ Slack:" in out


async def test_serve_with_a_wrong_token_stops_with_one_line(scene: Scene, tmp_path: Path) -> None:
    environment = {**scene.world.bot_environment(), "SLACK_BOT_TOKEN": "xoxb-wrong"}
    code, _, errors = await in_process(environment, "serve", "--port", "0", cwd=tmp_path)
    assert code == 2
    assert "Traceback" not in errors
    assert "invalid_auth" in errors.splitlines()[-1]
    assert "xoxb-wrong" not in errors


# without the optional parts


async def test_declaring_works_without_pagerduty_and_jira(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}"
    upgrade(url)
    program = (
        "import os, sys, runpy\n"
        "for name in list(os.environ):\n"
        "    if name.startswith(('PAGERDUTY', 'JIRA')): del os.environ[name]\n"
        "sys.argv = ['rai-incident', 'serve', '--port', sys.argv[1]]\n"
        "runpy.run_module('bot', run_name='__main__')\n"
    )
    command = [sys.executable, "-c", program, "{port}"]
    world = World(tmp_path, 0, bot_command=command, bot_env={"DATABASE_URL": url}, socket_mode=False)
    async with world:
        await world.bot_ready()
        scene = Scene(world, url)
        number, channel = await scene.declare("Without pager and tickets.")
        await scene.person(SUPPORT).sees(channel, number, "Paged: no")
        kinds = {link.kind for link in scene.rows(Link, sa.true())}
        assert {"channel", "card", "announcement"} <= kinds
        assert not {"page", "ticket"} & kinds
        log = "\n".join(world.supervisor.log)
        assert "PagerDuty is not configured" in log
        assert "Jira is not configured" in log
        assert "trouble" not in json.dumps(scene.person(SUPPORT).messages(SUPPORT_CHANNEL))
        scene.engine.dispose()


async def test_doctor_names_an_office_hours_channel_that_the_bot_is_not_in(scene: Scene) -> None:
    found = await _examine(_settings(scene, office_hours_channels=("office-hours", "general")))
    assert found["Office hours"].state == "wrong" and "invite the bot to #general" in found["Office hours"].says
    found = await _examine(_settings(scene, office_hours_channels=("office-hours",)))
    assert found["Office hours"].state == "ok" and found["Handbook"].state == "ok"


@pytest.mark.parametrize("serving", ["doctor", "serve"])
async def test_a_bad_schedule_is_named_with_file_line_key_and_reason(
    scene: Scene, tmp_path: Path, serving: str
) -> None:
    bad = tmp_path / "hours.yaml"
    bad.write_text("zone: Mars\n", encoding="utf-8")
    environment = scene.world.bot_environment() | {"OFFICE_HOURS_SCHEDULE": str(bad)}
    code, out, errors = await in_process(environment, serving)
    assert code == (1 if serving == "doctor" else 2)
    assert "hours.yaml:1: zone: is not a time zone, such as Europe/Berlin" in out + errors
