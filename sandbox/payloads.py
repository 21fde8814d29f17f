"""The payloads Slack sends an app, from what a person did. Pure: values in, JSON out.

Shapes: https://docs.slack.dev/reference/interaction-payloads and https://docs.slack.dev/apis/events-api.
"""

import time
from typing import Any

from sandbox.people import APP_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, VERIFICATION_TOKEN, Person
from sandbox.workspace import Channel, Json, Message, message_object


def channel_label(channel: Channel) -> str:
    """The channel's name as payloads give it; direct messages and private channels have a word instead of a name."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def command(person: Person, channel: Channel, name: str, text: str, trigger_id: str, response_url: str) -> Json:
    """A slash command, as the form fields it is sent in."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_label(channel),
        "user_id": person.id,
        "user_name": person.handle,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _interaction(kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_action(
    person: Person,
    channel: Channel,
    message: Message,
    action: Json,
    state: Json,
    trigger_id: str,
    response_url: str,
) -> Json:
    """`block_actions` from a message. An ephemeral message is not repeated in its payload, as in Slack."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = _interaction("block_actions", person) | {
        "container": container,
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": channel_label(channel)},
        "state": {"values": state},
        "response_url": response_url,
        "actions": [action],
    }
    if message.ephemeral_to is None:
        payload["message"] = message_object(message, channel, with_metadata=True)
    return payload


def view_action(person: Person, view: Json, action: Json, trigger_id: str) -> Json:
    """`block_actions` from a modal or the Home tab."""
    return _interaction("block_actions", person) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger_id,
        "view": view,
        "actions": [action],
    }


def view_submission(person: Person, view: Json, trigger_id: str, response_urls: list[Json]) -> Json:
    return _interaction("view_submission", person) | {
        "trigger_id": trigger_id,
        "view": view,
        "response_urls": response_urls,
    }


def view_closed(person: Person, view: Json, *, is_cleared: bool) -> Json:
    return _interaction("view_closed", person) | {"view": view, "is_cleared": is_cleared}


def global_shortcut(person: Person, callback_id: str, trigger_id: str) -> Json:
    return _interaction("shortcut", person) | {
        "action_ts": action_ts(),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
    }


def message_shortcut(
    person: Person, channel: Channel, message: Message, callback_id: str, trigger_id: str, response_url: str
) -> Json:
    return _interaction("message_action", person) | {
        "action_ts": action_ts(),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "channel": {"id": channel.id, "name": channel_label(channel)},
        "message_ts": message.ts,
        "message": message_object(message, channel),
    }


def event_callback(event: Json, event_id: str) -> Json:
    """An event in its envelope of the Events API."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
    }


def message_event(channel: Channel, message: Message) -> Json:
    """The `message` event of a channel the bot is in."""
    kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
    shown: dict[str, Any] = message_object(message, channel)
    return shown | {"channel": channel.id, "channel_type": kind, "event_ts": message.ts}


def mention_event(channel: Channel, message: Message) -> Json:
    return message_object(message, channel) | {"type": "app_mention", "channel": channel.id, "event_ts": message.ts}


def reaction_event(kind: str, user: str, name: str, message: Message) -> Json:
    """`reaction_added` or `reaction_removed`."""
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": action_ts(),
    }


def home_opened_event(user: str, channel: Channel, view: Json | None) -> Json:
    event: Json = {
        "type": "app_home_opened",
        "user": user,
        "channel": channel.id,
        "tab": "home",
        "event_ts": action_ts(),
    }
    return event | ({"view": view} if view else {})


def assistant_event(kind: str, user: str, channel: Channel, thread_ts: str) -> Json:
    """`assistant_thread_started` or `assistant_thread_context_changed`."""
    context = {"channel_id": channel.id, "team_id": TEAM_ID, "enterprise_id": None}
    thread = {"user_id": user, "context": context, "channel_id": channel.id, "thread_ts": thread_ts}
    return {"type": kind, "assistant_thread": thread, "event_ts": action_ts()}


def action_ts() -> str:
    return f"{time.time():.6f}"
