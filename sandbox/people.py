"""Who lives in the sandbox: the team, its people, the bot, and the credentials the bot is given. All of it is fixed."""

from dataclasses import dataclass, field
from typing import Any, Final

TEAM_ID: Final = "T0SANDBOX1"
TEAM_DOMAIN: Final = "sandbox"
TEAM: Final = {"id": TEAM_ID, "name": "Sandbox", "domain": TEAM_DOMAIN}

APP_ID: Final = "A0RAIBOT01"
BOT_ID: Final = "B0RAIBOT01"
BOT_USER: Final = "U0RAIBOT01"
BOT_NAME: Final = "rai-incident"

BOT_TOKEN: Final = "xoxb-sandbox"
APP_TOKEN: Final = "xapp-sandbox"
SIGNING_SECRET: Final = "sandbox-signing-secret"
VERIFICATION_TOKEN: Final = "sandbox-verification-token"

BOT_SCOPES: Final = (
    "app_mentions:read",
    "assistant:write",
    "bookmarks:read",
    "bookmarks:write",
    "canvases:write",
    "channels:history",
    "channels:join",
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
    "im:read",
    "im:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)

OFFICE_HOURS_SLOTS: Final = {
    "zone": "Europe/Berlin",
    "slots": [
        {"day": "tuesday", "from": "14:00", "to": "15:00", "experts": ["U0RAILEAD1"]},
        {"day": "thursday", "from": "10:00", "to": "11:00", "experts": ["U0PRIVACY1", "U0RAILEAD1"]},
    ],
}
SHORTCUTS: Final = (
    {"callback_id": "report_ai_harm", "name": "Report AI harm", "type": "message"},
    {"callback_id": "keep_failing_prompt", "name": "Keep as failing prompt", "type": "message"},
    {"callback_id": "declare_incident", "name": "Declare an incident", "type": "global"},
)
COMMANDS: Final = (
    {
        "command": "/rai-incident",
        "description": "Declare and run an AI-harm incident",
        "usage_hint": "[what happened, or a subcommand]",
    },
)


@dataclass
class Person:
    """A member of the workspace. The bot is one too."""

    id: str
    handle: str
    name: str
    avatar_color: str
    guest: bool = False
    is_bot: bool = False
    deactivated: bool = False

    @property
    def email(self) -> str:
        return f"{self.handle}@sandbox.invalid"


@dataclass
class Usergroup:
    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)


def people() -> dict[str, Person]:
    """A fresh set of people, by id."""
    everyone = [
        Person("U0SUPPORT1", "support", "Support agent", "#3f7cac"),
        Person("U0ONCALL01", "oncall", "On-call engineer", "#2b9348"),
        Person("U0RAILEAD1", "rai-lead", "Responsible-AI lead", "#9b5de5"),
        Person("U0PRIVACY1", "privacy", "Privacy counsel", "#b5651d"),
        Person("U0COMMS001", "comms", "Communications", "#d1495b"),
        Person("U0GUEST001", "contractor", "Outside contractor", "#6c757d", guest=True),
        Person(BOT_USER, BOT_NAME, BOT_NAME, "#d4351c", is_bot=True),
    ]
    return {person.id: person for person in everyone}


def usergroups() -> dict[str, Usergroup]:
    """A fresh set of user groups, by id."""
    responders = Usergroup("S0RESPOND1", "rai-responders", "RAI responders")
    responders.users = ["U0ONCALL01", "U0RAILEAD1", "U0PRIVACY1", "U0COMMS001"]
    admins = Usergroup("S0ADMINS01", "rai-admins", "RAI admins")
    admins.users = ["U0RAILEAD1", "U0PRIVACY1"]
    return {group.id: group for group in (responders, admins)}


def user_object(person: Person) -> dict[str, Any]:
    """The person as `users.info` shows them (https://docs.slack.dev/reference/objects/user-object)."""
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.handle,
        "deleted": person.deactivated,
        "color": person.avatar_color.removeprefix("#"),
        "real_name": person.name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": {
            "real_name": person.name,
            "display_name": person.handle,
            "email": person.email,
            "team": TEAM_ID,
        },
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.guest,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1700000000,
    }
