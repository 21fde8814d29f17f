"""A runbook as its YAML says it: pydantic types, and nothing that needs a database.

A step's kind is the key that holds its title: `do: Save the exchange`. Steps run in the order of the file unless
`goto` or a decision says otherwise; `end` is the exit.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from severity.loading import StrictModel

END = "end"

# Who a step belongs to. The incident's roles come first; the others are functions the playbooks name.
ROLES: dict[str, str] = {
    "commander": "Incident commander",
    "communications": "Communications",
    "scribe": "Scribe",
    "on-call": "On-call engineer",
    "model-owner": "Owner of the AI system",
    "privacy": "Privacy",
    "security": "Security",
    "legal": "Legal",
    "trust-and-safety": "Trust and safety",
    "support": "Support",
    "responsible-ai": "Responsible-AI lead",
}

# The levers of the field. A rollback step names them; the AI system's inventory entry says which ones it has.
LEVERS: dict[str, str] = {
    "kill-switch": "turn the feature or the agent off",
    "model-version": "go back to an earlier model",
    "prompt-version": "go back to an earlier prompt",
    "guardrail-policy": "go back to an earlier, or to a stricter, guardrail policy",
    "retrieval-index": "go back to an earlier index, or cut a source off",
    "tool-permissions": "disable a tool or cut its permissions",
    "output-filter": "filter or redact outputs",
    "rate-limit": "limit the rate, or shape traffic away",
    "human-review": "send outputs to a human review queue before anyone sees them",
    "log-retention": "stop or shorten logging and retention",
    "vendor-fallback": "switch to another vendor or pinned version",
}

Kind = Literal["do", "decide", "collect", "rollback", "notify", "wait", "parallel"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Severity = Literal["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
HarmClass = Literal["H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9", "H10"]

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Title = Annotated[str, StringConstraints(min_length=3, max_length=150)]
Answer = Annotated[str, StringConstraints(min_length=2, max_length=75)]  # what a Slack button holds
Words = Annotated[str, StringConstraints(min_length=3, max_length=2500)]
Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 30)]


def _all_severities(minutes: dict[Severity, int]) -> dict[Severity, int]:
    missing = [severity for severity in SEVERITIES if severity not in minutes]
    if missing:
        raise ValueError(f"has no minutes for {', '.join(missing)}")
    times = [minutes[severity] for severity in SEVERITIES]
    if times != sorted(times):
        raise ValueError("gives a worse severity more time than a milder one")
    return minutes


Urgency = Annotated[dict[Severity, Minutes], AfterValidator(_all_severities)]


class Choice(StrictModel):
    """One answer to a decision, and where it leads."""

    choice: Id
    say: Answer
    goto: Id


class Failure(StrictModel):
    """What to do when the step does not work. Without `goto` the step is open again, for another try."""

    say: Words
    goto: Id | None = None


class Source(StrictModel):
    """Where a runbook's advice comes from."""

    name: Title
    ref: Annotated[str, StringConstraints(min_length=2, max_length=200)]


class Step(StrictModel):
    """One step. Exactly one of the seven kinds is given; texts are Jinja templates over the incident."""

    id: Id
    do: Title | None = None
    decide: Title | None = None
    collect: Title | None = None
    rollback: Title | None = None
    notify: Title | None = None
    wait: Title | None = None
    parallel: Title | None = None

    why: Words
    how: Words
    check: Words | None = None  # how one sees that it worked
    owner: str
    minutes: Minutes  # expected duration; of a wait, its length
    urgency: Urgency | None = None  # minutes until it is overdue, by severity; default: the runbook's
    skip: Literal["with-reason", "commander", "never"] = "with-reason"
    if_it_fails: Failure
    goto: Id | None = None  # default: the next step of the file

    choices: tuple[Choice, ...] = ()
    accepts: tuple[Literal["text", "file", "link", "query"], ...] = ()
    targets: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    message: Words | None = None
    steps: tuple["Step", ...] = ()

    @property
    def kind(self) -> Kind:
        """Which of the seven kinds this step is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def title(self) -> str:
        """The step's title, as a template."""
        return str(getattr(self, self.kind))

    @model_validator(mode="after")
    def _one_kind_and_its_fields(self) -> "Step":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"has {len(given)} kinds; give exactly one of {', '.join(KINDS)}")
        kind = given[0]
        for name, (owner_kind, words) in _FIELD_OF.items():
            if owner_kind == kind and not getattr(self, name):
                raise ValueError(f"is a {kind} step and needs {name}: {words}")
            if owner_kind != kind and getattr(self, name):
                raise ValueError(f"is a {kind} step; {name} belongs to {owner_kind} steps")
        if kind == "decide" and self.goto:
            raise ValueError("is a decide step; its choices say where to go, not goto")
        if kind == "decide" and len({choice.choice for choice in self.choices}) < max(2, len(self.choices)):
            raise ValueError("needs at least two choices, each with its own name")
        return self


_FIELD_OF: dict[str, tuple[Kind, str]] = {
    "choices": ("decide", "the answers, and where each leads"),
    "accepts": ("collect", "text, file, link or query"),
    "targets": ("rollback", "the levers, best first"),
    "tell": ("notify", "the roles to tell"),
    "message": ("notify", "what to tell them"),
    "steps": ("parallel", "the steps to do at the same time"),
}


class Runbook(StrictModel):
    """A whole runbook. `urgency` is in minutes from the moment a step opens until it is overdue."""

    id: Id
    title: Title
    harm_classes: Annotated[list[HarmClass], Field(min_length=1)]
    enter_when: Annotated[list[Words], Field(min_length=1)]
    leave_when: Words
    sources: Annotated[list[Source], Field(min_length=1)]
    urgency: Urgency
    steps: Annotated[list[Step], Field(min_length=1)]

    def walk(self) -> Iterator[tuple[Step, Step | None]]:
        """Every step with the parallel step it is part of, in the order of the file."""
        for step in self.steps:
            yield step, None
            for part in step.steps:
                yield part, step

    def step(self, step_id: str) -> Step:
        """The step with this id. Raises KeyError."""
        for step, _ in self.walk():
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def after(self, step_id: str) -> str:
        """Where a finished step leads when nothing else is said: its `goto`, the next step of the file, or `end`."""
        ids = [step.id for step in self.steps]
        position = ids.index(step_id)
        return self.steps[position].goto or (ids[position + 1] if position + 1 < len(ids) else END)

    def ways(self, step_id: str) -> list[str]:
        """Every step a top-level step can lead to, failure apart; its usual way first."""
        step = self.step(step_id)
        return [choice.goto for choice in step.choices] if step.choices else [self.after(step_id)]

    def left(self, step_id: str) -> list[str]:
        """The shortest way from a top-level step to the exit, that step included."""
        queue, seen = [[step_id]], {step_id}
        for way in queue:  # breadth first: the list grows while it is read
            if way[-1] == END:
                return way[:-1]
            for following in self.ways(way[-1]):
                if following not in seen:
                    seen.add(following)
                    queue.append([*way, following])
        return [step_id]
