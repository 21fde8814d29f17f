"""Prometheus: one number of one query at one moment, through the guard of every address that an operator wrote."""

import os
from datetime import datetime
from pathlib import Path

from integrations.errors import OutsideServiceError
from integrations.rollback.base import TargetError
from integrations.rollback.remote import Remote

SERVICE = "Prometheus"


def ask(
    url: str, query: str, at: datetime, *, token_env: str | None, allow_private: bool, ca_file: Path | None
) -> int | None:
    """The query's one number at `at`, rounded; None where it gives no series. Raises OutsideServiceError.

    https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
    """
    token = os.environ.get(token_env, "").strip() if token_env else ""
    if token_env and not token:
        raise OutsideServiceError(SERVICE, f"the environment variable {token_env} is not set.", permanent=True)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    remote = Remote(SERVICE, url.rstrip("/"), allow_private, ca_file, headers, (token,) if token else ())
    try:
        answer = remote.read("/api/v1/query", query=query, time=f"{at.timestamp():.0f}")
    except TargetError as error:
        raise OutsideServiceError(SERVICE, str(error), permanent=True) from None
    data = answer.get("data") if isinstance(answer, dict) and answer.get("status") == "success" else None
    if not isinstance(data, dict):
        raise OutsideServiceError(SERVICE, "its answer is not that of a query.", permanent=True)
    return _number(data)


def _number(data: dict[str, object]) -> int | None:
    """A scalar's value, or that of the only series of a vector."""
    found = data.get("result")
    if data.get("resultType") == "vector":
        if not isinstance(found, list) or len(found) > 1:
            count = len(found) if isinstance(found, list) else 0
            raise OutsideServiceError(
                SERVICE, f"the query gives {count} series; it must give one number: use sum(…).", permanent=True
            )
        found = found[0].get("value") if found else None
        if found is None:
            return None
    try:
        value = float(found[1])  # type: ignore[index]
        if not 0 <= value < 1e15:
            raise ValueError
    except (TypeError, ValueError, IndexError, KeyError):
        raise OutsideServiceError(SERVICE, "the query gives no number of requests.", permanent=True) from None
    return round(value)
