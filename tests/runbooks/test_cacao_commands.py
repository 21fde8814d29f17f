"""`rai-incident runbook …` as somebody types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cacaokit import FIRST, small


@pytest.fixture
def run(tmp_path: Path):  # type: ignore[no-untyped-def]
    def typed(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", "runbook", *map(str, words)],
            cwd=tmp_path,
            env={"PATH": "", "RAI_CONFIG_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    return typed


def test_list_gives_an_array(run) -> None:  # type: ignore[no-untyped-def]
    found = json.loads(run("list", "--json").stdout)
    assert len(found) >= 14
    assert {"id", "title", "harm_classes", "steps", "hash"} <= set(found[0])


def test_show_prints_the_steps(run) -> None:  # type: ignore[no-untyped-def]
    assert "1. [decide] Is a person at risk right now?" in run("show", "self-harm-or-crisis").stdout


def test_check_names_file_line_key_and_reason_and_exits_2(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = run("export", "self-harm-or-crisis").stdout
    (tmp_path / "mine.yaml").write_text(text.replace("goto: hand-over", "goto: nowhere"))
    found = run("check", "mine.yaml")
    assert found.returncode == 2
    assert "mine.yaml:24: steps[0].choices[0].goto: leads to nowhere, which is no step of this runbook" in found.stdout


def test_check_of_the_whole_catalogue_finds_nothing(run) -> None:  # type: ignore[no-untyped-def]
    found = run("check", "--json")
    assert (found.returncode, json.loads(found.stdout)) == (0, [])


def test_an_export_can_be_imported_and_checked(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "x.json").write_text(run("export", "--cacao", "prompt-injection-tool-misuse").stdout)
    assert run("import", "x.json", "--out", "x.yaml").returncode == 0
    assert run("check", "x.yaml").returncode == 0


def test_an_import_says_what_was_refused_writes_nothing_and_exits_2(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    document = small()
    document["workflow"][FIRST]["commands"] = [{"type": "ssh", "command": "x"}]
    (tmp_path / "x.json").write_text(json.dumps(document))
    found = run("import", "x.json", "--out", "x.yaml")
    assert found.returncode == 2
    assert (
        f"x.json: workflow.{FIRST} (Save the exchange): a command of type ssh runs on another machine" in found.stderr
    )
    assert not (tmp_path / "x.yaml").exists()


def test_an_import_never_writes_over_a_file(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "x.json").write_text(json.dumps(small()))
    (tmp_path / "x.yaml").write_text("mine")
    assert run("import", "x.json", "--out", "x.yaml").returncode == 2
    assert (tmp_path / "x.yaml").read_text() == "mine"
