"""What a foreign CACAO document becomes, and what is refused with which words."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cacaokit import ASK, END, FIRST, SECOND, SHARED, START, small, standard, uuid

from runbooks.cacao import import_
from runbooks.catalogue import parse
from runbooks.schema import Runbook

Document = dict[str, Any]


def imported(document: Document) -> Runbook:
    found = import_(document)
    assert found.refusals == ()
    assert found.runbook_yaml is not None
    return parse(found.runbook_yaml)


def refusals(document: object) -> list[str]:
    found = import_(document)
    assert found.runbook_yaml is None
    assert found.refusals
    return [str(refusal) for refusal in found.refusals]


def test_a_foreign_playbook_becomes_a_runbook() -> None:
    runbook = imported(small())
    assert [(step.kind, step.title) for step in runbook.steps] == [
        ("do", "Save the exchange"),
        ("decide", "Does this hold? Is it still going on"),
        ("do", "Turn it off"),
    ]
    assert runbook.ways("is-it-still-going-on") == ["turn-it-off", "end"]
    assert runbook.steps[0].owner == "on-call"


def test_what_the_document_does_not_say_is_listed_for_review() -> None:
    found = import_(small())
    assert "CACAO knows no harm classes; H10 was taken." in found.assumed
    assert found.runbook_yaml is not None
    assert found.runbook_yaml.startswith("# Review: CACAO knows no harm classes")


def test_what_follows_a_nested_condition_comes_after_both_branches() -> None:
    document = small()
    last = f"action--{uuid(5)}"
    document["workflow"][last] = {**document["workflow"][SECOND], "name": "Write it down", "on_completion": END}
    document["workflow"][ASK] = {**document["workflow"][ASK], "on_completion": last}
    runbook = imported(document)
    assert runbook.ways("is-it-still-going-on") == ["turn-it-off", "write-it-down"]
    assert runbook.after("turn-it-off") == "write-it-down"


def test_an_http_request_becomes_an_instruction_and_is_never_sent() -> None:
    document = small()
    document["workflow"][FIRST]["commands"] = [{"type": "http-api", "command": "POST /off HTTP/1.1"}]
    assert (
        imported(document).steps[0].how.startswith("Send this request by hand, after checking the address: POST /off")
    )


def test_a_command_in_base64_is_read() -> None:
    document = small()
    words = base64.b64encode(b"Copy the transcript twice.").decode()
    document["workflow"][FIRST]["commands"] = [{"type": "manual", "command_b64": words}]
    assert imported(document).steps[0].how == "Copy the transcript twice."


def test_templates_in_a_foreign_text_stay_plain_characters() -> None:
    document = small()
    document["workflow"][FIRST]["commands"][0]["command"] = "{{ incident.__class__ }} {% for x in y %}{# no #}"
    assert (
        imported(document).steps[0].how == '{{ "{{" }} incident.__class__ }} {{ "{%" }} for x in y %}{{ "{#" }} no #}'
    )


def test_text_cannot_break_out_of_the_yaml() -> None:
    document = small()
    document["name"] = "x\nsteps: []\n# y\u2028z: 1"
    document["workflow"][FIRST]["name"] = "a: b\n- c"
    runbook = imported(document)
    assert (runbook.title, runbook.steps[0].title) == ("x steps: [] # y z: 1", "a: b - c")


Change = Callable[[Document], None]


def _set(step: str, **fields: Any) -> Change:
    return lambda document: document["workflow"][step].update(fields)


def _loop(document: Document) -> None:
    document["workflow"][SECOND]["on_completion"] = FIRST
    document["workflow"][ASK]["on_false"] = FIRST


def _no_end(document: Document) -> None:
    del document["workflow"][END]


def _other(kind: str, **fields: Any) -> Change:
    def change(document: Document) -> None:
        id = f"{kind}--{uuid(7)}"
        document["workflow"][id] = {"type": kind, **fields, "on_completion": END}
        document["workflow"][SECOND]["on_completion"] = id

    return change


GONE = f"action--{uuid(77)}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(FIRST, on_completion=GONE), f"on_completion leads to {GONE}, which is no step of the workflow"),
        (_set(ASK, on_true=GONE), f"on_true leads to {GONE}"),
        (_set(FIRST, on_failure=GONE), f"on_failure leads to {GONE}"),
        (_set(FIRST, on_completion=END), "(Turn it off): nothing leads to this step"),
        (_loop, "endless loop"),
        (_no_end, "has no end step"),
        (_set(SECOND, on_completion=None), "leads nowhere"),
        (_set(FIRST, on_completion=START), "leads back to a start step"),
        (_set(FIRST, on_success=END), "has both on_completion and on_success"),
        (
            _set(FIRST, commands=[{"type": "ssh", "command": "rm -r /"}]),
            "a command of type ssh runs on another machine",
        ),
        (_set(FIRST, commands=[{"type": "bash", "command": "true"}]), "a command of type bash runs a shell"),
        (_set(FIRST, commands=[{"type": "own", "command": "x"}]), "a command of type own is of a kind we do not know"),
        (_set(FIRST, commands=[{"type": "manual", "command": " "}]), "a command of type manual has no words"),
        (_set(FIRST, commands=[{"type": "manual", "command_b64": "%%"}]), "a command of type manual has no words"),
        (_set(FIRST, commands=[]), "commands: list should have at least 1 item"),
        (_set(FIRST, agent=None), "has no agent, which every action step needs"),
        (_set(END, on_completion=FIRST), "has on_completion, which no end step may have"),
        (_other("playbook-action", playbook_id=f"playbook--{uuid(8)}"), "playbook-action: starts another playbook"),
        (_other("while-condition", condition="x", on_true=FIRST), "while-condition: repeats by itself"),
        (_other("switch-condition", switch="x", cases={"a": FIRST}), "switch-condition: is not supported"),
        (_other("parallel", next_steps=[ASK, END]), "is of type if-condition"),
        (_other("parallel", next_steps=[END, END]), "has no action in any of its branches"),
        (_other("parallel", next_steps=[SECOND, END]), "is reached in another way too"),
        (lambda document: document.update(workflow_start=FIRST), "it must be a start step"),
        (lambda document: document.update(workflow_start=GONE), f"workflow_start: names {GONE}"),
        (lambda document: document.update(workflow_exception=GONE), f"workflow_exception: names {GONE}"),
        (lambda document: document.update(workflow_exception=FIRST), "each step says what to do when it fails"),
        (lambda document: document.update(spec_version="cacao-1.0"), "spec_version: input should be 'cacao-2.0'"),
        (lambda document: document.update(created="yesterday"), "created: is not of the form"),
        (lambda document: document.pop("modified"), "modified: is missing"),
        (lambda document: document["workflow"].update(x={"type": "end"}), "workflow.x: is not of the form"),
        (
            lambda document: document.update(authentication_info_definitions={"x": {"password": "y"}}),
            "carries credentials",
        ),
    ],
)
def test_a_faulty_document_is_refused_saying_why(change: Change, said: str) -> None:
    document = small()
    change(document)
    assert any(said in line for line in refusals(document)), refusals(document)


def test_every_fault_of_a_document_is_named_at_once() -> None:
    document = small()
    document["workflow"][FIRST]["commands"] = [{"type": "ssh", "command": "x"}, {"type": "bash", "command": "y"}]
    document["workflow"][SECOND]["on_completion"] = GONE
    assert len(refusals(document)) == 3


@pytest.mark.parametrize("document", [None, 3, [], "playbook", {}, {"type": "playbook", "workflow": []}])
def test_what_is_no_playbook_at_all_is_refused(document: object) -> None:
    refusals(document)


def test_a_document_nested_without_end_is_refused() -> None:
    document = small()
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    document["playbook_extensions"] = {"x": {"y": deep}}
    assert "nested deeper" in refusals(document)[0]


def sample(name: str) -> Document:
    path = SHARED / "samples" / name
    if not path.exists():
        pytest.skip("the CACAO samples are not in ../shared/data/cacao")
    found = json.loads(path.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["manual-playbook.json", "http-playbook.json"])
def test_a_public_sample_that_keeps_the_standard_is_imported(name: str) -> None:
    assert len(imported(sample(name)).steps) == 1


@pytest.mark.parametrize("name", ["playbook.json", "parallels_playbook.json"])
def test_a_public_sample_that_breaks_the_standard_is_refused_for_its_graph_and_its_password(name: str) -> None:
    words = "\n".join(refusals(sample(name)))
    assert "it must be a start step" in words
    assert "which is no step of the workflow" in words
    assert "carries credentials" in words
    assert "super-secure-password" not in words


SCHEMA_FAULTS: list[Change] = [
    lambda document: document.pop("created_by"),
    lambda document: document.update(type="book"),
    lambda document: document.update(id="playbook--1"),
    lambda document: document.update(name=3),
    lambda document: document.update(modified="2026-13-01T00:00:00Z"),
    lambda document: document["workflow"][ASK].pop("condition"),
    lambda document: document["workflow"][ASK].pop("on_true"),
    lambda document: document["workflow"][FIRST].pop("commands"),
    lambda document: document["workflow"][FIRST].update(delay=0),
    lambda document: document["workflow"][FIRST].update(type="dance"),
    lambda document: document["workflow"][END].update(on_failure=FIRST),
    lambda document: document["workflow"][START].update(on_failure=FIRST),
]


@pytest.mark.parametrize("change", SCHEMA_FAULTS)
def test_what_the_standards_schema_refuses_we_refuse_too(change: Change) -> None:
    document = json.loads(json.dumps(small()))
    assert standard().is_valid(document)
    change(document)
    assert not standard().is_valid(document)
    refusals(document)
