"""`rai-incident doctor`: what is set up, what is missing, and how to fix it. Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot import content
from bot.settings import BadSetting, Settings
from incidents import inventory, policies
from incidents.db import DatabaseTrouble, current_and_head, make_engine, reading
from integrations.errors import OutsideServiceError
from integrations.slack import Slack
from severity.errors import ContentError, RaiIncidentError
from severity.officehours.corpus import SHIPPED, Corpus
from severity.policy import load_policy

# What docs/slack-app-manifest.yaml asks for, and no more than the bot uses.
SCOPES = (
    "app_mentions:read",
    "assistant:write",
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
        *_policy(settings),
        *_office_hours(settings),
        *_language_model(settings),
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
    yield _group(slack, "Responders", settings.responders_group, "RESPONDERS_GROUP", 1)
    yield _group(slack, "Admins", settings.admins_group, "ADMINS_GROUP", 2)


def _group(slack: Slack, what: str, handle: str, variable: str, wanted: int) -> Finding:
    """A user group and whether it has the people that its decisions need; two change the policy together."""
    try:
        members = len(slack.group_members(handle))
    except OutsideServiceError:
        return Finding(what, "wrong", f"there is no user group @{handle}. Make it, or set {variable}.")
    if members < wanted:
        return Finding(what, "wrong", f"@{handle} has {members} members, it needs {wanted}.")
    return Finding(what, "ok", f"@{handle} has {members} members")


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


def _policy(settings: Settings) -> Iterator[Finding]:
    """What is on file, and whether it is what is in force."""
    own = settings.rai_config_dir / "policy.yaml"
    try:
        policy = load_policy(own if own.exists() else None)
    except ContentError as error:
        yield Finding("Severity policy", "wrong", f"{error}. The policy in force stays.")
        return
    on_file = f"version {policy.version}, {policy.short_hash}, proved"
    in_force = _policy_in_force(settings)
    if in_force in (None, policy.hash):
        yield Finding("Severity policy", "ok", on_file)
    else:
        yield Finding(
            "Severity policy",
            "missing",
            f"{on_file}, but {str(in_force)[:12]} is in force: an admin proposes the file with /rai-incident policy, "
            "and a second one approves.",
        )


def _policy_in_force(settings: Settings) -> str | None:
    """The hash in force; None before the first start, or where the database is not ready."""
    try:
        engine = make_engine(settings.database_url)
    except DatabaseTrouble:
        return None  # said under “Database” already
    try:
        current, head = current_and_head(engine)
        if current != head:
            return None
        with reading(engine) as session:
            row = policies.active(session)
            return row.hash if row else None
    except RaiIncidentError:
        return None  # said under “Database” already
    finally:
        engine.dispose()


def _office_hours(settings: Settings) -> Iterator[Finding]:
    """The handbook, the schedule, and whether the bot is in the channels it shall answer in."""
    try:
        corpus = Corpus(settings.handbook_dirs or (SHIPPED,))
        faults = [f"refused: {fault}" for fault in corpus.faults[:5]]
        pages = len({(section.handbook, section.file) for section in corpus.sections})
        state: State = "wrong" if faults else "ok"
        yield Finding("Handbook", state, "; ".join([f"{pages} pages, {len(corpus.sections)} sections", *faults]))
        schedule = content.schedule(settings)
    except ContentError as error:
        yield Finding("Office hours", "wrong", str(error))
        return
    hours = f"{len(schedule.slots)} slots a week" if schedule.slots else "no slots: questions go to the responders"
    wanted = {name.lstrip("#") for name in settings.office_hours_channels} | {schedule.queue_channel or ""} - {""}
    if not wanted or settings.slack_bot_token is None:
        yield Finding("Office hours", "ok" if schedule.slots else "missing", hours)
        return
    try:
        slack = Slack(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, settings.ca_file)
        absent = sorted(wanted - set(slack.channels_named(wanted)))
    except (OutsideServiceError, ValueError):
        return  # said under “Slack” already
    if absent:
        names = ", ".join(f"#{name}" for name in absent)
        yield Finding("Office hours", "wrong", f"{hours}; invite the bot to {names}, or take it out of the settings.")
    else:
        yield Finding("Office hours", "ok", f"{hours}; in {', '.join(f'#{name}' for name in sorted(wanted))}")


def _language_model(settings: Settings) -> Iterator[Finding]:
    from bot.language_model import language_model

    try:
        model = language_model(settings)
    except BadSetting as error:
        yield Finding("Language model", "wrong", str(error))
        return
    if model is None:
        yield Finding("Language model", "missing", "not configured; the report's words suggest without one.")
    else:
        allowed = f"{settings.llm_daily_calls} calls a day, {settings.llm_timeout_seconds:g} s each"
        yield Finding("Language model", "ok", f"{model.name}, {allowed}. It was not called.")
