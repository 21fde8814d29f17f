"""What the documentation and the app's manifest say is what the code does."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import bot.app
from bot.doctor import SCOPES
from bot.listeners.commands import COMMAND, SUBCOMMANDS
from bot.settings import Settings
from bot.views.lists import COMMANDS
from sandbox.people import BOT_SCOPES, SHORTCUTS

assert bot.app  # which registers every command
ROOT = Path(__file__).parent.parent
SCHEMA = ROOT.parent / "shared" / "data" / "slack" / "manifest.schema.1.0.0.json"
MANIFEST = yaml.safe_load((ROOT / "docs" / "slack-app-manifest.yaml").read_text(encoding="utf-8"))


def test_the_manifest_fits_slacks_schema() -> None:
    if not SCHEMA.exists():
        pytest.skip(f"Slack's manifest schema is not there: {SCHEMA.name}")
    jsonschema.validate(MANIFEST, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_manifest_asks_for_the_scopes_that_doctor_checks() -> None:
    assert sorted(MANIFEST["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)


def test_the_sandboxs_token_carries_every_scope_of_the_manifest() -> None:
    assert set(SCOPES) <= set(BOT_SCOPES)


def test_the_manifest_and_the_sandbox_offer_the_same_shortcuts_and_command() -> None:
    offered = {(item["callback_id"], item["name"], item["type"]) for item in MANIFEST["features"]["shortcuts"]}
    assert offered == {(item["callback_id"], item["name"], item["type"]) for item in SHORTCUTS}
    assert [item["command"] for item in MANIFEST["features"]["slash_commands"]] == [COMMAND]


def test_every_typed_command_is_in_the_help_and_works() -> None:
    assert {words.split()[0] for words, _ in COMMANDS} <= set(SUBCOMMANDS)


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([A-Z_]{4,})`", page))
    assert {name.upper() for name in Settings.model_fields} == documented


def test_every_path_the_readme_links_to_exists() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
