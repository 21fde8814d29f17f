"""A first draft from the grammar of inject patterns (`patterns.yaml`): a frame for every harm, words for each class."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from playbooks.imports.made import Made, made, named
from playbooks.scenario_check import NOTHING_KNOWN, Known
from severity.loading import read_yaml
from severity.policy import Policy, load_policy
from severity.taxonomy import HARM_CLASS_IDS

PATTERNS = Path(__file__).with_name("patterns.yaml")
_BLANK = re.compile(r"\{([a-z-]+)\}")


@cache
def patterns() -> Mapping[str, Any]:
    """The grammar as plain values. Raises ContentError if the file was damaged."""
    found: Mapping[str, Any] = read_yaml(PATTERNS).value
    return found


def draft(harm_class: str, system: str = "the assistant", known: Known = NOTHING_KNOWN) -> Made:
    """A scenario of 60 minutes for one harm class about a system of this name, with its 15-minute variant."""
    if harm_class not in HARM_CLASS_IDS:
        raise ValueError(f"{harm_class!r:.40} is no harm class; they are {', '.join(HARM_CLASS_IDS)}")
    said: Mapping[str, Any] = patterns()["classes"][harm_class]
    value = framed(said, system, harm_classes=[harm_class], facts=said["facts"], policy=known.policy)
    value["id"] = named(f"draft-{harm_class}-{system}")
    return made(value, ["every line is the grammar's; make it yours before you use it"], known)


@cache
def _shipped() -> Policy:
    return load_policy()  # its proofs take half a second


def framed(
    said: Mapping[str, Any],
    system: str,
    *,
    harm_classes: list[str],
    facts: Mapping[str, str],
    policy: Policy | None = None,
) -> dict[str, Any]:
    """The frame filled with the words `said` by a class; `id` is left to the caller.

    The truth's severity is what `policy` answers for these facts; the shipped one where there is none.
    """
    frame = patterns()["frame"]
    lines = {name: text for name, text in said.items() if isinstance(text, str)}
    lines = {name: fill(text, {"system": system}) for name, text in lines.items()}
    blanks = {**lines, "system": system}

    def text(value: Any) -> str:
        return fill(str(value), blanks)

    injects = [
        {
            "id": item["id"],
            **{key: item[key] for key in ("at", "when") if key in item},
            "persona": {"name": text(item["by"])[:120], "kind": item["kind"]},
            **{key: item[key] for key in ("channel", "to") if key in item},
            "text": text(item["text"]),
            **{key: item[key] for key in ("expects", "options") if key in item},
        }
        for item in frame["injects"]
    ]
    actions = [dict(item) for item in frame["actions"]]
    for action in actions:
        if action["id"] == "clock":
            action["expects"] = {"clock": said["clock"]}
        elif action["id"] == "copies":
            action["expects"] = {"runbook": said["runbook"]}
        elif action["id"] == "classify":
            action["expects"] = {"harm_class": harm_classes[0]}
    return {
        "id": "draft",
        "title": lines["title"][:120],
        "version": 1,
        "minutes": frame["minutes"],
        "short": frame["short"],
        "harm_classes": harm_classes,
        "tier": 1,
        "sources": ["Drafted from the grammar of inject patterns of rai-incident"],
        "objectives": [{"id": name, **item} for name, item in frame["objectives"].items()],
        "roles": [{"id": name, **item} for name, item in frame["roles"].items()],
        "systems": [
            {
                "id": named(system, fallback="system"),
                "name": system[:75],
                "owner": "model-owner",
                "tier": 1,
                "regimes": [said["regime"]],
                "runbooks": [said["runbook"]],
                "rollback_targets": [
                    {"id": name, "kind": "webhook", "title": title} for name, title in said["targets"].items()
                ],
            }
        ],
        "background": lines.get("background")
        or f"Say here who you are, what {system} does, for whom, how many a day, and what changed lately.",
        "opening": lines["opening"],
        "injects": injects,
        "actions": actions,
        "discussion": frame["discussion"],
        "hot_wash": frame["hot_wash"],
        "facilitator": frame["facilitator"],
        "truth": {
            "cause": lines["cause"],
            "severity": str((policy or _shipped()).evaluate(facts, harm_classes).severity),
            "facts": dict(facts),
            "clocks": [said["clock"]],
            "containment": lines["containment"],
            "what_is_a_trap": frame["traps"],
        },
    }


def fill(text: str, blanks: Mapping[str, str]) -> str:
    """Every `{name}` that is known replaced, once: what is put in is never read again."""
    return _BLANK.sub(lambda match: blanks.get(match[1], match[0]), text)
