"""The rubric as a modal, and the policy's answer as a message with one press to confirm it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.views.blocks import (
    Block,
    actions,
    button,
    clean,
    context,
    cut,
    escape,
    modal,
    option,
    person,
    plain,
    section,
    select_input,
    text_input,
)
from bot.views.card import SEVERITY_MARK
from integrations.slack import Message
from severity.facts import NOT_SURE, Fact
from severity.policy import Decision
from severity.taxonomy import HarmClass

CALLBACK = "classify"
SEVERITIES = ("SEV0", "SEV1", "SEV2", "SEV3", "SEV4")


def rubric_modal(
    number: str,
    classes: Mapping[str, HarmClass],
    chosen: Sequence[str],
    questions: Sequence[Fact],
    answers: Mapping[str, str],
    suggestion: Mapping[str, Any],
    metadata: str,
) -> Block:
    """Harm classes first; the questions they ask follow at once when the choice changes.

    What the report's words suggest stands beside each question, with the words; nothing is filled in from it.
    """
    options = [option(f"{name} {harm.title}", name) for name, harm in classes.items()]
    element: Block = {"type": "multi_static_select", "action_id": "harm_classes", "options": options}
    initial = [choice for choice in options if choice["value"] in chosen]
    if initial:
        element["initial_options"] = initial
    blocks: list[Block] = [
        {
            "type": "input",
            "block_id": "harm_classes",
            "dispatch_action": True,
            "label": plain("What kind of harm? Choose all that fit."),
            "element": element,
        }
    ]
    model = suggestion.get("model", {})
    for source, found in (("The report's words suggest", suggestion), ("The language model suggests", model)):
        named = [
            f"{escape(item['class'], 4)} ({_words(item['because'])})"
            for item in found.get("harm_classes", ())
            if item["class"] not in chosen
        ]
        if named:
            blocks.append(context(f"{source} {', '.join(named[:5])}."))
    blocks += [context(f"⚠️ {escape(words, 400)}") for words in flag_words(suggestion)]
    if model.get("unavailable"):
        blocks.append(
            context(
                f"The language model gave nothing: {escape(model['unavailable'], 150)}. "
                "What is suggested here comes from the report's words alone."
            )
        )
    if not chosen:
        blocks.append(context("The questions come when you choose. Each takes a few seconds; “Not sure” is an answer."))
    blocks += [question_input(fact, answers.get(fact.name), _hints(fact, suggestion)) for fact in questions]
    return modal(
        CALLBACK,
        f"Classify {number}",
        blocks,
        submit="See the severity",  # always: Slack refuses an input without it
        metadata=metadata,
        close="Cancel",
    )


def _words(because: Sequence[str]) -> str:
    """The words of a report that led to a suggestion, quoted for mrkdwn."""
    return escape(_quoted(because), 200)


def _quoted(because: Sequence[str]) -> str:
    return ", ".join(f"“{cut(clean(words), 60)}”" for words in because[:2])


def flag_words(suggestion: Mapping[str, Any]) -> list[str]:
    """What in the report a person should look at twice, in words. It quotes the report: escape it."""
    found = []
    for flag in suggestion.get("flags", ()):
        if flag["kind"] == "instruction":
            words = _quoted(flag["because"])
            found.append(f"The report tells the bot what to answer ({words}). That was not followed.")
        elif flag["kind"] == "hidden_characters":
            found.append("The report holds invisible characters, which can hide words from readers.")
    return found


def question_input(fact: Fact, answer: str | None, hints: Sequence[str]) -> Block:
    """One question of the rubric, “Not sure” last and chosen until somebody knows better."""
    options = [option(cut(label, 75), value) for value, label in fact.answers.items()]
    options.append(option("Not sure", NOT_SURE))
    hint = cut(" ".join((*hints, fact.help)).strip(), 2000)
    return select_input(fact.name, fact.question, options, initial=answer or NOT_SURE, hint=hint or None)


def _hints(fact: Fact, suggestion: Mapping[str, Any]) -> list[str]:
    """What the words and the language model suggest for one question, each with the words of the report."""
    hints = []
    model = suggestion.get("model", {})
    for source, found in (("The report's words suggest", suggestion), ("The language model suggests", model)):
        suggested = found.get("answers", {}).get(fact.name)
        if suggested is not None and suggested["answer"] in fact.answers:
            words = ", ".join(f"“{cut(clean(word), 200)}”" for word in suggested["because"][:2])
            hints.append(f"{source} “{fact.label(suggested['answer'])}”, because of {words}.")
    why = next((item["why"] for item in model.get("rejected", ()) if item["name"] == fact.name), None)
    if why is not None:
        hints.append(f"The language model's answer was set aside: {why}.")
    return hints


@dataclass(frozen=True)
class Answer:
    """What the answers give, and what was decided on it. `would_change` is (question, answer, severity)."""

    incident_id: int
    number: str
    assessment_id: int
    by: str
    state: str
    decision: Decision
    would_change: list[tuple[str, str, str]]
    decided: str
    confirmed_by: str | None
    second_by: str | None
    reason: str | None


def answer_message(answer: Answer) -> Message:
    """Severity, the rule that fired, what would change it, and the press that puts it in force; then who decided."""
    decision = answer.decision
    path = " → ".join(f"{escape(step.rule, 60)} ({step.effect})" for step in decision.path)
    floor = f" Floor: {decision.floor}; going below needs a second person." if decision.floor else ""
    blocks: list[Block] = [
        section(
            f"{SEVERITY_MARK[decision.severity]} The answers of {person(answer.by)} give *{decision.severity}* "
            f"because {escape(decision.because, 800)}.\nRule: `{escape(decision.rule, 80)}`"
        )
    ]
    open_to_decide = answer.state == "proposed" and answer.confirmed_by is None
    if open_to_decide and answer.would_change:
        blocks.append(section("*What would change it*\n" + "\n".join(_changes(answer.would_change)[:4])))
    blocks.append(context(f"Path: {path}.{floor} Policy {decision.policy_hash[:12]}."))
    blocks.append(_decide(answer) if open_to_decide else section(_decided(answer)))
    asked = "Confirm it?" if open_to_decide else _decided(answer)
    return Message(f"{answer.number}: the answers give {decision.severity}. {asked}", blocks)


def _changes(would_change: Sequence[tuple[str, str, str]]) -> list[str]:
    """One line per question, those that could make it worst first: that is what somebody should find out."""
    by_question: dict[str, list[tuple[str, str]]] = {}
    for question, label, severity in would_change:
        by_question.setdefault(question, []).append((severity, label))
    ordered = sorted(by_question.items(), key=lambda item: min(item[1]))
    return [
        f"• {escape(question, 120)} "
        + "; ".join(f"“{escape(label, 80)}”: {severity}" for severity, label in sorted(answers, key=lambda one: one[0]))
        for question, answers in ordered
    ]


def _decide(answer: Answer) -> Block:
    value = f"{answer.incident_id}:{answer.assessment_id}"
    return actions(
        button(f"Confirm {answer.decision.severity}", "assessment_confirm", value, style="primary"),
        button("Set another severity", "override_open", value),
        button("Answer again", "classify_open", str(answer.incident_id)),
    )


def _decided(answer: Answer) -> str:
    """Who decided what, in a sentence."""
    if answer.confirmed_by is None:
        return "Replaced by newer answers."
    who = person(answer.confirmed_by)
    if answer.state == "proposed":
        return f"{who} asks to set {answer.decided} instead; a second person has to agree."
    if answer.reason is None:
        return f"✅ Confirmed by {who}."
    second = f" with {person(answer.second_by)}" if answer.second_by else ""
    return f"✅ {who}{second} set *{answer.decided}* instead: {escape(answer.reason, 500)}"


def override_modal(number: str, computed: str, floor: str | None, metadata: str) -> Block:
    """Another severity than the policy's, with a reason."""
    words = f"The policy says *{computed}*. Another severity needs a reason; it goes on the record under your name."
    if floor:
        words += f" Below *{floor}* a second person has to agree."
    return modal(
        "override",
        "Set the severity",
        [
            section(words),
            select_input("severity", f"Severity of {number}", [option(name, name) for name in SEVERITIES]),
            text_input("reason", "Reason", max_length=1000),
        ],
        submit="Set it",
        metadata=metadata,
        close="Cancel",
    )


def second_message(
    number: str, incident_id: int, assessment_id: int, by: str, to: str, floor: str, reason: str
) -> Message:
    """An override below the floor waits for a second person."""
    return Message(
        f"{number}: {to} is below the floor {floor}. A second person has to agree.",
        [
            section(
                f"{person(by)} asks to set *{to}*, below the floor *{floor}*.\nReason: {escape(reason, 1000)}\n"
                "A second responder has to agree before it counts."
            ),
            actions(button("I agree", "assessment_second", f"{incident_id}:{assessment_id}", style="primary")),
        ],
    )
