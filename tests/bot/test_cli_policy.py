"""`rai-incident policy` and `severity` as a policy lead types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from incidents import assessing, policies
from incidents.access import Person
from incidents.assessing import Result
from incidents.db import writing
from incidents.opening import cues_of, open_report
from severity.policy import SHIPPED, Policy, load_policy, policy_from_text

Run = Callable[..., tuple[int, str, str]]
BROKEN = Path(__file__).parent.parent / "severity" / "broken"

# One policy per refusal and per proof.
TWELVE = {
    "undeclared_fact": "undeclared fact",
    "unknown_answer": "unknown answer",
    "duplicate_key": "duplicate key",
    "duplicate_id": "duplicate id",
    "missing_default": "is missing; not total",
    "never_true": "its condition is never true",
    "shadowed": "can never decide",
    "yaml_tag": "tags are not allowed",
    "alias_bomb": "anchors are not allowed",
    "not_monotone": "not monotone",
    "milder_when_worse": "not monotone",
    "not_sure_too_mild": '"not sure" is too mild',
}


@pytest.fixture
def record(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The command line's database, on each kind in turn."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return engine


def classified(engine: Engine, policy: Policy, text: str, answers: dict[str, str], *, override: str = "") -> None:
    """An incident, opened by its words and classified under this policy."""
    who = Person("U0SUPPORT1", "T0SANDBOX1")
    with writing(engine) as session:
        policies.begin_with(session, policy)
        incident = open_report(session, {"what_happened": text, "ongoing": "yes"}, who, policy, key=text)
        decision = policy.provisional(answers, ["H4"], cues_of(incident.suggestion))
        result = Result(
            str(decision.severity),
            decision.rule,
            decision.because,
            str(decision.floor) if decision.floor else None,
            decision.materialised,
            decision.policy_hash,
        )
        row = assessing.propose(
            session, incident, result, harm_classes=["H4"], answers=answers, by="U0ONCALL01", key=f"{text}:answers"
        )
        assessing.confirm(
            session,
            incident,
            row.id,
            by="U0ONCALL01",
            key=f"{text}:yes",
            override=override or None,
            reason="two more customers called" if override else None,
        )


@pytest.mark.parametrize("name", TWELVE)
def test_policy_check_names_the_exact_fault_of_each_broken_policy_and_exits_2(run: Run, name: str) -> None:
    code, out, err = run("policy", "check", str(BROKEN / f"{name}.yaml"))
    assert (code, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith(f"rai-incident: {name}.yaml:")
    assert TWELVE[name] in line


def test_policy_check_says_every_fault_on_a_line_of_its_own(run: Run, tmp_path: Path) -> None:
    text = (BROKEN / "sound.yaml").read_text(encoding="utf-8")
    (tmp_path / "two.yaml").write_text(text.replace("severity: SEV1", "severity: SEV-1").replace("rules:", "rulez:"))
    code, _, err = run("policy", "check", str(tmp_path / "two.yaml"))
    assert code == 2
    assert len(err.splitlines()) > 1
    assert all(line.startswith("rai-incident: two.yaml:") for line in err.splitlines())


def test_policy_check_proves_the_shipped_policy(run: Run) -> None:
    code, out, _ = run("policy", "check")
    assert code == 0
    assert "Proved" in out


def test_policy_check_takes_the_organisations_own_policy_where_there_is_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "policy.yaml").write_text("version: 1\n")
    code, _, err = run("policy", "check")
    assert code == 2
    assert "policy.yaml:" in err


def test_policy_test_runs_the_named_cases(run: Run) -> None:
    code, out, _ = run("policy", "test", "--json")
    cases = json.loads(out)
    assert code == 0
    assert len(cases) >= 40
    assert all(case["passed"] for case in cases)


def test_policy_test_exits_1_and_names_the_case_that_fails(run: Run, tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("death:\n      severity: SEV1", "death:\n      severity: SEV0"))
    code, out, _ = run("policy", "test", "--policy", str(tmp_path / "own.yaml"))
    assert code == 1
    assert "✗ A fresh report that speaks of a death" in out


def test_policy_explain_prints_the_path_from_answers(run: Run, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text('{"harm_classes": ["H4"], "facts": {"personal_data": "others", "scope": "few", "ongoing": "no"}}')
    code, out, _ = run("policy", "explain", "--facts", str(facts), "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["path"][-1]["severity"] == answer["severity"]
    assert answer["policy_hash"] == load_policy().hash


@pytest.mark.parametrize("text", ["[]", "{", '{"facts": {"nothing": "x"}}', '{"harm_classes": ["H44"]}'])
def test_policy_explain_refuses_facts_it_does_not_know(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "facts.json").write_text(text)
    code, out, err = run("policy", "explain", "--facts", str(tmp_path / "facts.json"))
    assert (code, out) == (2, "")
    assert err.startswith("rai-incident: ")


def test_policy_explain_wants_either_facts_or_an_assessment(run: Run) -> None:
    assert run("policy", "explain")[0] == 2
    assert run("policy", "explain", "--facts", "x", "--assessment", "INC-1")[0] == 2


def test_an_old_assessment_is_explained_by_its_own_policy_after_the_policy_changed(run: Run, record: Engine) -> None:
    old = policy_from_text(SHIPPED.read_text(encoding="utf-8").replace('version: "1"', 'version: "old"'))
    classified(record, old, "It showed a customer's address.", {"personal_data": "others", "ongoing": "no"})
    new = load_policy()
    with writing(record) as session:
        policies.remember(session, new)
        row = policies.propose(session, new.hash, by="U0RAILEAD1", is_admin=True)
        policies.approve(session, row.id, by="U0PRIVACY1", is_admin=True)
        active = policies.active(session)
        assert active is not None
        assert active.hash == new.hash
    code, out, _ = run("policy", "explain", "--assessment", "INC-1")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("INC-1, assessment 1 of 1: SEV")
    recorded = lines[0].split(": ")[1].split()[0]
    assert lines[1].startswith(recorded)
    assert lines[-1] == f"Policy version old, {old.short_hash}."
    answer = json.loads(run("policy", "explain", "--assessment", "INC-1:1", "--json")[1])
    assert answer["policy_hash"] == old.hash
    assert answer["facts"] == {"personal_data": "others", "ongoing": "no"}


def test_the_severity_an_incident_was_opened_with_is_explained_too(run: Run, record: Engine) -> None:
    policy = load_policy()
    classified(record, policy, "A child was shown it.", {"minors": "affected"})
    code, out, _ = run("policy", "explain", "--assessment", "INC-1:0")
    assert code == 0
    assert out.startswith("INC-1 was opened as SEV1 by rule ")
    assert "the report speaks of a minor" in out


def test_an_override_is_told_with_its_reason(run: Run, record: Engine) -> None:
    answers = {"personal_data": "others", "ongoing": "no", "scope": "few"}
    classified(record, load_policy(), "It showed a customer's address.", answers, override="SEV1")
    assert "U0ONCALL01 set SEV1 instead: two more customers called." in run("policy", "explain", "--assessment", "1")[1]


@pytest.mark.parametrize("which", ["INC-2", "INC-1:2", "INC-1:x", "INC-1:-1", "INC-1:²", "x", ""])
def test_an_assessment_that_is_not_there_is_named(run: Run, record: Engine, which: str) -> None:
    classified(record, load_policy(), "It showed a customer's address.", {"personal_data": "others"})
    code, out, err = run("policy", "explain", "--assessment", which)
    assert (code, out) == (2, "")
    assert "there is no incident" in err or "is none of them" in err


def test_policy_diff_lists_the_past_assessments_that_would_change(run: Run, record: Engine, tmp_path: Path) -> None:
    rest = {
        "ongoing": "no",
        "scope": "few",
        "materialisation": "event",
        "rights_law": "no",
        "minors": "none",
        "personal_data": "none",
    }
    classified(record, load_policy(), "It recited a book.", {**rest, "protected_works": "substantial"})
    classified(record, load_policy(), "It was rude.", rest)
    text = SHIPPED.read_text(encoding="utf-8")
    changed = text.replace(
        "protected_works: substantial}\n    severity: SEV2", "protected_works: substantial}\n    severity: SEV1"
    )
    assert changed != text
    (tmp_path / "own.yaml").write_text(changed)
    code, out, _ = run("policy", "diff", str(SHIPPED), str(tmp_path / "own.yaml"))
    assert code == 0
    assert out.splitlines()[0].startswith("INC-1 assessment 1: SEV2 → SEV1")
    assert out.splitlines()[-1] == "1 of 2 past assessments would change."


def test_severity_suggest_gives_the_agreed_json(run: Run) -> None:
    code, out, _ = run("severity", "suggest", "A child was shown it.", "--json")
    found = json.loads(out)
    assert code == 0
    assert {"harm_classes", "floors", "answers"} <= set(found)
    assert found["floors"][0]["fact"] == "minor"
    assert found["floors"][0]["because"] == ["child"]
