"""`rai-incident runbook …` as somebody types it."""

import json
from pathlib import Path

from cacaokit import FIRST, small
from test_runbook_check import EXPECTED, TWELVE


def test_list_gives_an_array(run) -> None:  # type: ignore[no-untyped-def]
    found = json.loads(run("runbook", "list", "--json").out)
    assert len(found) >= 14
    assert {"id", "title", "harm_classes", "steps", "hash"} <= set(found[0])


def test_list_names_an_own_file_that_was_refused(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    own = tmp_path / "config" / "runbooks"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text(TWELVE)
    found = run("runbook", "list")
    assert (found.code, found.err) == (0, "mine.yaml was refused; `rai-incident runbook check` says why.\n")


def test_show_prints_the_steps(run) -> None:  # type: ignore[no-untyped-def]
    assert "1. [decide] Is a person at risk right now?" in run("runbook", "show", "self-harm-or-crisis").out


def test_check_names_file_line_key_and_reason_and_exits_2(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = run("runbook", "export", "self-harm-or-crisis").out
    (tmp_path / "mine.yaml").write_text(text.replace("goto: hand-over", "goto: nowhere"))
    found = run("runbook", "check", "mine.yaml")
    assert found.code == 2
    assert "mine.yaml:24: steps[0].choices[0].goto: leads to nowhere, which is no step of this runbook" in found.out


def test_check_of_the_whole_catalogue_finds_nothing(run) -> None:  # type: ignore[no-untyped-def]
    found = run("runbook", "check", "--json")
    assert (found.code, json.loads(found.out)) == (0, [])


def test_an_export_can_be_imported_and_checked(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "x.json").write_text(run("runbook", "export", "--cacao", "prompt-injection-tool-misuse").out)
    assert run("runbook", "import", "x.json", "--out", "x.yaml").code == 0
    assert run("runbook", "check", "x.yaml").code == 0


def test_an_import_says_what_was_refused_writes_nothing_and_exits_2(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    document = small()
    document["workflow"][FIRST]["commands"] = [{"type": "ssh", "command": "x"}]
    (tmp_path / "x.json").write_text(json.dumps(document))
    found = run("runbook", "import", "x.json", "--out", "x.yaml")
    assert found.code == 2
    assert f"x.json: workflow.{FIRST} (Save the exchange): a command of type ssh runs on another machine" in found.err
    assert not (tmp_path / "x.yaml").exists()


def test_an_import_never_writes_over_a_file(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "x.json").write_text(json.dumps(small()))
    (tmp_path / "x.yaml").write_text("mine")
    assert run("runbook", "import", "x.json", "--out", "x.yaml").code == 2
    assert (tmp_path / "x.yaml").read_text() == "mine"


def test_a_file_with_twelve_mistakes_is_refused_in_twelve_lines(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "twelve.yaml").write_text(TWELVE)
    found = run("runbook", "check", "twelve.yaml")
    assert found.code == 2
    assert len(found.out.splitlines()) == len(EXPECTED) == 12
    for (line, key, words), printed in zip(EXPECTED, found.out.splitlines(), strict=True):
        assert printed.startswith(f"twelve.yaml:{line}: {key}: ")
        assert words in printed
