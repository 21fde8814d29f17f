"""A runbook as a CACAO 2.0 playbook. Pure.

Every step becomes a `manual` command for a group of people: a tool that runs the document asks them, it never acts
itself. Decisions become a manual question and `if-condition` steps on its answer.
"""

from datetime import UTC, datetime
from typing import Any

from runbooks.cacao.names import (
    ACTIVITIES,
    AUTHOR,
    EXTENSION,
    FIELD_VARIABLES,
    answer_variable,
    object_id,
    playbook_id,
    with_variables,
)
from runbooks.schema import END, ROLES, Runbook, Step

Object = dict[str, Any]
# What the standard's own properties say is not said again in the extension.
_SAID_BY_CACAO = {"id", "owner", "goto", "steps"}


def export(runbook: Runbook, at: datetime) -> Object:
    """The playbook as plain JSON values; `at` (UTC-aware) dates this version. Ids depend on the runbook's ids only."""
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    owners = sorted({step.owner for step, _ in runbook.walk()})
    decisions = [step for step, _ in runbook.walk() if step.kind == "decide"]
    kinds = {step.kind for step, _ in runbook.walk()}
    return {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": playbook_id(runbook.id),
        "name": runbook.title,
        "description": "\n".join(
            ["Use it when:", *(f"- {reason}" for reason in runbook.enter_when), f"Done when: {runbook.leave_when}"]
        ),
        "playbook_types": ["mitigation"],
        "playbook_activities": sorted({ACTIVITIES[kind] for kind in kinds if kind in ACTIVITIES}),
        "created_by": AUTHOR,
        "created": stamp,
        "modified": stamp,
        "labels": ["rai-incident", *runbook.harm_classes],
        "external_references": [{"name": source.name, "source": source.ref} for source in runbook.sources],
        "playbook_variables": {
            **{
                name: {"type": "string", "description": words, "external": True}
                for name, words in FIELD_VARIABLES.items()
            },
            **{
                answer_variable(step.id): {
                    "type": "string",
                    "description": "; ".join(f"{choice.choice}: {choice.say}" for choice in step.choices),
                }
                for step in decisions
            },
        },
        "workflow_start": object_id("start", runbook.id),
        "workflow": _workflow(runbook),
        "agent_definitions": {_agent(owner): {"type": "group", "name": ROLES[owner]} for owner in owners},
        "extension_definitions": {
            EXTENSION: {
                "type": "extension-definition",
                "name": "rai-incident runbook",
                "description": "What a runbook says beyond CACAO: why, how to check, urgency, what to do if it fails.",
                "created_by": AUTHOR,
                "schema": "The fields of rai-incident's runbook YAML. On a step: step. On the playbook: runbook.",
                "version": "1.0.0",
            }
        },
        "playbook_extensions": {
            EXTENSION: {
                "runbook": runbook.model_dump(
                    mode="json", include={"id", "harm_classes", "enter_when", "leave_when", "urgency"}
                )
            }
        },
    }


def _workflow(runbook: Runbook) -> dict[str, Object]:
    """Start, the steps in the runbook's order, end."""
    end = object_id("end", runbook.id)
    workflow: dict[str, Object] = {
        object_id("start", runbook.id): {
            "type": "start",
            "name": "Start",
            "on_completion": _entry(runbook, runbook.steps[0].id),
        }
    }
    for step in runbook.steps:
        if step.kind == "decide":
            workflow |= _decision(runbook, step)
        elif step.kind == "parallel":
            workflow |= _parallel(runbook, step)
        else:
            workflow[_entry(runbook, step.id)] = _action(runbook, step) | _leads(
                runbook, step, _entry(runbook, runbook.after(step.id))
            )
    workflow[end] = {"type": "end", "name": "End"}
    return workflow


def _entry(runbook: Runbook, step_id: str) -> str:
    """The identifier under which a step is entered."""
    if step_id == END:
        return object_id("end", runbook.id)
    kind = "parallel" if runbook.step(step_id).kind == "parallel" else "action"
    return object_id(kind, runbook.id, step_id)


def _agent(owner: str) -> str:
    return object_id("group", owner)


def _leads(runbook: Runbook, step: Step, following: str) -> Object:
    if step.if_it_fails.goto is None:
        return {"on_completion": following}
    return {"on_success": following, "on_failure": _entry(runbook, step.if_it_fails.goto)}


def _action(runbook: Runbook, step: Step) -> Object:
    action: Object = {
        "type": "action",
        "name": with_variables(step.title),
        "description": _description(step),
        "commands": [
            {
                "type": "manual",
                "command": with_variables(step.how if step.message is None else f"{step.how}\n\n{step.message}"),
                "playbook_activity": ACTIVITIES[step.kind],
            }
        ],
        "agent": _agent(step.owner),
        "step_extensions": _extension(step),
    }
    if step.kind == "wait":
        action["delay"] = step.minutes * 60_000
    return action


def _description(step: Step) -> str:
    lines = [f"Why: {step.why}"]
    if step.check:
        lines.append(f"How to check: {step.check}")
    lines.append(f"If it fails: {step.if_it_fails.say}")
    return with_variables("\n".join(lines))


def _extension(step: Step) -> Object:
    said = step.model_dump(mode="json", exclude=_SAID_BY_CACAO, exclude_defaults=True, exclude_none=True)
    said["if_it_fails"] = {"say": step.if_it_fails.say}
    if step.choices:
        said["choices"] = [{"choice": choice.choice, "say": choice.say} for choice in step.choices]
    return {EXTENSION: {"step_id": step.id, "step": said}}


def _decision(runbook: Runbook, step: Step) -> dict[str, Object]:
    """The question, then one if-condition per answer but the last, which is what is left."""
    variable = answer_variable(step.id)
    ids = [object_id("if-condition", runbook.id, step.id, choice.choice) for choice in step.choices[:-1]]
    question = _action(runbook, step)
    answers = "\n".join(f"{choice.choice}: {choice.say}" for choice in step.choices)
    question["commands"][0]["command"] += f"\n\nAnswer with one of:\n{answers}"
    question["out_args"] = [variable]
    steps = {_entry(runbook, step.id): question | _leads(runbook, step, ids[0])}
    for index, (id, choice) in enumerate(zip(ids, step.choices, strict=False)):
        otherwise = ids[index + 1] if index + 1 < len(ids) else _entry(runbook, step.choices[-1].goto)
        steps[id] = {
            "type": "if-condition",
            "name": choice.say,
            "condition": f"{variable}:value = '{choice.choice}'",
            "on_true": _entry(runbook, choice.goto),
            "on_false": otherwise,
        }
    return steps


def _parallel(runbook: Runbook, step: Step) -> dict[str, Object]:
    """The parallel step, and each part with an end of its own, as the standard wants its branches."""
    parts: dict[str, Object] = {}
    branches: list[str] = []
    for part in step.steps:
        end = object_id("end", runbook.id, part.id)
        branches.append(object_id("action", runbook.id, part.id))
        parts[branches[-1]] = _action(runbook, part) | {"on_completion": end}
        parts[end] = {"type": "end", "name": f"End of {part.id}"}
    if len(branches) == 1:  # the standard wants two branches at least: the second one has nothing in it
        branches.append(object_id("end", runbook.id, step.id))
        parts[branches[-1]] = {"type": "end", "name": f"Nothing beside {step.steps[0].id}"}
    extension = _extension(step)
    extension[EXTENSION]["step"]["owner"] = step.owner  # a parallel step of the standard has no agent
    parallel = {
        "type": "parallel",
        "name": with_variables(step.title),
        "description": _description(step),
        "next_steps": branches,
        "step_extensions": extension,
    }
    return {
        _entry(runbook, step.id): parallel | _leads(runbook, step, _entry(runbook, runbook.after(step.id))),
        **parts,
    }
