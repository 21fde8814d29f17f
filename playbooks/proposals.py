"""A language model may propose injects; a person accepts each one. The file is changed by text, line by line.

The model is handed in as a callable and never believed: what it proposes is checked like everything else, is marked
`proposed: true`, and changes nothing but the list of injects. It is told the scenario without its ground truth.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from playbooks.imports.made import Made, named, plain, refused, to_yaml, words
from playbooks.scenario import EVERYONE, KINDS, Kind, Scenario, parse_scenario
from playbooks.scenario_check import NOTHING_KNOWN, Known, check_text
from severity.errors import ContentError
from severity.loading import read_yaml_text

MOST = 5
Ask = Callable[[type[BaseModel], str, str], BaseModel | str]
"""(form of the answer, what is asked, the scenario) -> the answer in that form, or why there is none."""

PROMPT = Path(__file__).parent / "prompts" / "propose.md"


class ProposedInject(BaseModel):
    """One inject as a model may propose it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    at: int
    persona: str
    kind: Kind
    to: str
    text: str


class Proposal(BaseModel):
    """What a model answers."""

    model_config = ConfigDict(extra="forbid")

    injects: list[ProposedInject] = Field(max_length=MOST)


def propose(text: str, ask: Ask, known: Known = NOTHING_KNOWN) -> Made:
    """The scenario's text with a model's injects added, each marked; or why there are none."""
    scenario = parse_scenario(text)
    asked = PROMPT.read_text(encoding="utf-8").replace("{most}", str(MOST))
    answer = ask(Proposal, asked, json.dumps(_shown(scenario), ensure_ascii=False))
    if not isinstance(answer, Proposal):
        return refused(answer if isinstance(answer, str) else "the model's answer does not have the form asked for")
    taken = [inject.id for inject in scenario.injects]
    roles = {role.id for role in scenario.roles}
    added = []
    dropped = []
    for item in answer.injects[:MOST]:
        if not 0 <= item.at <= scenario.minutes or item.kind not in KINDS or len(plain(item.text)) < 3:
            dropped.append(f"{item.id!r:.60} was left out: its minute or its text cannot be used")
            continue
        taken.append(named(item.id, taken, "proposed"))
        added.append(
            {
                "id": taken[-1],
                "at": item.at,
                "persona": {"name": words(item.persona, 120, "Somebody"), "kind": item.kind},
                "to": item.to if item.to in roles else EVERYONE,
                "text": plain(item.text),
                "proposed": True,
            }
        )
    if not added:
        return refused(*dropped or ["the model proposed nothing"])
    grown = _with_injects(text, added)
    faults = check_text(grown, "scenario", known).faults
    return refused(*map(str, faults)) if faults else Made(grown, (), tuple(dropped))


def _with_injects(text: str, added: list[dict[str, Any]]) -> str:
    """The text with injects at the end of its list; everything else stays, comments too."""
    lines = text.splitlines(keepends=True)
    start = next(index for index, line in enumerate(lines) if line.startswith("injects:"))
    end = next((index for index in range(start + 1, len(lines)) if re.match(r"[A-Za-z_\"']", lines[index])), len(lines))
    indent = next((line[: len(line) - len(line.lstrip())] for line in lines[start + 1 : end] if "- " in line), "  ")
    block = to_yaml({"injects": added}).splitlines(keepends=True)[1:]
    return "".join([*lines[:end], *(f"{indent}{line}" for line in block), *lines[end:]])


def accept(text: str, inject_id: str) -> str:
    """The text with this inject's mark taken away. Raises ContentError when there is no such mark."""
    document = read_yaml_text(text, "scenario")
    for index, inject in enumerate(_value(text)["injects"]):
        if inject.get("id") == inject_id:
            if inject.get("proposed") is not True:
                break
            lines = text.splitlines(keepends=True)
            place = document.line("injects", index, "proposed") - 1
            if lines[place].strip() != "proposed: true":
                raise ContentError(
                    [
                        document.fault(
                            ("injects", index, "proposed"), "stands on a line with other keys; take it out by hand"
                        )
                    ]
                )
            return "".join([*lines[:place], *lines[place + 1 :]])
    raise ContentError([document.fault(("injects",), f"holds no proposed inject {inject_id!r:.60}")])


def _value(text: str) -> dict[str, Any]:
    value: dict[str, Any] = read_yaml_text(text, "scenario").value
    return value


def _shown(scenario: Scenario) -> dict[str, Any]:
    """What the model sees: no ground truth, no notes for the facilitator."""
    return scenario.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"truth", "facilitator", "short"})
