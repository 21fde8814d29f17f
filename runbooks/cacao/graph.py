"""The workflow as a graph: every step that can be reached, where each leads, and what is wrong with it. Pure.

The standard nests: what follows an `if-condition` or a `parallel` is its own `on_completion`, and the `end` of a branch
returns there. A runbook is flat, so each `end` is replaced by what comes after its branch.
"""

from dataclasses import dataclass, field

from runbooks.cacao.standard import CacaoStep, Playbook, Refusal
from runbooks.schema import END

UNSUPPORTED = {
    "playbook-action": "starts another playbook; import that one by itself and name it in a step",
    "while-condition": "repeats by itself; a runbook repeats only where a person decides so",
    "switch-condition": "is not supported; use if-condition steps",
}
# Why a person has to rewrite a command before it can be a step. Everything that is not named here is unknown to us.
MACHINE_COMMANDS = {
    "bash": "runs a shell",
    "powershell": "runs a shell",
    "ssh": "runs on another machine",
    "caldera-cmd": "drives an attack tool",
    "jupyter": "runs code",
    "kestrel": "runs code",
    "elastic": "queries a store by itself",
    "openc2-http": "acts on equipment by itself",
    "sigma": "is a detection rule",
    "yara": "is a detection rule",
}
Where = dict[str, str]  # choice or "next"/"failure" -> step id or END


@dataclass
class Graph:
    """Steps in the order of the document; `leads[id]` says where each goes, with ends resolved."""

    first: str = END
    leads: dict[str, Where] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)  # of each parallel step
    refusals: list[Refusal] = field(default_factory=list)


def read_graph(playbook: Playbook) -> Graph:
    """Walk the workflow from its start. Never raises: faults are in `refusals`."""
    return _Walk(playbook).run()


class _Walk:
    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.steps = playbook.workflow
        self.graph = Graph()
        self.after: dict[str, str] = {}  # step -> what its branch's end leads to
        self.waiting: list[str] = []

    def run(self) -> Graph:
        self._check_names()
        start = self.steps.get(self.playbook.workflow_start)
        if start is None:
            self._refuse("workflow_start", f"names {self.playbook.workflow_start}, which is no step of the workflow")
        elif start.type != "start":
            self._refuse("workflow_start", f"names a step of type {start.type}; it must be a start step")
        elif start.on_completion is None:
            self._refuse(self.playbook.workflow_start, "leads nowhere: it has no on_completion")
        else:
            self.graph.first = self._to(self.playbook.workflow_start, "on_completion", start.on_completion, END)
            while self.waiting:
                self._visit(self.waiting.pop(0))
            self._check_reached()
        self._check_exception()
        return self.graph

    def _check_names(self) -> None:
        if not any(step.type == "end" for step in self.steps.values()):
            self._refuse("workflow", "has no end step")
        for id, step in self.steps.items():
            if id.split("--")[0] != step.type:
                self._refuse(id, f"is of type {step.type}, which its id does not say")
            if step.on_completion and step.on_success:
                self._refuse(id, "has both on_completion and on_success; the standard allows one of them")
            if step.type in UNSUPPORTED:
                self._refuse(id, f"{step.type}: {UNSUPPORTED[step.type]}")
            for command in step.commands or ():
                self._check_command(id, command.type, command.text)

    def _check_command(self, id: str, kind: str, text: str | None) -> None:
        if kind not in ("manual", "http-api"):
            why = MACHINE_COMMANDS.get(kind, "is of a kind we do not know")
            self._refuse(
                id, f"a command of type {kind} {why}; runbooks are for people, so write what a person does instead"
            )
        elif not (text or "").strip():
            self._refuse(id, f"a command of type {kind} has no words")

    def _check_reached(self) -> None:
        for id, step in self.steps.items():
            if step.type not in ("end", "start") and id not in self.after:
                self._refuse(id, "nothing leads to this step")
            if step.type == "start" and id != self.playbook.workflow_start:
                self._refuse(id, "is a second start step")

    def _check_exception(self) -> None:
        id = self.playbook.workflow_exception
        if id is None:
            return
        if id not in self.steps:
            self._refuse("workflow_exception", f"names {id}, which is no step of the workflow")
        elif self.steps[id].type != "end":
            self._refuse("workflow_exception", "leads to steps; in a runbook each step says what to do when it fails")

    def _to(self, id: str, key: str, target: str, exit: str) -> str:
        """Where `target` really leads, and have it visited."""
        step = self.steps.get(target)
        if step is None:
            self._refuse(id, f"{key} leads to {target}, which is no step of the workflow")
            return END
        if step.type == "end":
            return exit
        if step.type == "start":
            self._refuse(id, f"{key} leads back to a start step")
            return END
        known = self.after.get(target)
        if known is None:
            self.after[target] = exit
            self.waiting.append(target)
        elif known != exit:
            self._refuse(target, "is reached both inside a branch and after it, so it is not clear what follows")
        return target

    def _visit(self, id: str) -> None:
        step, exit = self.steps[id], self.after[id]
        leads: Where = {}
        if step.type == "if-condition":
            self._branches(id, step, exit, leads)
        elif step.type == "parallel":
            self._parallel(id, step, leads)
        following = step.on_completion or step.on_success
        if step.type in ("action", "parallel"):
            if following is None:
                self._refuse(id, "leads nowhere: it has no on_completion or on_success")
            else:
                leads["next"] = self._to(id, "on_completion", following, exit)
        if step.on_failure is not None and step.type in ("action", "parallel"):
            leads["failure"] = self._to(id, "on_failure", step.on_failure, exit)
        self.graph.leads[id] = leads

    def _branches(self, id: str, step: CacaoStep, exit: str, leads: Where) -> None:
        following = step.on_completion or step.on_success
        inner = self._to(id, "on_completion", following, exit) if following else exit
        leads["true"] = self._to(id, "on_true", step.on_true or "", inner)
        leads["false"] = self._to(id, "on_false", step.on_false, inner) if step.on_false else inner

    def _parallel(self, id: str, step: CacaoStep, leads: Where) -> None:
        parts = []
        for target in step.next_steps or ():
            part = self.steps.get(target)
            if part is None:
                self._refuse(id, f"next_steps names {target}, which is no step of the workflow")
            elif part.type == "end":
                continue  # a branch with nothing in it
            elif part.type != "action":
                self._refuse(target, f"is of type {part.type}; a part of a parallel step is one action")
            elif target in self.after:
                self._refuse(target, "is part of a parallel step and is reached in another way too")
            else:
                self.after[target] = END
                parts.append(target)
                self._check_part(target, part)
        if not parts:
            self._refuse(id, "has no action in any of its branches")
        self.graph.parts[id] = parts

    def _check_part(self, id: str, part: CacaoStep) -> None:
        following = part.on_completion or part.on_success
        target = self.steps.get(following or "")
        if target is None:
            words = f"leads to {following}, which is no step of the workflow" if following else "leads nowhere"
            self._refuse(id, words)
        elif target.type != "end":
            self._refuse(id, "a branch of a parallel step holds more than one action; make it one step")
        if part.on_failure is not None:
            self._refuse(id, "has on_failure; a part of a parallel step can only be tried again")

    def _refuse(self, id: str, reason: str) -> None:
        step = self.steps.get(id)
        where = f"workflow.{id}" if step else id
        self.graph.refusals.append(Refusal(f"{where} ({step.name:.60})" if step and step.name else where, reason))
