"""`rai-incident ask`, as people and programs call it, and the search inside a LangChain chain."""

import json
import sys

import pytest

from bot import cli
from severity.officehours.langchain import retriever
from severity.officehours.search import Index
from severity.officehours.sections import parse


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """`run("ask", ...)` -> (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["rai-incident", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        shown = capsys.readouterr()
        return left.value.code or 0, shown.out, shown.err

    return call


def test_a_question_about_the_shipped_handbook_is_answered_and_cited(run):
    code, out, _ = run("ask", "How long does a waiver last in tier 1?")
    assert code == 0
    assert "60 days in tier 1" in out and "09-exceptions-and-waivers.md#how-long-a-waiver-lasts" in out


def test_the_json_has_the_agreed_shape(run):
    _, out, _ = run("ask", "Who may approve a rollback?", "--json")
    said = json.loads(out)
    assert said["verdict"] == "answered" and said["ms"] > 0 and len(said["ranked"]) >= 5
    assert {"file", "heading", "anchor", "quote", "score"} <= set(said["citations"][0])
    assert {"file", "heading", "anchor", "score"} == set(said["ranked"][0])


def test_a_batch_gives_one_line_per_question_with_its_id_from_the_named_handbooks_only(run, write, handbook, tmp_path):
    write("a.md", "# Waivers\n\n## How long\n\nA waiver lasts nine days.\n")
    (tmp_path / "q.jsonl").write_text(
        '{"id": 7, "question": "How long does a waiver last?"}\n\n{"id": "x", "question": "What does tier 0 ask?"}\n'
    )
    code, out, _ = run("ask", "--handbook", handbook, "--batch", tmp_path / "q.jsonl", "--json")
    first, second = map(json.loads, out.splitlines())
    assert code == 0 and first["id"] == 7 and first["ranked"][0]["file"] == "a.md"
    assert second["id"] == "x" and second["verdict"] == "abstained"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["ask"], "Give one question"),
        (["ask", "x", "--batch", "y"], "Give one question"),
        (["ask", " "], "The question is empty"),
        (["ask", "--batch", "nowhere.jsonl"], "cannot be read"),
        (["ask", "x", "--handbook", "nowhere"], "not a folder"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(run, words, reason):
    code, out, err = run(*words)
    assert (code, out) == (2, "") and reason in err and err.count("\n") == 1


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", '{"question": 3}', '{"id": 1, "question": " "}', "[" * 5000])
def test_a_bad_line_of_a_batch_is_named(run, tmp_path, line):
    (tmp_path / "q.jsonl").write_text(f'{{"id": 1, "question": "x"}}\n{line}\n')
    code, _, err = run("ask", "--batch", tmp_path / "q.jsonl")
    assert code == 2 and "q.jsonl:2" in err


def test_half_a_surrogate_and_a_line_separator_in_a_question_are_answered_like_any_other(run, tmp_path):
    lines = (
        '{"id": "\\ud800", "question": "How long is a waiver \\udfff?"}\n{"id": 2, "question": "Who may\u2028sign?"}\n'
    )
    (tmp_path / "q.jsonl").write_text(lines, encoding="utf-8")
    code, out, err = run("ask", "--batch", tmp_path / "q.jsonl")
    first, second = map(json.loads, filter(None, out.split("\n")))
    assert (code, err, first["id"], second["id"]) == (0, "", "\ud800", 2)


def test_without_a_folder_the_handbook_that_is_set_up_answers_with_the_rules_in_force(
    run, write, handbook, monkeypatch
):
    write("tea.md", "# Tea\n\n## When milk is poured\n\nMilk is poured after the tea.\n")
    write("glossary.yaml", "groups:\n  - [zibble, milk]\n")
    monkeypatch.setenv("HANDBOOK_DIRS", str(handbook))
    _, out, _ = run("ask", "When is zibble poured?")
    assert "tea.md#when-milk-is-poured" in out
    _, out, _ = run("ask", "How long does a waiver last in tier 1?", "--json")
    files = {row["file"] for row in json.loads(out)["ranked"]}
    assert "09-exceptions-and-waivers.md" not in files and any(file.startswith("rendered/") for file in files)


def test_a_refused_page_is_named_and_the_others_answer(run, write, handbook):
    write("good.md", "# Waivers\n\nA waiver lasts nine days.\n")
    (handbook / "bad.md").write_bytes(b"\xff")
    code, out, err = run("ask", "How long does a waiver last?", "--handbook", handbook)
    assert code == 0 and "good.md" in out and "bad.md" in err


def test_a_handbook_brings_its_own_synonyms_and_a_faulty_glossary_is_refused(run, write, handbook):
    write("a.md", "# Waivers\n\nA waiver lasts nine days.\n")
    write("b.md", "# Food\n\nSoup is served at noon.\n")
    write("glossary.yaml", "groups:\n  - [zibble, waiver]\n")
    code, out, _ = run("ask", "zibble", "--handbook", handbook, "--json")
    assert code == 0 and json.loads(out)["ranked"][0]["file"] == "a.md" and json.loads(out)["verdict"] != "abstained"
    write("glossary.yaml", "groups:\n  - [alone]\n")
    code, _, err = run("ask", "zibble", "--handbook", handbook)
    assert code == 2 and "glossary.yaml:2" in err


def test_the_search_is_a_langchain_retriever():
    index = Index([*parse("# Waivers\n\nA waiver lasts nine days.\n", "a.md"), *parse("# Food\n\nSoup.\n", "b.md")])
    found = retriever(index, limit=3).invoke("How long does a waiver last?")
    assert found[0].page_content == "A waiver lasts nine days."
    assert found[0].metadata["file"] == "a.md" and found[0].metadata["anchor"] == "waivers"
