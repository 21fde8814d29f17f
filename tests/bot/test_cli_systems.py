"""`rai-incident clocks`, `systems` and `forms` as an operator types them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import Engine

from incidents import inventory, tiering
from incidents.access import Person
from incidents.db import writing
from incidents.opening import open_report
from severity.policy import load_policy
from severity.tiers import load_tiers

Run = Callable[..., tuple[int, str, str]]
FILE = """systems:
  - id: support-assistant
    name: Support assistant
    owner: U0RAILEAD1
    regimes: [gdpr]
    rollback_targets:
      - {id: kill-switch, kind: openfeature, title: Kill switch, class: disruptive, flag: assistant-enabled}
"""


@pytest.fixture
def record(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The command line's database, on each kind in turn."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return engine


@pytest.mark.parametrize(
    "words",
    [("systems", "list"), ("systems", "export"), ("systems", "import", "mine.yaml"), ("forms", "oecd", "INC-1")],
)
def test_without_a_database_of_this_version_it_says_what_to_run(
    run: Run, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(FILE)
    monkeypatch.setenv("RAI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'record.db'}")
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "rai-incident db upgrade" in err
    assert not (tmp_path / "config").exists()


def test_an_inventory_that_cannot_be_written_changes_nothing(
    run: Run, record: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    (tmp_path / "mine.yaml").write_text(FILE)
    monkeypatch.setenv("RAI_CONFIG_DIR", str(tmp_path / "taken"))
    code, out, err = run("systems", "import", str(tmp_path / "mine.yaml"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot be written" in err
    monkeypatch.setenv("RAI_CONFIG_DIR", str(tmp_path))
    assert json.loads(run("systems", "list", "--json")[1]) == []


def due(run: Run, *words: str) -> dict[str, Any]:
    code, out, err = run("clocks", "due", *words, "--json")
    assert (code, err) == (0, "")
    return dict(json.loads(out))


@pytest.mark.parametrize(
    ("clock", "start", "conservative", "outer"),
    [
        ("eu-aia-73-3", "2027-12-10T14:00+01:00", "2027-12-12T23:59:59+01:00", "2027-12-14T23:59:59+01:00"),
        ("eu-aia-73-3", "2027-12-09T14:00+01:00", "2027-12-11T23:59:59+01:00", "2027-12-13T23:59:59+01:00"),
        ("eu-aia-73-3", "2027-12-23T14:00+01:00", "2027-12-25T23:59:59+01:00", "2027-12-27T23:59:59+01:00"),
        ("eu-aia-73-4", "2027-12-15T14:00+01:00", "2027-12-25T23:59:59+01:00", "2027-12-27T23:59:59+01:00"),
    ],
)
def test_the_vocabularys_vectors_hold_on_the_command_line(
    run: Run, clock: str, start: str, conservative: str, outer: str
) -> None:
    answer = due(run, "--clock", clock, "--start", start)
    assert (answer["conservative"], answer["outer"]) == (conservative, outer)
    assert answer["contested"] is True
    assert answer["counting"] == "eu-days"
    assert "Art. 73" in answer["source"]
    assert answer["notice"].startswith("Not legal advice")


def test_the_secs_four_business_days_step_over_thanksgiving(run: Run) -> None:
    answer = due(run, "--clock", "us-sec-1.05", "--start", "2026-11-25T09:00-05:00")
    assert answer["conservative"].startswith("2026-12-02T")


def test_another_report_of_a_clock_is_counted_by_its_own_limit(run: Run) -> None:
    answer = due(run, "--clock", "eu-dora-19", "--stage", "intermediate", "--start", "2026-11-20T08:00Z")
    assert answer["conservative"] == "2026-11-23T09:00:00+01:00"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--clock", "eu-gdpr-34", "--start", "2026-11-20T08:00Z"), "No clock is called 'eu-gdpr-34'"),
        (("--clock", "eu-gdpr-33", "--start", "yesterday"), "is not a time"),
        (("--clock", "eu-gdpr-33", "--start", "2026-11-20T08:00"), "no UTC offset"),
        (("--clock", "eu-gdpr-33", "--start", "2026-11-20T08:00Z", "--stage", "final"), "has no stage 'final'"),
        (("--clock", "eu-gdpr-33"), "--start"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(run: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = run("clocks", "due", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_every_clock_is_listed_with_its_source(run: Run) -> None:
    code, out, _ = run("clocks", "list", "--json")
    assert code == 0
    listed = json.loads(out)
    assert len(listed) == 15
    assert all(row["source"] and row["stages"] for row in listed)
    assert all(row["notice"].startswith("Not legal advice") for row in listed)
    code, out, _ = run("clocks", "list")
    assert "us-circia" in out
    assert "switched off" in out
    assert out.rstrip().splitlines()[-1].startswith("Not legal advice")


def test_an_organisation_switches_a_clock_off_in_its_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "clocks.yaml").write_text("clocks: {eu-gdpr-33: {enabled: false}}\n")
    assert due(run, "--clock", "eu-gdpr-33", "--start", "2026-11-20T08:00Z")["enabled"] is False


def test_a_faulty_inventory_is_refused_in_one_line_and_changes_nothing(
    run: Run, record: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(FILE.replace("[gdpr]", "[gpdr]"))
    for command in ("check", "import"):
        code, _, err = run("systems", command, str(file))
        assert code == 2
        assert "new.yaml:5" in err
        assert "'gpdr' is no regime" in err
        assert err.count("\n") == 1
    assert not (tmp_path / "config").exists()
    assert json.loads(run("systems", "list", "--json")[1]) == []


def test_a_sound_file_is_imported_listed_and_exported_as_it_was(run: Run, record: Engine, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(FILE)
    assert run("systems", "check", str(file))[0] == 0
    assert run("systems", "import", str(file))[0] == 0
    assert (tmp_path / "config" / "systems.yaml").read_text() == FILE
    [listed] = json.loads(run("systems", "list", "--json")[1])
    assert (listed["id"], listed["tier"], listed["overdue"]) == ("support-assistant", None, False)
    assert yaml.safe_load(run("systems", "export")[1]) == yaml.safe_load(FILE)


def test_an_export_carries_the_tier_that_was_decided(run: Run, record: Engine, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(FILE)
    run("systems", "import", str(file))
    tree = load_tiers()
    with writing(record) as session:
        answers = {"practice": "listed"}
        tiering.decide(session, tree, "support-assistant", answers, tree.hash, by="U0RAILEAD1", key="k")
    exported = run("systems", "export")[1]
    [entry] = yaml.safe_load(exported)["systems"]
    assert entry["tier"] == 0
    file.write_text(exported)
    [again] = inventory.load(file)
    assert (again.tier, str(again.tiered_at)) == (0, entry["tiered_at"])


def test_a_form_is_exported_as_markdown_and_json_with_its_gaps(run: Run, record: Engine) -> None:
    with writing(record) as session:
        report = {"what_happened": "It leaked an address", "system": "not-listed", "ongoing": "yes"}
        number = open_report(session, report, Person("U0SUPPORT1", "T0SANDBOX1"), load_policy(), key="k").number
    code, out, _ = run("forms", "oecd", number, "--json")
    assert code == 0
    form = json.loads(out)
    assert len(form["fields"]) == 29
    assert [gap["title"] for gap in form["gaps"] if gap["mandatory"]]
    code, out, _ = run("forms", "aia-73", number)
    assert code == 0
    assert "> GAP: the record has no answer" in out
    assert "Not legal advice" in out


def test_a_form_of_an_absent_incident_is_one_line_and_exit_2(run: Run, record: Engine) -> None:
    code, out, err = run("forms", "oecd", "INC-9")
    assert (code, out) == (2, "")
    assert "there is no incident" in err
