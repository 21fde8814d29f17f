"""One operator-configured JSON service: a guarded address, a token from the environment, errors without secrets."""

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from dotenv import dotenv_values

from integrations.errors import OutsideServiceError
from integrations.http import CONNECT_SECONDS, READ_SECONDS, answer_lost, check_answer, not_reached, ssl_context
from integrations.rollback.addresses import PinnedTransport, locate
from integrations.rollback.base import Fields, TargetError

TOTAL_SECONDS = 30.0
ANSWER_BYTES = 4_000_000

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_SECRET_FIELDS = ("token", "secret", "password", "api_key", "authorization")

Headers = Callable[[str], Mapping[str, str]]


def secret(fields: Fields, name: str) -> str:
    """The value of the variable that the entry names in field `name`, such as `token_env`; also from `.env`.

    Raises TargetError, which never shows what was written there: it may be the secret itself.
    """
    refuse_secrets(fields)
    variable = fields.text(name)
    target = fields.text("id")
    if not _VARIABLE.fullmatch(variable):
        raise TargetError(
            f"Rollback target {target}: {name} must be the name of an environment variable, such as SERVICE_TOKEN. "
            "If it holds the secret itself, take it out and replace that secret: the file is not the place for it."
        )
    value = from_environment(variable)
    if not value:
        raise TargetError(f"Rollback target {target}: the environment variable {variable} is not set.")
    return value


def from_environment(variable: str) -> str:
    """A variable as every setting is read: from the process's environment, else from `.env` beside it; or nothing."""
    return (os.environ.get(variable) or dotenv_values(".env").get(variable) or "").strip()


def refuse_secrets(fields: Fields) -> None:
    """Raise TargetError for an entry that holds a secret instead of the name of its variable."""
    for name in _SECRET_FIELDS:
        if fields.optional(name) is not None:
            raise TargetError(
                f"Rollback target {fields.text('id')}: the field {name} must not be in the file. "
                f"Put the value into the environment, name the variable in {name}_env, and replace that secret."
            )


def allows_private(fields: Fields) -> bool:
    """Whether the operator allows a private address for this entry. Only a plain `true` does."""
    return fields.values.get("allow_private") is True


def ca_file(fields: Fields) -> Path | None:
    """The entry's certificate authority, or else the one that all outgoing clients trust (CA_FILE)."""
    path = fields.optional("ca_file") or from_environment("CA_FILE")
    return Path(path) if path else None


@dataclass(frozen=True)
class Remote:
    """A service below one base address. Fails fast: no second try, no redirect, no proxy, bounded answers."""

    service: str
    base: str
    allow_private: bool
    ca: Path | None
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(
        cls, service: str, fields: Fields, headers: Headers, *, token: str | None = None, default: str | None = None
    ) -> "Remote":
        """From an entry's `url` (or `default`), `token_env` (unless `token` is given), `allow_private`, `ca_file`."""
        held = token or secret(fields, "token_env")
        base = (fields.optional("url") or default or fields.text("url")).rstrip("/")
        return cls(service, base, allows_private(fields), ca_file(fields), headers(held), (held,))

    def read(self, path: str, **query: str | int) -> Any:
        """GET as JSON. Raises OutsideServiceError."""
        return self._json(self.send("GET", path, query=query))

    def find(self, path: str, **query: str | int) -> Any | None:
        """GET as JSON, or None where there is nothing (404)."""
        response = self.send("GET", path, query=query, also=(404,))
        return None if response.status_code == 404 else self._json(response)

    def write(self, method: str, path: str, body: object, *, kind: str = "application/json") -> Any:
        """Send JSON and answer with JSON, or None where the answer is empty."""
        response = self.send(method, path, body=body, kind=kind)
        return self._json(response) if response.content.strip() else None

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        kind: str = "application/json",
        also: tuple[int, ...] = (),
    ) -> httpx.Response:
        """One request. A status in `also` is an answer, not an error. Raises OutsideServiceError or TargetError."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = dict(self.headers) | ({"Content-Type": kind} if content is not None else {})
        return self.send_bytes(method, path, content, headers, query=query, also=also)

    def send_bytes(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        *,
        query: Mapping[str, str | int] | None = None,
        also: tuple[int, ...] = (),
    ) -> httpx.Response:
        """One request with a body as it is, for signatures over bytes."""
        try:
            place = locate(self.base, allow_private=self.allow_private)
            transport = PinnedTransport(place, verify=self._trust())
            limits = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
            with httpx.Client(transport=transport, timeout=limits, follow_redirects=False, trust_env=False) as client:
                request = client.build_request(
                    method, self.base + path, params=query or None, content=content, headers=dict(headers)
                )
                response = self._exchange(client, request)
            if response.status_code not in also:
                check_answer(self.service, response)
            return response
        except OutsideServiceError as error:
            raise self._redacted(error) from None

    def _exchange(self, client: httpx.Client, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            response = client.send(request, stream=True)
            try:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > ANSWER_BYTES or time.monotonic() > deadline:
                        raise httpx.ReadTimeout("the answer is too long", request=request)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise not_reached(self.service, error) from error
        except httpx.HTTPError as error:
            raise answer_lost(self.service, request.method) from error
        headers = {
            name: value
            for name, value in response.headers.items()
            if name.lower() not in ("content-encoding", "content-length", "transfer-encoding")
        }
        return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=request)

    def _trust(self) -> Any:
        try:
            return ssl_context(self.ca)
        except ValueError as error:
            raise TargetError(str(error)) from error

    def _json(self, response: httpx.Response) -> Any:
        try:
            return cast(Any, response.json())
        except ValueError:
            raise OutsideServiceError(self.service, "its answer is not JSON.") from None

    def _redacted(self, error: OutsideServiceError) -> OutsideServiceError:
        """The same error without our secrets: a service may repeat in its refusal what it was sent."""
        what = error.what
        for held in self.secrets:
            what = what.replace(held, "[redacted]")
        return OutsideServiceError(error.service, what, error.retry_after, error.maybe_done, error.permanent)
