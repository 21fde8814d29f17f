"""A tabletop scenario as its YAML says it: objectives, roles, injects, expected actions, truth. Types and loader.

Words are HSEEP's: an inject is one event of the master scenario events list (MSEL), an action is what the team is
expected to do about it. Times are whole minutes since the exercise started.

How an inject comes to be sent: `at` a minute; so long `after` another; `when` an action was done or missed; or, with
none of the three, only because another inject branches to it (`options`, `then`). A `then` of an inject takes effect
once that inject was sent and the action it names is settled: done, or its time is over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from incidents.inventory import SystemEntry
from severity.errors import ContentError, Fault
from severity.loading import StrictModel, check_shape, read_yaml, read_yaml_text
from severity.taxonomy import HarmClassId

LIBRARY = Path(__file__).parent / "scenarios"
START = "start"  # what an action counts its minutes from, when not from an inject
EVERYONE = "everyone"  # whom an inject goes to, when not to one role

# What the team does, by the command or button of the bot that does it.
# fmt: off
Do = Literal[
    "declare", "classify", "acknowledge", "assign", "contain", "step", "evidence", "rollback", "note", "update",
    "comms", "clock", "mitigated", "resolve", "postmortem", "decide",
]
# fmt: on
DOS: tuple[Do, ...] = get_args(Do)
Kind = Literal["customer", "journalist", "regulator", "executive", "engineer", "vendor", "monitor", "attacker"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Severity = Literal["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=60)]
Title = Annotated[str, StringConstraints(min_length=3, max_length=120)]
Label = Annotated[str, StringConstraints(min_length=2, max_length=75)]  # what a Slack button holds
Line = Annotated[str, StringConstraints(min_length=3, max_length=400)]
Text = Annotated[str, StringConstraints(min_length=3, max_length=2500)]  # fits one Slack section
Minute = Annotated[int, Field(ge=0, le=240)]
Minutes = Annotated[int, Field(ge=1, le=240)]


def _inside(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or ":" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError("must be a path under scenarios/files/, without .. and without a leading slash")
    return path


FilePath = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_inside)]


class Objective(StrictModel):
    """What the exercise tests, and the capability it belongs to. `left_out`: how many of its actions only the full
    variant asks for; the short variant sets it."""

    id: Id
    text: Line
    capability: Title
    left_out: Annotated[int, Field(ge=0)] = 0


class Role(StrictModel):
    """A role that somebody plays, and why the scenario needs it."""

    id: Id
    title: Title
    why: Line


class Persona(StrictModel):
    """Who speaks in an inject: a role, never a person's name."""

    name: Title
    kind: Kind


class After(StrictModel):
    """So many minutes after another inject was sent."""

    inject: Id
    minutes: Annotated[int, Field(ge=0, le=240)]


class Condition(StrictModel):
    """An action that was done (the default), or missed: `{action: a, missed: true}`."""

    action: Id
    missed: bool = False
    done: bool | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "Condition":
        if self.done is self.missed:
            raise ValueError("says done or missed, one of the two")
        return self


class Option(StrictModel):
    """One answer the team may choose, and the inject that follows from it."""

    id: Id
    label: Label
    next: Id | None = None


class Branch(StrictModel):
    """If the action was done, or missed, the inject is sent."""

    if_: Annotated[Condition, Field(alias="if")]
    inject: Id


class Inject(StrictModel):
    """One event. `to` is a role's id or `everyone`; `expects` names the actions it should cause."""

    id: Id
    at: Minute | None = None
    after: After | None = None
    when: Condition | None = None
    persona: Persona
    channel: Literal["exercise", "dm"] = "exercise"
    to: Id = EVERYONE
    text: Text
    image: FilePath | None = None
    file: FilePath | None = None
    expects: tuple[Id, ...] = ()
    options: tuple[Option, ...] = ()
    then: tuple[Branch, ...] = ()
    proposed: bool = False  # a machine's draft that no person has accepted yet

    @model_validator(mode="after")
    def _one_trigger(self) -> "Inject":
        if sum(trigger is not None for trigger in (self.at, self.after, self.when)) > 1:
            raise ValueError("has more than one of at, after and when; choose one")
        if self.channel == "dm" and self.to == EVERYONE:
            raise ValueError("is a direct message to everyone; name the role")
        return self


class Expects(StrictModel):
    """What the record must show for the action to count. Every key given must hold."""

    severity_at_least: Severity | None = None  # classify, declare: this severity or a worse one
    harm_class: HarmClassId | None = None
    private: bool | None = None
    role: Id | None = None  # assign
    runbook: Id | None = None  # contain, step
    step: Id | None = None
    target: Id | None = None  # rollback: a target of the scenario's systems
    clock: Annotated[str, StringConstraints(min_length=3, max_length=60)] | None = None  # clock, as in clocks.yaml
    comms: Literal["internal-update", "status-page", "customer-notice", "regulator-note"] | None = None
    option: Id | None = None  # decide: an option of the inject that the action comes after


class Action(StrictModel):
    """What the team is expected to do, by which role, within how many minutes after an inject (or the start)."""

    id: Id
    text: Line
    by: Id
    do: Do
    within: Minutes
    after: Id = START
    objective: Id
    expects: Expects = Expects()
    critical: bool = False


class Short(StrictModel):
    """The short variant. `at` gives its injects their minutes; those without one keep their `after` or `when`."""

    minutes: Annotated[int, Field(ge=5, le=30)] = 15
    injects: Annotated[tuple[Id, ...], Field(min_length=1)]
    actions: Annotated[tuple[Id, ...], Field(min_length=1)]
    at: Annotated[dict[Id, Minute], Field(default_factory=dict)]


class Truth(StrictModel):
    """What the players find out last. `facts` are answers of the severity policy; `severity` is what follows."""

    cause: Text
    severity: Severity
    facts: Annotated[dict[str, str], Field(default_factory=dict)]
    clocks: tuple[str, ...] = ()
    containment: Text
    what_is_a_trap: tuple[Line, ...] = ()


class Scenario(StrictModel):
    """A whole scenario. `harm_classes` are the ones a careful team ends with."""

    id: Id
    title: Title
    version: Annotated[int, Field(ge=1)] = 1
    minutes: Annotated[int, Field(ge=5, le=240)]  # a short variant is a scenario too
    short: Short | None = None
    harm_classes: Annotated[tuple[HarmClassId, ...], Field(min_length=1)]
    tier: Annotated[int, Field(ge=0, le=3)]
    sources: tuple[Line, ...] = ()
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    systems: Annotated[tuple[SystemEntry, ...], Field(min_length=1)]
    background: Text
    opening: Text
    injects: Annotated[tuple[Inject, ...], Field(min_length=1)]
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    discussion: tuple[Line, ...] = ()
    hot_wash: tuple[Line, ...] = ()
    facilitator: Text
    truth: Truth

    def inject(self, inject_id: str) -> Inject:
        """The inject with this id. Raises KeyError."""
        return _named(self.injects, inject_id)

    def action(self, action_id: str) -> Action:
        """The action with this id. Raises KeyError."""
        return _named(self.actions, action_id)

    def role(self, role_id: str) -> Role:
        """The role with this id. Raises KeyError."""
        return _named(self.roles, role_id)

    def shortened(self) -> "Scenario":
        """The short variant as a scenario of its own: only its injects and actions, at its minutes, nothing dangling.

        A deadline that would fall after the end falls on the end. Raises ValueError where there is no short variant.
        """
        if self.short is None:
            raise ValueError(f"{self.id} has no short variant")
        return _shortened(self, self.short)


_Named = TypeVar("_Named", Inject, Action, Role)


def _named(items: tuple[_Named, ...], wanted: str) -> _Named:
    for item in items:
        if item.id == wanted:
            return item
    raise KeyError(wanted)


def _shortened(full: Scenario, short: Short) -> Scenario:
    kept, actions = set(short.injects), set(short.actions)

    def inject(item: Inject) -> Inject:
        return item.model_copy(
            update={
                **({"at": short.at[item.id], "after": None, "when": None} if item.id in short.at else {}),
                "expects": tuple(name for name in item.expects if name in actions),
                "options": tuple(
                    option if option.next in kept else option.model_copy(update={"next": None})
                    for option in item.options
                ),
                "then": tuple(branch for branch in item.then if branch.inject in kept and branch.if_.action in actions),
            }
        )

    def action(item: Action) -> Action:
        start = short.at.get(item.after, 0)
        return item.model_copy(update={"within": max(1, min(item.within, short.minutes - start))})

    def objective(item: Objective) -> Objective:
        out = sum(each.objective == item.id and each.id not in actions for each in full.actions)
        return item.model_copy(update={"left_out": out})

    taken = tuple(action(item) for item in full.actions if item.id in actions)
    tested = {item.objective for item in taken}
    return full.model_copy(
        update={
            "minutes": short.minutes,
            "short": None,
            "injects": tuple(inject(item) for item in full.injects if item.id in kept),
            "actions": taken,
            "objectives": tuple(objective(item) for item in full.objectives if item.id in tested),
            # The minutes and injects that the notes speak of are the full variant's.
            "facilitator": f"(Written for all {full.minutes} minutes.) {full.facilitator}"[:2500],
        }
    )


def leads_to(inject: Inject) -> Iterator[str]:
    """The injects that this one can cause by branching."""
    yield from (option.next for option in inject.options if option.next)
    yield from (branch.inject for branch in inject.then)


@dataclass(frozen=True)
class ScenarioLibrary:
    """Every scenario by its id, the file each came from, and the faults of the files that were refused."""

    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    faults: Sequence[Fault] = ()

    def require(self, scenario_id: str) -> Scenario:
        """The scenario with this id. Raises ContentError naming those that exist."""
        if scenario_id not in self.scenarios:
            known = ", ".join(sorted(self.scenarios))
            raise ContentError([Fault("scenarios", 1, scenario_id, f"is no scenario. Known: {known}")])
        return self.scenarios[scenario_id]

    def attachment(self, scenario_id: str, name: str) -> Path:
        """The file of this scenario that an inject names. Raises ContentError when it is not there, or not inside."""
        folder = (self.files[scenario_id].parent / "files").resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise ContentError([Fault(self.files[scenario_id].name, 1, name, "there is no such file under files/")])
        return path


def load_scenario(path: Path) -> Scenario:
    """One scenario that may be run. Raises ContentError with every fault of the file: line, key and reason."""
    from playbooks.scenario_check import check_document

    document = read_yaml(path)
    faults = check_document(document, path.parent).faults
    if faults:
        raise ContentError(faults)
    return check_shape(document, Scenario)


def parse_scenario(text: str) -> Scenario:
    """A scenario from YAML text, its shape only; the MSEL's sense is `scenario_check`'s business."""
    return check_shape(read_yaml_text(text, "scenario"), Scenario)


def load_scenarios(own: Iterable[Path] = ()) -> ScenarioLibrary:
    """The shipped scenarios and those in the folders `own`, which replace ours of the same id.

    A broken file never hides a working one.
    """
    scenarios: dict[str, Scenario] = {}
    files: dict[str, Path] = {}
    faults: list[Fault] = []
    for folder in (LIBRARY, *own):
        seen: dict[str, str] = {}
        for path in sorted(folder.glob("*.yaml")):
            try:
                scenario = load_scenario(path)
            except ContentError as error:
                faults += error.faults
                continue
            if scenario.id in seen:
                faults.append(read_yaml(path).fault(("id",), f"{scenario.id} is already the id of {seen[scenario.id]}"))
                continue
            seen[scenario.id] = path.name
            scenarios[scenario.id], files[scenario.id] = scenario, path
    return ScenarioLibrary(scenarios, files, tuple(faults))
