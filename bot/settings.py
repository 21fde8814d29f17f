"""Every setting, from the environment and `.env`. What is missing is said by name."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from severity.errors import RaiIncidentError
from severity.levels import Severity


class MissingSetting(RaiIncidentError):
    """A required variable is absent; the message names it and says where its value comes from."""


class BadSetting(RaiIncidentError):
    """A variable has a value that cannot be used; the message names it and the rule."""


def _listed(value: object) -> object:
    """`a, b` as its parts."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """Names are the environment's variables in lower case."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    database_url: str = "sqlite:///rai-incident.db"
    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    responders_group: str = Field(default="rai-responders", description="handle of the Slack user group of responders")
    admins_group: str = Field(default="rai-admins", description="handle of the user group that may change the policy")
    announce_channel: str = Field(default="incidents", description="channel that hears of every public incident")

    pagerduty_api_key: SecretStr | None = None
    pagerduty_routing_key: SecretStr | None = None
    pagerduty_api_url: str = "https://api.pagerduty.com"
    pagerduty_events_url: str = "https://events.pagerduty.com"
    pagerduty_from_email: str = "rai-incident@example.com"
    pagerduty_webhook_secret: SecretStr | None = None

    jira_url: str | None = None
    jira_user: str | None = None
    jira_token: SecretStr | None = None
    jira_project: str | None = None

    ca_file: Path | None = None
    llm_model: str | None = Field(default=None, description="provider:model; without one the bot works all the same")
    llm_base_url: str | None = Field(default=None, description="address of the model's service, where it is not usual")
    llm_timeout_seconds: float = Field(default=20.0, gt=0, le=120)
    llm_daily_calls: int = Field(default=200, ge=0, description="calls a day (UTC), over all replicas")
    llm_tracing_allowed: bool = Field(default=False, description="whether reports may be copied to LangSmith")
    rai_config_dir: Path = Path("config")

    handbook_dirs: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="folders of Markdown pages, separated by commas; they replace the shipped handbook"
    )
    office_hours_channels: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(), description="channels where the bot answers questions, separated by commas"
    )
    office_hours_schedule: Path | None = Field(
        default=None, description="slots and experts; office_hours.yaml of the configuration folder by default"
    )
    office_hours_daily_questions: int = Field(default=60, ge=1, description="questions a person may ask a day (UTC)")
    digest_min_cell: int = Field(default=5, ge=2, le=100, description="smallest number the organisation's digest shows")
    digest_weights: dict[Severity, int] = Field(
        default={Severity.SEV0: 16, Severity.SEV1: 8, Severity.SEV2: 4, Severity.SEV3: 2, Severity.SEV4: 1},
        description="JSON: what an incident of each severity counts in the digest's rate",
    )
    exposure_token: SecretStr | None = Field(default=None, description="bearer token of POST /api/exposure; none: off")

    @field_validator("digest_weights")
    @classmethod
    def _weights_are_ordered(cls, weights: dict[Severity, int]) -> dict[Severity, int]:
        values = [weights.get(severity, 0) for severity in Severity]
        if min(values) < 1 or values != sorted(values, reverse=True) or max(values) > 1000:
            raise ValueError("each severity has a whole number from 1 to 1000, a worse one never a smaller one")
        return weights

    def require(self, *names: str) -> None:
        """Raise MissingSetting naming the first absent one, and where to get it."""
        for name in names:
            if getattr(self, name) is None:
                raise MissingSetting(f"{name.upper()} is not set. {_WHERE[name]}")

    @property
    def pagerduty_configured(self) -> bool:
        """Whether pages can be sent."""
        return self.pagerduty_api_key is not None and self.pagerduty_routing_key is not None

    @property
    def jira_configured(self) -> bool:
        """Whether tickets can be made."""
        return None not in (self.jira_url, self.jira_user, self.jira_token, self.jira_project)


_WHERE = {
    "slack_bot_token": "It is the app's Bot User OAuth Token (xoxb-…), on Slack's page “OAuth & Permissions”.",
    "slack_signing_secret": "It is on Slack's page “Basic Information” of the app. Socket Mode does not need it.",
    "slack_app_token": "It is an app-level token (xapp-…) with connections:write; only Socket Mode needs it.",
}
