"""What the Web API answers fits the response types Slack publishes, and what the SDK sends fits its argument types."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from slack_sdk.web.async_client import AsyncWebClient
from worldkit import INCIDENTS_CHANNEL, ONCALL, SUPPORT_CHANNEL, People

from sandbox.server import World

DATA = Path(__file__).parents[1] / "data" / "slack"


def schema(file: str) -> Any:
    return json.loads((DATA / file).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    return dict(schema("answers.schema.json"))


# The types were derived from samples and close some objects that are open: what an app puts into its metadata, what a
# person puts into a view, and the mark of a pinned message.
OPEN_OBJECTS = ("('key' was unexpected)", "('values' was unexpected)", "('pinned_to' was unexpected)")


def without_nulls(answer: Any) -> Any:
    """Slack sends null where its types say that a field may be absent."""
    if isinstance(answer, dict):
        return {name: without_nulls(value) for name, value in answer.items() if value is not None}
    return [without_nulls(value) for value in answer] if isinstance(answer, list) else answer


def faults_of(answer: Any, response_schema: Any) -> list[str]:
    errors = Draft7Validator(response_schema).iter_errors(without_nulls(answer))
    return [f"{list(error.path)}: {error.message}" for error in errors if not error.message.endswith(OPEN_OBJECTS)]


async def test_answers_fit_the_published_types(
    world: World, slack: AsyncWebClient, people: People, answers: dict[str, Any]
) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "a card"}}
    metadata = {"event_type": "rai_incident", "event_payload": {"key": "declare:1"}}
    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="card", blocks=[section], metadata=metadata)
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="reply", thread_ts=posted["ts"])
    await slack.pins_add(channel=INCIDENTS_CHANNEL, timestamp=posted["ts"])
    await people.act(ONCALL, "react", channel=INCIDENTS_CHANNEL, ts=posted["ts"], name="eyes")
    uploaded = await slack.files_upload_v2(channel=SUPPORT_CHANNEL, filename="a.txt", content="text")
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Declare"}, "blocks": [section]}
    given = {
        "auth.test": await slack.auth_test(),
        "chat.postMessage": posted,
        "conversations.history": await slack.conversations_history(
            channel=INCIDENTS_CHANNEL, include_all_metadata=True
        ),
        "conversations.info": await slack.conversations_info(channel=INCIDENTS_CHANNEL),
        "users.info": await slack.users_info(user=ONCALL),
        "views.open": await slack.views_open(trigger_id=world.triggers.issue(ONCALL), view=view),
        "pins.list": await slack.pins_list(channel=INCIDENTS_CHANNEL),
        "bookmarks.add": await slack.bookmarks_add(
            channel_id=INCIDENTS_CHANNEL, title="Ticket", type="link", link="https://jira.invalid/1"
        ),
        "files.info": await slack.files_info(file=uploaded["file"]["id"]),
        "usergroups.list": await slack.usergroups_list(include_users=True),
    }
    assert {name: faults_of(answer.data, answers[name]) for name, answer in given.items()} == {
        name: [] for name in answers
    }


async def test_the_schemas_refuse_an_answer_of_another_shape(answers: dict[str, Any]) -> None:
    assert faults_of({"ok": True, "message": "text"}, answers["chat.postMessage"])
    assert faults_of({"ok": True, "messages": [{"reactions": "eyes"}]}, answers["conversations.history"])


def test_the_published_arguments_of_a_post_are_those_the_sandbox_reads() -> None:
    arguments = Draft7Validator(schema("post_message.schema.json"))
    metadata = {"event_type": "rai_incident", "event_payload": {"key": "declare:1"}}
    post = {"channel": INCIDENTS_CHANNEL, "text": "x", "metadata": metadata, "unfurl_links": False, "link_names": False}
    assert arguments.is_valid(post)
    assert not arguments.is_valid({"text": "no channel"})
