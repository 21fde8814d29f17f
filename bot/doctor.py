"""`rai-incident doctor`: what is set up, what is missing, and how to fix it. Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.settings import Settings
from incidents import inventory
from incidents.db import DatabaseTrouble, current_and_head, make_engine
from integrations.errors import OutsideServiceError
from integrations.slack import Slack
from severity.errors import ContentError
from severity.policy import load_policy

# What docs/slack-app-manifest.yaml asks for, and no more than the bot uses.
SCOPES = (
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:write",
    "pins:write",
    "reactions:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)

State = Literal["ok", "missing", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `missing` is an optional part that is not configured; `wrong` needs the operator."""

    what: str
    state: State
    says: str

    def as_json(self) -> dict[str, str]:
        """For `--json`."""
        return {"what": self.what, "state": self.state, "says": self.says}


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a fault in one does not hide the others."""
    return [
        *_database(settings),
        *_slack(settings),
        *_pagerduty(settings),
        *_jira(settings),
        *_content(settings),
    ]


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        current, head = current_and_head(make_engine(settings.database_url))
    except DatabaseTrouble as error:
        yield Finding("Database", "wrong", str(error))
        return
    if current == head:
        yield Finding("Database", "ok", f"at {current}")
    else:
        yield Finding(
            "Database", "wrong", f"at {current or 'no version'}, needs {head}. Run `rai-incident db upgrade`."
        )


def _slack(settings: Settings) -> Iterator[Finding]:
    if settings.slack_bot_token is None:
        yield Finding("Slack", "wrong", "SLACK_BOT_TOKEN is not set. It is on the app's page “OAuth & Permissions”.")
        return
    try:
        slack = Slack(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, settings.ca_file)
        identity, scopes = slack.identity()
    except (OutsideServiceError, ValueError) as error:
        yield Finding("Slack", "wrong", f"{error} Check SLACK_BOT_TOKEN and SLACK_API_URL.")
        return
    yield Finding("Slack", "ok", f"{identity.get('team')} as {identity.get('user')}")
    missing = [scope for scope in SCOPES if scope not in scopes]
    if missing:
        yield Finding(
            "Slack scopes",
            "wrong",
            f"missing {', '.join(missing)}. Add them to the app's manifest and install it again.",
        )
    else:
        yield Finding("Slack scopes", "ok", f"all {len(SCOPES)}")
    yield from _way_in(settings)
    try:
        members = slack.group_members(settings.responders_group)
        state: State = "ok" if members else "wrong"
        yield Finding("Responders", state, f"@{settings.responders_group} has {len(members)} members")
    except OutsideServiceError:
        yield Finding(
            "Responders",
            "wrong",
            f"there is no user group @{settings.responders_group}. Make it, or set RESPONDERS_GROUP.",
        )


def _way_in(settings: Settings) -> Iterator[Finding]:
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        yield Finding("Slack events", "wrong", "set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP).")
    else:
        ways = [
            way
            for way, value in (("Socket Mode", settings.slack_app_token), ("HTTP", settings.slack_signing_secret))
            if value is not None
        ]
        yield Finding("Slack events", "ok", " and ".join(ways))


def _pagerduty(settings: Settings) -> Iterator[Finding]:
    from bot.serve import _pagerduty as client

    if not settings.pagerduty_configured:
        yield Finding(
            "PagerDuty", "missing", "not configured: nobody is paged. Set PAGERDUTY_API_KEY and PAGERDUTY_ROUTING_KEY."
        )
        return
    try:
        made = client(settings)
        assert made is not None
        yield Finding("PagerDuty", "ok", made.check())
    except (OutsideServiceError, ValueError) as error:
        yield Finding("PagerDuty", "wrong", str(error))


def _jira(settings: Settings) -> Iterator[Finding]:
    from bot.serve import _jira as client

    if not settings.jira_configured:
        yield Finding(
            "Jira", "missing", "not configured: no tickets. Set JIRA_URL, JIRA_USER, JIRA_TOKEN and JIRA_PROJECT."
        )
        return
    try:
        made = client(settings)
        assert made is not None
        yield Finding("Jira", "ok", made.check())
    except (OutsideServiceError, ValueError) as error:
        yield Finding("Jira", "wrong", str(error))


def _content(settings: Settings) -> Iterator[Finding]:
    try:
        systems = inventory.load(settings.rai_config_dir / "systems.yaml")
        state: State = "ok" if systems else "missing"
        yield Finding("AI systems", state, f"{len(systems)} in {settings.rai_config_dir / 'systems.yaml'}")
    except ContentError as error:
        yield Finding("AI systems", "wrong", str(error))
    own = settings.rai_config_dir / "policy.yaml"
    try:
        policy = load_policy(own if own.exists() else None)
        yield Finding("Severity policy", "ok", f"version {policy.version}, {policy.short_hash}, proved")
    except ContentError as error:
        yield Finding("Severity policy", "wrong", str(error))
