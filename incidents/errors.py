"""Why a verb of the record refused, in words for the person who asked."""

from severity.errors import RaiIncidentError


class NotAllowed(RaiIncidentError):
    """The person may not do this. Says who may."""


class NotFound(RaiIncidentError):
    """Absent, or not visible to the person: the two are told in the same words (abuse case 16)."""


def not_found(number: int) -> NotFound:
    """The one refusal of an incident that is absent, another workspace's, or private."""
    return NotFound(f"There is no incident INC-{number}, or it is not yours to see. Nothing was changed.")


class Conflict(RaiIncidentError):
    """The record has moved on: somebody was first, or the incident is not in a state that allows it."""


class BadInput(RaiIncidentError):
    """A field breaks a rule. `field` names it, the message names the rule."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
