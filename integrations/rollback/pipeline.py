"""A rollback that a CI system carries out: started once per key, followed to its end, believed only by the system.

A pipeline has no state to compare with. What is in force is what the AI system itself says, before and after, so
`verify_url` and `verify_field` are required. The pipeline gets the key, the planned from and to, and should check
them again: it is the last to know.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Description, Drifted, Fields, Outcome, Plan, Snapshot, TargetError, Verification
from integrations.rollback.evidence import digest
from integrations.rollback.running import Running, wait_until_seen

# How long a CI system may take to show a run that it was asked for.
LISTED_SECONDS = 30.0
# One attempt follows a run this long; then the durable workflow is told to look again.
FOLLOW_SECONDS = 240.0
POLL_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 15.0
VERIFY_SECONDS = 60.0
# Values end up in shell scripts of other people, so only what a version looks like may pass.
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")


@dataclass(frozen=True)
class Run:
    """One run of a pipeline. `words` is the state as the CI system names it."""

    id: str
    state: Literal["going", "succeeded", "failed"]
    words: str
    url: str


@dataclass(frozen=True)
class Order:
    """What a pipeline is asked to do, once per key."""

    key: str
    before: str
    after: str


class Runner(Protocol):
    """One pipeline of one CI system."""

    @property
    def service(self) -> str:
        """The CI system's name."""
        ...

    @property
    def name(self) -> str:
        """The pipeline as people know it."""
        ...

    def evidence(self) -> dict[str, Any]:
        """The pipeline as configured now. Raises TargetError where it cannot run."""
        ...

    def find(self, key: str) -> Run | None:
        """The run with this key, or None."""
        ...

    def start(self, order: Order) -> Run | None:
        """Start a run; None where the CI system does not say which one it became."""
        ...

    def look(self, run: Run) -> Run:
        """The run as it is now."""
        ...


@dataclass(frozen=True)
class Pipeline:
    """One pipeline that sets the version of one AI system."""

    id: str
    title: str
    kind: str
    runner: Runner
    to: str
    running: Running

    @classmethod
    def of(cls, fields: Fields, kind: str, runner: Runner) -> "Pipeline":
        """From an entry's `to`, `verify_url` and `verify_field`, and the runner of its kind."""
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            kind=kind,
            runner=runner,
            to=_version(fields.text("to")),
            running=Running.required(fields),
        )

    def describe(self) -> Description:
        """Which pipeline, and what it is asked for."""
        return Description(self.title, self.kind, f"Runs {self.runner.name} of {self.runner.service} to set {self.to}.")

    def current(self) -> str:
        """The version that the system itself says it runs."""
        return self.running.value()

    def snapshot(self) -> Snapshot:
        """What the system says it runs, and the pipeline that would be started."""
        service, pipeline = self.running.answer(), self.runner.evidence()
        values = {"service": service, "pipeline": pipeline, "in_force": self.running.value()}
        return Snapshot(values, {f"{self.kind}/service": digest(service), f"{self.kind}/pipeline": digest(pipeline)})

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the version in the snapshot to the configured one."""
        before = _version(str(snapshot.values["in_force"]))
        if before == self.to:
            raise TargetError(f"The system runs {self.to} already; this rollback would change nothing.")
        return Plan(
            from_=before,
            to=self.to,
            blast_radius=f"Everything that {self.runner.name} deploys to; {self.title} as a whole.",
            dry_run=(
                f"Would start {self.runner.name} to go from {before} to {self.to}, and follow it to its end. "
                "The pipeline exists and can be started."
            ),
        )

    def execute(self, plan: Plan, key: str) -> Outcome | Drifted:
        """Start the pipeline towards `plan.to` and follow it, once per key.

        A run that goes on for long raises OutsideServiceError, and the next call follows the same run.
        """
        return self._change(Order(key, plan.from_, plan.to))

    def undo(self, plan: Plan, key: str) -> Outcome | Drifted:
        """The same towards `plan.from_`."""
        return self._change(Order(key, plan.to, plan.from_))

    def verify(self, plan: Plan) -> Verification:
        """The system itself must say `plan.to`."""
        return wait_until_seen(lambda: self.running.says(plan.to), VERIFY_SECONDS)

    def _change(self, order: Order) -> Outcome | Drifted:
        run = self.runner.find(order.key)
        known = run is not None
        if run is None:
            seen = self.current()
            if seen != order.before:
                return Drifted(order.before, seen, already=seen == order.after)
            run = self._start(order)
        run = self._follow(run)
        if run.state == "failed":
            raise OutsideServiceError(
                self.runner.service,
                f"the run ended as {run.words}: {run.url} It may have changed something; ask the system what it runs.",
                permanent=True,
            )
        return Outcome(changed=not known, seen=f"the run succeeded: {run.url}")

    def _start(self, order: Order) -> Run:
        """Start a run and know which one it is, also when the answer got lost."""
        try:
            run = self.runner.start(order)
        except OutsideServiceError as error:
            if not error.maybe_done:
                raise
            run = None
        deadline = time.monotonic() + LISTED_SECONDS
        while run is None and time.monotonic() < deadline:
            time.sleep(min(POLL_SECONDS, LISTED_SECONDS))
            run = self.runner.find(order.key)
        if run is None:
            # Starting again on doubt could run it twice: a person must look.
            raise OutsideServiceError(
                self.runner.service,
                f"a run of {self.runner.name} was asked for, but none with the key {order.key} appeared. "
                "It may still come. Look there before you plan again.",
                maybe_done=True,
                permanent=True,
            )
        return run

    def _follow(self, run: Run) -> Run:
        deadline = time.monotonic() + FOLLOW_SECONDS
        while run.state == "going":
            if time.monotonic() >= deadline:
                raise OutsideServiceError(
                    self.runner.service, f"the run is still {run.words}: {run.url}", LOOK_AGAIN_SECONDS
                )
            time.sleep(POLL_SECONDS)
            run = self.runner.look(run)
        return run


def _version(value: str) -> str:
    if not _VERSION.fullmatch(value):
        raise TargetError("A pipeline takes only plain versions: letters, digits and . _ : / @ + - (at most 200).")
    return value


def keyed(entry: Mapping[str, Any], key: str) -> bool:
    """Whether a listed run carries the key in one of its names, as a word of its own."""
    names = (entry.get("display_title"), entry.get("name"))
    return any(key in str(name).split() for name in names if name)
