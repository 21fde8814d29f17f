"""Logs: one line per event, without secrets. What people wrote is never logged."""

import logging
import re

import structlog

_SECRETS = re.compile(
    r"(xox[a-z]-[\w-]+|xapp-[\w-]+|Token token=\S+|Basic [A-Za-z0-9+/=]+|Bearer \S+|://[^/\s:@]+:[^/\s@]+@)"
)


def redact(text: str) -> str:
    """The text with anything that looks like a credential replaced."""
    return _SECRETS.sub("[redacted]", text)


def set_up(level: int = logging.INFO) -> None:
    """Send all logging through one formatter that redacts."""

    def _redact(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}

    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpx2", "apscheduler", "slack_sdk", "dbos", "aiohttp", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
