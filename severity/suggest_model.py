"""A language model's suggestions, checked: fixed answers, each with words that are really in the report. Pure.

The model is handed in as a callable and never believed: an answer without a verbatim quote is "not sure", an answer
milder than what the report's words hold up is left out, and no answer changes a severity (abuse cases 20 and 23).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from severity.facts import NOT_SURE, Fact
from severity.policy import Policy
from severity.quotes import verbatim
from severity.suggesting.text import sentences
from severity.taxonomy import HARM_CLASS_IDS, harm_classes

PROMPT = Path(__file__).parent / "prompts" / "suggest.md"

Ask = Callable[[type[BaseModel], str, str], BaseModel | str]
"""(form of the answer, what is asked, the report) -> the answer in that form, or why there is none."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing the model said, after the checks. `rejected`: why it counts as "not sure"; then `quote` is empty."""

    name: str
    answer: str
    quote: str
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class ModelSuggestion:
    """`answers` by fact and `harm_classes`, each checked. `unavailable`: why the model gave none, or empty."""

    answers: tuple[Checked, ...] = ()
    harm_classes: tuple[Checked, ...] = ()
    unavailable: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the deterministic suggestion is stored, and beside it what was rejected and why."""
        good = [item for item in self.answers if not item.rejected and item.answer != NOT_SURE]
        return {
            "harm_classes": [{"class": item.name, "because": [item.quote]} for item in self.harm_classes if item.quote],
            "answers": {item.name: {"answer": item.answer, "because": [item.quote]} for item in good},
            "rejected": [
                {"name": item.name, "answer": item.answer, "why": item.rejected}
                for item in (*self.answers, *self.harm_classes)
                if item.rejected
            ],
            "unavailable": self.unavailable,
        }


def suggest_with_model(policy: Policy, report: str, words: Mapping[str, Any], ask: Ask) -> ModelSuggestion:
    """Ask once and check. `words` is what `severity.suggest` found in the same report, as JSON values."""
    answer = ask(_form(policy), _prompt(policy), report)
    if isinstance(answer, str):
        return ModelSuggestion(unavailable=answer)
    said = answer.model_dump()
    spoken_to = _instructions(report, words)
    classes = said.pop("harm_classes")
    return ModelSuggestion(
        answers=tuple(
            _checked(policy.facts[name], item, report, words, policy, spoken_to) for name, item in said.items()
        ),
        harm_classes=tuple(
            Checked(item["name"], item["name"], *_quoted(item["quote"], report, spoken_to))
            for item in {item["name"]: item for item in classes}.values()
        ),
    )


def _checked(
    fact: Fact,
    item: Mapping[str, str],
    report: str,
    words: Mapping[str, Any],
    policy: Policy,
    spoken_to: list[tuple[int, int]],
) -> Checked:
    answer = item["answer"]
    if answer == NOT_SURE:
        return Checked(fact.name, NOT_SURE, "")
    quote, why = _quoted(item["quote"], report, spoken_to)
    if not why and fact.levels[answer] < _least(fact, words, policy):
        quote, why = "", "it is milder than what the report's words hold up"
    return Checked(fact.name, answer, quote, why)


def _quoted(quote: str, report: str, spoken_to: list[tuple[int, int]]) -> tuple[str, str]:
    """(the report's own words, "") or ("", why the quote does not count)."""
    if not quote.strip():
        return "", "it gives no words of the report"
    found = verbatim(quote, report)
    if found is None:
        return "", "its quote is not in the report as it stands"
    place = report.find(found)
    if any(start < place + len(found) and place < end for start, end in spoken_to):
        return "", "its quote is text that tells the machine what to answer"
    return found, ""


def _least(fact: Fact, words: Mapping[str, Any], policy: Policy) -> int:
    """The mildest level that the report's words leave open: what they suggest; with a cue on it, never the best one."""
    suggested = words.get("answers", {}).get(fact.name)
    level = fact.levels.get(suggested["answer"], 0) if suggested else 0
    cues = policy.table.cues
    held = any(floor["fact"] in cues and cues[floor["fact"]].until == fact.name for floor in words.get("floors", ()))
    return max(level, 1 if held else 0)


def _instructions(report: str, words: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Where the sentences stand that speak to the machine instead of reporting."""
    flagged = [phrase for flag in words.get("flags", ()) if flag["kind"] == "instruction" for phrase in flag["because"]]
    spans = [(sentence[0].start, sentence[-1].end) for sentence in sentences(report)]
    return [(start, end) for start, end in spans if any(phrase in report[start:end] for phrase in flagged)]


def _form(policy: Policy) -> type[BaseModel]:
    return _form_of(policy.hash, tuple((fact.name, tuple(fact.levels)) for fact in policy.facts.values()))


@lru_cache(maxsize=4)
def _form_of(_policy_hash: str, facts: tuple[tuple[str, tuple[str, ...]], ...]) -> type[BaseModel]:
    """The answer's form: every fact with one of its answers and a quote; nothing else fits."""
    strict = ConfigDict(extra="forbid")

    def quoted(name: str, field: str, choices: tuple[str, ...]) -> type[BaseModel]:
        fields: dict[str, Any] = {field: (Literal[choices], ...), "quote": (str, ...)}
        return create_model(name, __config__=strict, **fields)

    answers: dict[str, Any] = {name: (quoted(name, "answer", levels), ...) for name, levels in facts}
    harm: Any = quoted("harm_class", "name", HARM_CLASS_IDS)
    return create_model("suggested", __config__=strict, harm_classes=(list[harm], ...), **answers)


def _prompt(policy: Policy) -> str:
    questions = [
        {
            "fact": fact.name,
            "question": fact.question,
            "help": fact.help,
            "answers": {**fact.answers, NOT_SURE: fact.label(NOT_SURE)},
        }
        for fact in policy.facts.values()
    ]
    classes = {name: f"{harm.title}. {harm.description}" for name, harm in harm_classes().items()}
    return (
        PROMPT.read_text(encoding="utf-8")
        .replace("{harm_classes}", json.dumps(classes, ensure_ascii=False, indent=1))
        .replace("{questions}", json.dumps(questions, ensure_ascii=False, indent=1))
    )
