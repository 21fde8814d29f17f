"""The proofs hold over the whole space of answers, mean what an evaluation does, and find what brute force finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severity import proofs
from severity.errors import PolicyError
from severity.facts import NOT_SURE
from severity.loading import Document, check_shape, read_yaml_text
from severity.policy import Policy, load_policy
from severity.proofs import Space
from severity.rules import Table, table_of
from severity.schema import PolicyFile
from severity.taxonomy import HARM_CLASS_IDS

POLICY = load_policy()
SOUND = (Path(__file__).parent / "broken" / "sound.yaml").read_text(encoding="utf-8")

Answers = dict[str, str | None]
ANSWERS = st.fixed_dictionaries({name: st.sampled_from([*fact.levels, None]) for name, fact in POLICY.facts.items()})
KNOWN = st.fixed_dictionaries({name: st.sampled_from(list(fact.levels)) for name, fact in POLICY.facts.items()})
FACT = st.sampled_from(sorted(POLICY.facts))
CLASSES = st.sets(st.sampled_from(HARM_CLASS_IDS))
CUES = st.sets(st.sampled_from(sorted(POLICY.table.cues)))
thoroughly = settings(max_examples=700, derandomize=True, deadline=None)


@thoroughly
@given(ANSWERS, FACT, CLASSES, CUES, st.data())
def test_a_worse_answer_never_gives_a_milder_severity(
    answers: Answers, name: str, classes: set[str], cues: set[str], data: st.DataObject
) -> None:
    ordered = list(POLICY.facts[name].answers)
    low, high = sorted(data.draw(st.lists(st.integers(0, len(ordered) - 1), min_size=2, max_size=2)))
    better = POLICY.provisional({**answers, name: ordered[low]}, classes, cues)
    worse = POLICY.provisional({**answers, name: ordered[high]}, classes, cues)
    assert not worse.severity.is_milder_than(better.severity)


@thoroughly
@given(ANSWERS, FACT, CLASSES, CUES)
def test_not_sure_is_never_milder_than_the_worst_but_one_answer(
    answers: Answers, name: str, classes: set[str], cues: set[str]
) -> None:
    known = POLICY.provisional({**answers, name: POLICY.facts[name].worst_but_one}, classes, cues)
    unsure = POLICY.provisional({**answers, name: NOT_SURE}, classes, cues)
    assert not unsure.severity.is_milder_than(known.severity)


@thoroughly
@given(ANSWERS, CLASSES, CUES)
def test_unanswered_is_never_milder_than_not_sure(answers: Answers, classes: set[str], cues: set[str]) -> None:
    asked = {fact.name for fact in POLICY.questions_for(classes)}
    unsure = {name: answer or (NOT_SURE if name in asked else None) for name, answer in answers.items()}
    assert POLICY.provisional(answers, classes, cues).severity is POLICY.provisional(unsure, classes, cues).severity


def _proved(policy: Policy) -> tuple[Space, proofs.Outcome]:
    space, default = Space(policy.facts), policy.table.default
    holds = {rule.id: space.condition(rule.when) for rule in policy.table.rules if rule.when is not None}
    assert default is not None
    return space, space.outcome(policy.table.rules, holds, default.amount)


SPACE, OUTCOME = _proved(POLICY)


@thoroughly
@given(KNOWN)
def test_the_function_that_is_proved_is_the_one_that_is_evaluated(answers: dict[str, str]) -> None:
    values = {SPACE.place[name]: POLICY.facts[name].levels[answer] for name, answer in answers.items()}
    decision = POLICY.evaluate(answers, ["H1"])
    assert SPACE.diagrams.at(OUTCOME.severity, values) == decision.severity.badness
    assert max(SPACE.diagrams.at(OUTCOME.floor, values), 0) == (decision.floor.badness if decision.floor else 0)
    assert (SPACE.diagrams.at(OUTCOME.materialised, values) < 0) is decision.materialised


def _read(text: str) -> tuple[Document, PolicyFile, Table]:
    document = read_yaml_text(text, "random.yaml")
    file = check_shape(document, PolicyFile)
    return document, file, table_of(document, file)


def _random_policy(chance: random.Random) -> str:
    """The sound policy with other conditions, effects and readings of "not sure", most of them senseless."""
    answers = {"scope": ("one", "few", "many"), "data": ("none", "own", "others")}

    def condition(depth: int) -> str:
        kind = chance.choice(["fact", "fact", "fact", "all", "any", "not"]) if depth else "fact"
        if kind == "fact":
            fact = chance.choice(list(answers))
            plain = chance.choice(answers[fact])
            return f"{{{fact}: {chance.choice([plain, plain + ' or worse', plain + ' or better', 'not sure'])}}}"
        if kind == "not":
            return f"{{not: {condition(depth - 1)}}}"
        return f"{{{kind}: [{condition(depth - 1)}, {condition(depth - 1)}]}}"

    effects = ["severity: SEV3", "severity: SEV1", "floor: SEV2", "floor: SEV0", "modifier: {worse: 1}"]
    effects += ["modifier: {milder: 1}", "modifier: {at_most: SEV3}", "modifier: {materialised: false}"]
    head, _, rest = SOUND.partition("rules:\n")
    _, _, tail = rest.partition("provisional:\n")
    rules = "".join(
        f"  - {{id: r{n}, when: {condition(2)}, {chance.choice(effects)}, "
        "because: b, rationale: r, owner: o, source: s}\n"
        for n in range(chance.randint(1, 5))
    )
    head = head.replace("counts_as: own", f"counts_as: {chance.choice(answers['data'])}")
    return f"{head}rules:\n{rules}provisional:\n{tail}"


def _combinations(policy: Policy) -> Iterator[dict[str, str]]:
    for answers in product(*(fact.levels for fact in policy.facts.values())):
        yield dict(zip(policy.facts, answers, strict=True))


def _drops(policy: Policy, fact: str, low: str, high: str) -> bool:
    """Whether `high` gives a milder severity than `low` under any combination, with and without a harm class."""
    return any(
        policy.evaluate({**rest, fact: high}, classes).severity.is_milder_than(
            policy.evaluate({**rest, fact: low}, classes).severity
        )
        for rest in _combinations(policy)
        for classes in ((), ("H4",))
    )


def _answers(policy: Policy) -> list[object]:
    decisions = [policy.evaluate(combination, ["H4"]) for combination in _combinations(policy)]
    return [(each.severity, each.floor, each.materialised) for each in decisions]


def _without(table: Table, index: int) -> Table:
    rules = tuple(rule for rule in table.rules if rule.index != index)
    return Table(table.facts, rules, table.default, table.unclassified, table.cues)


@pytest.mark.parametrize("seed", range(150))
def test_the_proofs_refuse_exactly_what_brute_force_finds(seed: int) -> None:
    document, file, table = _read(_random_policy(random.Random(seed)))
    try:
        proofs.prove(document, table)
        faults: set[str] = set()
    except PolicyError as error:
        faults = {f"{fault.key.split('.')[0]} {fault.reason.split(':')[0]}" for fault in error.faults}
    unproved = Policy(document, file, table)
    monotone = not any(
        _drops(unproved, name, low, high) for name, fact in table.facts.items() for low, high in pairwise(fact.answers)
    )
    sure = not any(_drops(unproved, name, fact.worst_but_one, NOT_SURE) for name, fact in table.facts.items())
    idle = {
        f"rules[{rule.index}] rule {rule.id!r} can never decide"
        for rule in table.rules
        if _answers(Policy(document, file, _without(table, rule.index))) == _answers(unproved)
    }
    assert any("not monotone" in fault for fault in faults) is not monotone
    assert any('"not sure" is too mild' in fault for fault in faults) is not sure
    assert {fault for fault in faults if "can never decide" in fault} == idle


def test_a_counter_example_is_real() -> None:
    document, file, table = _read(SOUND.replace("{scope: many}, {data: own or worse}", "{scope: many}, {data: own}"))
    with pytest.raises(
        PolicyError, match="with scope 'many', the rest at its best, data 'own' gives SEV1 but 'others'"
    ):
        proofs.prove(document, table)
    unproved = Policy(document, file, table)
    own, others = (unproved.evaluate({"scope": "many", "data": data}, ["H4"]) for data in ("own", "others"))
    assert others.severity.is_milder_than(own.severity)
