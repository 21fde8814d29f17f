"""`rai-incident scenario` as a facilitator types it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from playbooks.scenario import LIBRARY

Run = Callable[..., tuple[int, str, str]]
NAME = "wrong-tenant-retrieval"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A scenario of the organisation's own, in its configuration folder."""
    folder = tmp_path / "config" / "scenarios"
    folder.mkdir(parents=True)
    path = folder / "own.yaml"
    text = (LIBRARY / f"{NAME}.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace(f"id: {NAME}", "id: our-own", 1), encoding="utf-8")
    return path


def test_the_list_is_an_array_with_ours_and_the_organisations_own(run: Run, own: Path) -> None:
    code, out, _ = run("scenario", "list", "--json")
    rows = json.loads(out)
    assert code == 0
    assert len(rows) >= 11
    assert next(row for row in rows if row["id"] == "our-own")["short_minutes"] == 15


def test_show_prints_the_injects_and_the_truth_last(run: Run) -> None:
    code, out, _ = run("scenario", "show", NAME)
    assert code == 0
    assert out.index("Background:") < out.index("Solution engineer") < out.index("Facilitator:") < out.index("Truth:")


def test_show_short_holds_fewer_injects(run: Run) -> None:
    _, full, _ = run("scenario", "show", NAME, "--json")
    _, short, _ = run("scenario", "show", NAME, "--short", "--json")
    assert json.loads(short)["minutes"] == 15
    assert json.loads(short)["injects"] < json.loads(full)["injects"]


def test_an_unknown_scenario_is_refused_with_those_that_exist(run: Run) -> None:
    code, _, err = run("scenario", "show", "nothing")
    assert code == 2
    assert NAME in err


def test_check_finds_no_fault_in_the_library(run: Run) -> None:
    assert run("scenario", "check", "--json")[:2] == (0, "[]\n")


def test_check_names_file_line_key_and_reason_and_exits_2(run: Run, own: Path) -> None:
    own.write_text(own.read_text(encoding="utf-8").replace("by: privacy,", "by: nobody,"), encoding="utf-8")
    code, out, _ = run("scenario", "check", own, "--json")
    rows = json.loads(out)
    assert code == 2
    assert [(row["level"], row["file"], row["reason"]) for row in rows] == [
        ("fault", "own.yaml", "nobody is no role of this scenario")
    ]
    assert rows[0]["line"] > 100
    code, out, _ = run("scenario", "check")
    assert code == 2
    assert "own.yaml:" in out


def test_the_export_is_csv_with_every_inject(run: Run, tmp_path: Path) -> None:
    code, _, _ = run("scenario", "export", NAME, "--csv", "--out", tmp_path / "msel.csv")
    assert code == 0
    with (tmp_path / "msel.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} >= {"one-bad-document", "hour-later"}


def test_an_export_can_be_imported_checked_and_listed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "scenarios"
    folder.mkdir(parents=True)
    run("scenario", "export", NAME, "--csv", "--out", tmp_path / "msel.csv")
    code, _, err = run("scenario", "import", tmp_path / "msel.csv", "--csv", "--out", folder / "back.yaml")
    assert code == 0
    assert "assumed: " in err
    assert run("scenario", "check")[0] == 0
    assert "csv-msel-msel" in run("scenario", "list")[1]


def test_an_existing_file_is_never_written_over(run: Run, own: Path) -> None:
    before = own.read_bytes()
    code, _, err = run("scenario", "draft", "h4", "--out", own)
    assert (code, own.read_bytes()) == (2, before)
    assert "is there already" in err


def test_a_draft_of_a_harm_class_is_a_scenario_that_checks(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("scenario", "draft", "H8", "--system", "Housekeeper")
    assert code == 0
    assert yaml.safe_load(out)["harm_classes"] == ["H8"]
    (tmp_path / "draft.yaml").write_text(out, encoding="utf-8")
    assert run("scenario", "check", tmp_path / "draft.yaml")[0] == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("import", "x.yaml"), "--atlas, --iceberg, --t3sf or --csv"),
        (("import", "x.yaml", "--atlas", "--csv"), "--atlas, --iceberg, --t3sf or --csv"),
        (("import", "absent.yaml", "--atlas"), "cannot be read"),
        (("draft", "H11"), "is no harm class"),
        (("export", NAME, "--short"), "goes with --csv"),
        (("from-incident", "INC-1"), "rai-incident db upgrade"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    run: Run, tmp_path: Path, words: tuple[str, ...], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'absent.db'}")
    code, out, err = run("scenario", *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert reason in err


def test_what_is_refused_says_why_and_that_nothing_was_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("id: x\n", encoding="utf-8")
    code, _, err = run("scenario", "import", tmp_path / "case.yaml", "--atlas", "--out", tmp_path / "out.yaml")
    assert code == 2
    assert "Nothing was written" in err
    assert not (tmp_path / "out.yaml").exists()


def test_a_proposed_inject_is_a_warning_until_it_is_accepted(run: Run, own: Path) -> None:
    text = own.read_text(encoding="utf-8")
    own.write_text(
        text.replace("  - id: tenant-monitor\n", "  - id: tenant-monitor\n    proposed: true\n"), encoding="utf-8"
    )
    code, out, _ = run("scenario", "check", own)
    assert code == 0
    assert "(warning)" in out
    assert run("scenario", "accept", own, "--inject", "tenant-monitor")[0] == 0
    assert own.read_text(encoding="utf-8") == text


def test_without_a_model_nothing_is_proposed_and_the_file_stays(run: Run, own: Path) -> None:
    before = own.read_bytes()
    code, _, err = run("scenario", "propose", own)
    assert (code, own.read_bytes()) == (2, before)
    assert "No language model is configured" in err
