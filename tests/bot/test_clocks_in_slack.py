"""Regulator clocks as people meet them: the real bot in its own process, the sandbox's Slack, nothing faked."""

import sys
import time
from pathlib import Path

from incidents.db import upgrade
from sandbox.server import World
from sandbox.story.fields import words_of
from sandbox.story.person import Person
from sandbox.story.waiting import until

SUPPORT, LEAD, PRIVACY = "U0SUPPORT1", "U0RAILEAD1", "U0PRIVACY1"
SUPPORT_CHANNEL = "C0SUPPORT1"
HOUR = 3600
COMMAND = [sys.executable, "-m", "bot", "serve", "--socket-mode", "--port", "{port}"]


async def test_a_clock_is_proposed_started_shown_warned_of_once_across_a_crash_and_submitted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rai-incident.db'}"
    upgrade(url)
    async with World(tmp_path / "world", 0, bot_command=COMMAND, bot_env={"DATABASE_URL": url}) as world:
        await world.bot_ready()
        lead, privacy = Person(world, LEAD), Person(world, PRIVACY)
        channel = await _declared(world)
        await lead.act("join", channel=channel)
        await _classified(lead, channel)

        proposed = await lead.sees(channel, "These clocks may apply", "GDPR, personal-data breach", "work to")
        words = words_of(proposed)
        assert "It may apply because the AI system lists gdpr and harm class H4 is marked" in words
        assert "Art. 33(1)" in words
        assert "Not contested" in words
        assert "Contested: The Digital Omnibus" in words
        assert "Not legal advice" in words

        await lead.command(channel, "role")
        await lead.submit({"role": "legal", "user": PRIVACY})
        await lead.sees(channel, "is now legal")

        # The deployer's duty comes first, because it has no number; privacy counsel says that it does not apply.
        await lead.press(channel, "clock_decline_open")
        await lead.sees(channel, "Only the legal role")
        await privacy.press(channel, "clock_decline_open")
        await privacy.submit({"words": "The system is not high-risk"})
        await privacy.sees(channel, "EU AI Act, deployer informs", "Does not apply", "The system is not high-risk")

        # Half of the 72 hours ends a few seconds from now, or while the bot is down.
        aware = int(time.time()) - 36 * HOUR + 3
        await privacy.press(channel, "clock_start_open")
        await privacy.submit({"stamp.awareness": aware})
        await privacy.sees(channel, "started", "GDPR, personal-data breach", "Not legal advice")
        card = await privacy.sees(channel, "INC-1", "Notification by", "Art. 33(1)", "Not legal advice", "Declared")
        assert card["pinned"]
        world.kill_bot()
        await world.start_bot()
        await world.bot_ready()

        dm = await until(lambda: privacy.bot_dm, "a direct message to privacy counsel")
        warning = await privacy.sees(dm, "INC-1", "50 % of the time has passed", "GDPR", "Not legal advice")
        assert "supervisory authority" in words_of(warning)

        await privacy.press(dm, "clock_submit_open")
        await privacy.submit({"reference": "SA-2026-17"})
        await privacy.sees(channel, "submitted", "Nothing more is owed on this clock")
        await until(
            lambda: "Notification by" not in words_of(_message(privacy, channel, card["ts"])),
            "the card without the clock",
        )
        told = [message for message in privacy.messages(dm) if "50 % of the time" in words_of(message)]
        assert len(told) == 1

        await privacy.command(channel, "clocks")
        await privacy.sees(channel, "Regulator clocks of INC-1", "Submitted", "became aware")


async def test_the_tier_questions_are_walked_back_and_forth_and_the_decision_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rai-incident.db'}"
    upgrade(url)
    async with World(tmp_path / "world", 0, bot_command=COMMAND, bot_env={"DATABASE_URL": url}) as world:
        await world.bot_ready()
        lead, support = Person(world, LEAD), Person(world, SUPPORT)

        await support.command(SUPPORT_CHANNEL, "tier support-assistant")
        await support.sees(SUPPORT_CHANNEL, "Only responders and the system's owner")

        await lead.command(SUPPORT_CHANNEL, "tier support-assistant")
        await lead.submit({"tier:practice": "none"})
        await lead.submit({"tier:use": "high_stakes"})
        top = await lead.modal("In which area?", "The way here")
        await lead.act(
            "block_action",
            container={"type": "view", "view_id": top["id"]},
            block_id=next(block["block_id"] for block in top["blocks"] if block["type"] == "actions"),
            action_id="tier_back",
            element={"value": "back"},
        )
        await lead.modal("What is it for?")
        await lead.submit({"tier:use": "serves_people"})
        for question, answer in (
            ("people", "adults"),
            ("effect", "money_or_rights"),
            ("autonomy", "suggests"),
            ("data", "personal"),
            ("reach", "not_sure"),
        ):
            await lead.submit({f"tier:{question}": answer})
        await lead.modal("tier 1", "Likely transparency duties", "Red team", "Re-validation", "Not legal advice")
        await lead.submit()
        await lead.sees(SUPPORT_CHANNEL, "tier 1", "decided under your name")

        await lead.command(SUPPORT_CHANNEL, "systems")
        await lead.sees(SUPPORT_CHANNEL, "Support assistant", "tier 1", f"<@{LEAD}>", "Re-validation by")

        await _declared(world)
        channel = await until(lambda: Person(world, SUPPORT).channel("inc-1"), "the incident's channel")
        await Person(world, SUPPORT).sees(channel["id"], "Support assistant · tier 1 (")


async def _declared(world: World, system: str = "support-assistant") -> str:
    support = Person(world, SUPPORT)
    await support.command(SUPPORT_CHANNEL)
    await support.submit(
        {
            "what_happened": "The assistant showed a customer the order and address of another one.",
            "system": system,
            "ongoing": "yes",
        }
    )
    channel = await until(lambda: support.channel("inc-1"), "the incident's channel")
    await support.sees(channel["id"], "Acknowledge")
    return str(channel["id"])


async def _classified(lead: Person, channel: str) -> None:
    await lead.press(channel, "classify_open")
    await lead.submit({"harm_classes": ["H4"], "personal_data": "others"})
    await lead.press(channel, "assessment_confirm")


def _message(person: Person, channel: str, ts: str) -> dict[str, object]:
    return next(message for message in person.messages(channel) if message["ts"] == ts)


async def test_doras_wall_that_passed_before_classification_alarms_in_the_channel(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rai-incident.db'}"
    upgrade(url)
    async with World(tmp_path / "world", 0, bot_command=COMMAND, bot_env={"DATABASE_URL": url}) as world:
        await world.bot_ready()
        lead = Person(world, LEAD)
        channel = await _declared(world, "not-listed")
        await lead.act("join", channel=channel)
        await lead.press(channel, "classify_open")
        await lead.submit({"harm_classes": ["H5", "H9"]})
        await lead.press(channel, "assessment_confirm")
        await lead.sees(channel, "These clocks may apply", "names no regime", "DORA, major ICT-related incident")

        await lead.press(channel, "clock_stamp_open")
        await lead.submit({"stamp": "awareness", "at": int(time.time()) - 30 * HOUR})

        await lead.sees(channel, "24 hours have passed from awareness", "“classified” has no time yet", "DORA")
        alarms = [message for message in lead.messages(channel) if "24 hours have passed" in words_of(message)]
        assert len(alarms) == 1
