"""What the AI system itself says that it runs. A lever that was moved is not yet a harm that was stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Fields, TargetError, Verification, as_word
from integrations.rollback.remote import Remote, allows_private, ca_file

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Running:
    """One field of the AI system's own status answer (JSON)."""

    remote: Remote
    field: str

    @classmethod
    def of(cls, fields: Fields) -> "Running | None":
        """From an entry's `verify_url` and `verify_field`; None where it has neither."""
        url, name = fields.optional("verify_url"), fields.optional("verify_field")
        if (url is None) != (name is None):
            raise TargetError(
                f"Rollback target {fields.text('id')}: give both verify_url and verify_field, or neither."
            )
        if url is None or name is None:
            return None
        title = f"{fields.optional('title') or fields.text('id')} (status)"
        return cls(Remote(title, url, allows_private(fields), ca_file(fields), {}, ()), name)

    @classmethod
    def required(cls, fields: Fields) -> "Running":
        """As `of`, for levers that have no state of their own to compare with."""
        running = cls.of(fields)
        if running is None:
            raise TargetError(
                f"Rollback target {fields.text('id')}: verify_url and verify_field are missing. "
                "Only the system itself can say which version is in force, before and after."
            )
        return running

    def value(self) -> str:
        """What it says now. Raises OutsideServiceError, or TargetError where the answer lacks the field."""
        answer = self.answer()
        if self.field not in answer:
            raise TargetError(f"{self.remote.service}: the answer has no field {self.field}.")
        return as_word(answer[self.field])

    def says(self, expected: str) -> Verification:
        """Whether the system itself says this; not well where it does not answer."""
        try:
            seen = self.value()
        except OutsideServiceError as error:
            return Verification(False, f"the system did not say what it runs: {error}")
        return Verification(seen == expected, f"the system itself says {self.field} is {seen}")

    def answer(self) -> dict[str, Any]:
        """The whole status answer, for evidence."""
        answer = self.remote.read("")
        if not isinstance(answer, dict):
            raise OutsideServiceError(self.remote.service, "its answer is not a JSON object.")
        return answer


def confirm(lever: Verification, running: Running | None, expected: str) -> Verification:
    """What the lever says, and where it says well, what the system itself says too."""
    if not lever.ok:
        return lever
    if running is None:
        return Verification(True, f"{lever.seen}; the system itself cannot be asked")
    try:
        seen = running.value()
    except (OutsideServiceError, TargetError) as error:
        return Verification(False, f"{lever.seen}, but the system itself did not confirm it: {error}")
    return Verification(seen == expected, f"{lever.seen}; the system itself says {running.field} is {seen}")


def wait_until_seen(look: Callable[[], Verification], seconds: float) -> Verification:
    """Look until it is well, at most so many seconds; the last thing seen."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen.ok or time.monotonic() >= deadline:
            return seen
        time.sleep(POLL_SECONDS)
