"""The Bolt app: every listener registered in one place."""

import logging
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.homes import Homes
from bot.inbox import Inbox
from bot.listeners import (
    Door,
    buttons,
    clocks,
    commands,
    comms,
    digest,
    exercise,
    home,
    messages,
    officehours,
    programme,
    submits,
    tier,
)
from bot.parts import Parts
from integrations.http import ssl_context


def build_app(parts: Parts, inbox: Inbox, homes: Homes) -> AsyncApp:
    """Bolt behind our own guard: it acknowledges only after a listener has saved (`process_before_response`)."""
    settings = parts.settings
    assert settings.slack_bot_token is not None
    token = settings.slack_bot_token.get_secret_value()
    context = ssl_context(settings.ca_file)
    web = AsyncWebClient(token=token, base_url=settings.slack_api_url, ssl=context, timeout=10)
    # Errors only: its warnings at start are about tokens that we give it on purpose.
    logger = logging.getLogger("rai.bolt")
    logger.setLevel(logging.ERROR)

    async def authorize(**_: Any) -> AuthorizeResult:
        # One workspace, one token, known since start-up: asking Slack again on every request would be slow.
        return AuthorizeResult(enterprise_id=None, team_id=parts.team_id, bot_token=token, bot_user_id=parts.bot_user)

    app = AsyncApp(
        name="rai-incident",  # without one Bolt reads the source of every caller to make it up
        logger=logger,
        client=web,
        signing_secret="checked-by-the-guard",  # noqa: S106
        request_verification_enabled=False,
        process_before_response=True,
        authorize=authorize,
        ignoring_self_events_enabled=True,
    )
    door = Door(parts, inbox, web, homes)
    for subject in (
        commands,
        comms,
        buttons,
        clocks,
        digest,
        exercise,
        programme,
        submits,
        tier,
        officehours,
        messages,
        home,
    ):
        subject.register(app, door)
    return app
