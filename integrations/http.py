"""How we talk to the outside: whom we trust, how long we wait, what an answer means, and what a log may show.

Nothing here tries again: the durable engine does, because it knows whether the effect was already recorded.
"""

import logging
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

from integrations.errors import OutsideServiceError

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0

_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})
_SHOWN_CHARACTERS: Final = 200
# A gateway may answer these although the server behind it finished the work.
_MAYBE_DONE: Final = frozenset({500, 502, 504})

_log = logging.getLogger(__name__)


class Answer(Protocol):
    """What we read of a response, in any HTTP library."""

    @property
    def request(self) -> Any: ...
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...


@cache
def ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities and, in addition, the private one in `ca_file`: read once, shared by all clients.

    Raises ValueError naming the file when it cannot be read as PEM.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(f"CA file {ca_file} cannot be used: {error}") from error
    return context


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers as a log may show them."""
    return {name: "[redacted]" if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()}


def check_answer(service: str, answer: Answer) -> None:
    """Log an answer without secrets and raise OutsideServiceError unless it is a success.

    A redirect counts as a failure: an API that moved must be configured anew, not followed to wherever it points.
    """
    request, status = answer.request, answer.status_code
    _log.debug(
        "%s answered %s to %s %s %s",
        service,
        status,
        request.method,
        str(request.url).partition("?")[0],
        redact_headers(request.headers),
    )
    if not 200 <= status < 300:
        raise _refusal(service, answer)


def not_reached(service: str, error: Exception) -> OutsideServiceError:
    """The request never arrived: nothing was done."""
    if _is_certificate_error(error):
        return OutsideServiceError(
            service,
            "its certificate is not signed by an authority we trust. Nothing was sent. "
            "If it uses a private authority, put that certificate into CA_FILE.",
            permanent=True,
        )
    return OutsideServiceError(service, "it cannot be reached. Nothing was sent.")


def answer_lost(service: str, method: str) -> OutsideServiceError:
    """The request left and no answer came. A read changes nothing; anything else may have been done."""
    if method.upper() == "GET":
        return OutsideServiceError(service, "it did not answer in time.")
    return OutsideServiceError(
        service, "the connection broke before it answered; what was asked may have been done.", maybe_done=True
    )


def _refusal(service: str, answer: Answer) -> OutsideServiceError:
    status = answer.status_code
    if status == 429:
        wait = _retry_after(answer.headers)
        words = "it limits how often we may ask" + (f" and wants {wait:g} s of pause." if wait is not None else ".")
        return OutsideServiceError(service, words, retry_after=wait)
    if status in (401, 403):
        words = (
            f"it does not accept our credentials for this ({status}). Nothing was changed. Check its key and rights."
        )
        return OutsideServiceError(service, words, permanent=True)
    if status >= 500:
        maybe_done = status in _MAYBE_DONE and answer.request.method != "GET"
        words = f"it has trouble of its own (it answered {status})."
        return OutsideServiceError(service, words, retry_after=_retry_after(answer.headers), maybe_done=maybe_done)
    words = f"it refused the request ({status}): {_shown(answer.text)}"
    return OutsideServiceError(service, words, permanent=True)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from either form RFC 9110 section 10.2.3 allows; None when absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _shown(text: str) -> str:
    """The service's own words, on one printable line of bounded length."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line[:_SHOWN_CHARACTERS] or "no reason given."


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
