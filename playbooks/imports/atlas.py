"""A MITRE ATLAS case study as an exercise: what was noticed first, then the findings in the order of the case. Pure.

The texts of the case stay what they are, findings quoted from a named source (Apache-2.0); the names of its target and
its actor are taken out, since an exercise is about one's own house. What the case does not say is the frame's.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from playbooks.drafting import framed
from playbooks.imports.made import Made, made, named, plain, refused, words
from playbooks.scenario_check import NOTHING_KNOWN, Known
from severity.errors import ContentError
from severity.loading import check_shape, read_yaml, read_yaml_text

MAPPING = Path(__file__).parents[1] / "atlas.yaml"
SYSTEM = "the AI system"


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Step(_Open):
    tactic: str
    technique: str
    description: str


class _Case(_Open):
    id: str
    name: str
    summary: str
    procedure: tuple[_Step, ...]
    target: str = ""
    actor: str = ""


@cache
def _mapping() -> Mapping[str, Any]:
    found: Mapping[str, Any] = read_yaml(MAPPING).value
    return found


def from_atlas(text: str, name: str, known: Known = NOTHING_KNOWN) -> Made:
    """A scenario from one case study file, or why it makes none."""
    try:
        case = check_shape(read_yaml_text(text, name), _Case)
    except ContentError as error:
        return refused(*(str(fault) for fault in error.faults))
    rules = _mapping()
    tactics = [_bare(step.tactic) for step in case.procedure]
    if len(case.procedure) < rules["least_steps"]:
        steps = len(case.procedure)
        return refused(
            f"has {steps} step{'' if steps == 1 else 's'}; an exercise needs at least {rules['least_steps']} findings"
        )
    if not set(tactics) & set(rules["effects"]):
        return refused(
            f"its steps end with {tactics[-1].replace('_', ' ')}: nothing happens to a system or a person, so there is"
            " nothing to contain"
        )
    return _scenario(case, rules, known)


def _scenario(case: _Case, rules: Mapping[str, Any], known: Known) -> Made:
    techniques = {_bare(step.technique) for step in case.procedure}
    harms = _harms(case, techniques, rules)
    lead = harms[0]
    facts = {"materialisation": "event", "ongoing": "yes", "scope": "few", **rules["compromise"]["facts"]}
    for harm in harms:
        facts.update(harm["facts"])
    if techniques & set(rules["cross_user"]):
        facts["compromise"] = "cross_user"
    runbook = next((name for name, found in rules["runbooks"].items() if techniques & set(found)), lead["runbook"])
    effect, findings = _findings(case, rules)
    mask = _Mask(case)
    said = {
        **rules["said"],
        "title": f"{lead['title']} (after {words(case.id, 20, 'ATLAS')})",
        "runbook": runbook,
        "opening": plain(
            f'Security desk: "First sign, from outside: {mask(effect)} I do not know more. Who looks at it?"'
        ),
        "cause": mask(findings[0][1]) if findings else mask(effect),
    }
    # Longer texts of the case come in after the frame is filled: their braces are not ours.
    value = framed(
        {**said, "opening": "x", "cause": "x"},
        SYSTEM,
        harm_classes=[harm["harm_class"] for harm in harms],
        facts=facts,
    )
    value["id"] = named(f"atlas-{case.id}")
    value["sources"] = [f"MITRE ATLAS case study {words(case.id, 20, '?')}, {words(case.name, 200, '?')} (Apache-2.0)"]
    value["opening"] = said["opening"]
    value["truth"]["cause"] = plain(mask(case.summary))
    for inject in value["injects"]:
        if inject["id"] == "cause":
            inject["text"] = plain(
                f"All pieces together: {said['cause']} Other systems of ours are built the same way."
            )
    value["injects"] += [
        {
            "id": f"finding-{number}",
            "at": minute,
            "persona": {"name": who["by"], "kind": who["kind"]},
            "text": plain(f"{who['lead']} {mask(text)}"),
        }
        for number, (minute, (who, text)) in enumerate(zip(rules["findings_at"], findings, strict=False), 1)
    ]
    levers = next(item["at"] for item in value["injects"] if item["id"] == "levers")
    value["injects"].sort(key=lambda inject: inject.get("at", levers + 0.5))  # branches stand behind the choice
    value["facilitator"] = (
        f"Drafted from {case.id}. The findings tell the case in its own order; a name that was left in one of them"
        " belongs to the case and not to your house: change it. " + value["facilitator"]
    )
    assumed = [
        "minutes, roles, expected actions and the clock are the frame's",
        f"the harm classes {', '.join(value['harm_classes'])} were read from the techniques",
    ]
    return made(value, assumed, known)


def _harms(case: _Case, techniques: set[str], rules: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = " ".join([case.summary, *(step.description for step in case.procedure)]).lower()
    found = [
        harm
        for harm in rules["harms"]
        if techniques & set(harm.get("techniques", ())) or any(word in told for word in harm.get("words", ()))
    ]
    return [*found[:3], rules["compromise"]]


def _findings(case: _Case, rules: Mapping[str, Any]) -> tuple[str, list[tuple[Mapping[str, Any], str]]]:
    """What was noticed, and the steps before it in at most as many findings as there are minutes for."""
    steps = list(case.procedure)
    noticed = next((step for step in reversed(steps) if _bare(step.tactic) in rules["effects"]), steps[-1])
    rest = [step for step in steps if step is not noticed]
    groups: list[list[_Step]] = [[step] for step in rest]
    while len(groups) > len(rules["findings_at"]):  # put together the two neighbours that say least
        sizes = [len(_told(a)) + len(_told(b)) for a, b in pairwise(groups)]
        place = sizes.index(min(sizes))
        groups[place : place + 2] = [groups[place] + groups[place + 1]]
    return noticed.description, [
        (rules["tactics"].get(_bare(group[0].tactic), rules["other_tactic"]), _told(group)) for group in groups
    ]


def _told(steps: Sequence[_Step]) -> str:
    return "\n\n".join(step.description for step in steps)


def _bare(reference: str) -> str:
    """`{{impact.id}}` as the name it is."""
    return reference.strip("{} ").removesuffix(".id")


class _Mask:
    """Takes the names of target and actor out of the case's texts."""

    def __init__(self, case: _Case) -> None:
        self._rules = [
            (re.compile(pattern), by)
            for field, by in ((case.target, "the system"), (case.actor, "the attacker"))
            for pattern in self._patterns(field)
        ]

    @staticmethod
    def _patterns(field: str) -> list[str]:
        common = set(_mapping()["common_words"].split())
        if not field.strip():
            return []
        whole = [rf"(?i:{re.escape(field.strip())})"] if len(field.split()) > 1 else []
        proper = [
            word
            for word in re.findall(r"[^\W\d_][\w.’'-]{2,}", field)
            if word[0].isupper() and word.lower().strip(".'’") not in common
        ]
        return whole + [rf"\b{re.escape(word)}\b(?:['’]s\b)?" for word in sorted(set(proper), key=len, reverse=True)]

    def __call__(self, text: str) -> str:
        text = plain(text)
        for pattern, by in self._rules:
            text = pattern.sub(by, text)
        for by in ("the system", "the attacker"):
            text = re.sub(rf"(?:\b[Tt]he )?\b{by}(?:(?:,? and|,|/)? ?{by})+\b", by, text)
            text = re.sub(rf"\b(?:[Tt]he|an?) {by}\b", by, text)
        return re.sub(r"(^|[.!?]\s+|\n)(the (?:system|attacker))", lambda m: m[1] + m[2][0].upper() + m[2][1:], text)
