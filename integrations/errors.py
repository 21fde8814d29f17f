"""The one error an outside service can cause, in words for the person who waits for it."""


class OutsideServiceError(Exception):
    """An outside service did not do what was asked.

    All arguments are positional so that the durable engine can pickle the error and read it back.

    Parameters
    ----------
    service: name as people know it, e.g. "PagerDuty".
    what: what happened and what to do next, for the person; never holds a secret.
    retry_after: seconds the service asks us to wait; None when it did not say.
    maybe_done: True when the answer was lost and the effect may have happened: look before doing it again.
    permanent: True when the same request will fail again (credentials, refused input) until a person changes something.
    """

    def __init__(
        self,
        service: str,
        what: str,
        retry_after: float | None = None,
        maybe_done: bool = False,
        permanent: bool = False,
    ) -> None:
        super().__init__(service, what, retry_after, maybe_done, permanent)
        self.service = service
        self.what = what
        self.retry_after = retry_after
        self.maybe_done = maybe_done
        self.permanent = permanent

    def __str__(self) -> str:
        return f"{self.service}: {self.what}"
