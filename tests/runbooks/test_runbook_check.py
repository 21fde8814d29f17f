"""A runbook with mistakes is refused with all of them, each with file, line, key and reason."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from runbooks import keeping, templates
from runbooks.catalogue import load_catalogue
from runbooks.check import check_runbook, check_text

TWELVE = """\
id: twelve-mistakes
title: Twelve mistakes
harm_classes: [H4, H11]
enter_when: [something happened]
leave_when: It is over.
sources: [{name: Own practice, ref: own}]
urgency: {SEV0: 5, SEV1: 5, SEV2: 15, SEV3: 60, SEV4: 240}
steps:
  - id: save
    collect: Save {{ incident.nickname }}
    accepts: [telegram]
    why: Evidence first.
    how: "Paste it. {% include 'other' %}"
    owner: wizard
    minutes: 5
    if_it_fails: {say: Describe it.}
  - id: contain
    rollback: Roll back
    targets: [time-machine]
    why: Stop the harm.
    how: "Make the plan {{ oops"
    owner: on-call
    minutes: 0
    if_it_fails: {say: Use the kill switch., goto: kill}
  - id: ask
    decide: Is it over?
    why: To know.
    how: Look.
    owner: on-call
    minutes: 5
    choices:
      - {choice: "yes", say: "Yes, over", goto: nowhere}
      - {choice: "no", say: "No, not yet", goto: round}
    if_it_fails: {say: Ask again.}
  - id: round
    do: Go round
    why: To go round.
    how: Round.
    owner: on-call
    minutes: 5
    if_it_fails: {say: Go on.}
    goto: round
  - id: lonely
    do: Nobody comes here
    owner: on-call
    why: To wait.
    how: Wait.
    minutes: 5
    if_it_fails: {say: Go on.}
"""

# Twelve different mistakes: line, key, and words of the reason.
EXPECTED = [
    (3, "harm_classes[1]", "'H11'"),
    (10, "steps[0].collect", "incident has no field nickname"),
    (11, "steps[0].accepts[0]", "'telegram'"),
    (13, "steps[0].how", "include is not allowed"),
    (14, "steps[0].owner", "unknown role wizard"),
    (19, "steps[1].targets[0]", "unknown target time-machine"),
    (21, "steps[1].how", "template error"),
    (23, "steps[1].minutes", "greater than or equal to 1"),
    (24, "steps[1].if_it_fails.goto", "leads to kill"),
    (32, "steps[2].choices[0].goto", "leads to nowhere"),
    (35, "steps[3].id", "round is in an endless loop"),
    (43, "steps[4].id", "nothing leads to lonely"),
]


def test_a_file_with_twelve_mistakes_is_refused_naming_all_twelve_and_nothing_else(tmp_path: Path):
    path = tmp_path / "twelve.yaml"
    path.write_text(TWELVE)
    faults = check_runbook(path)
    assert [(fault.file, fault.line, fault.key) for fault in faults] == [
        ("twelve.yaml", line, key) for line, key, _ in EXPECTED
    ]
    for fault, (_, _, words) in zip(faults, EXPECTED, strict=True):
        assert words in fault.reason


def test_a_sound_runbook_has_no_faults(small):
    assert check_text(small.text, "small.yaml") == []


def test_a_target_of_the_inventory_is_known(small):
    text = small.text.replace("model-version, kill-switch", "our-own-lever")
    assert [fault.reason.split(".")[0] for fault in check_text(text, "small.yaml")] == ["unknown target our-own-lever"]
    assert check_text(text, "small.yaml", targets=["our-own-lever"]) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("  - id: tell", "  - id: save", "save is already a step, on line"),
        ("  - id: watch", "  - id: end", "end is the name of the exit"),
        (
            "minutes: 10\n    if_it_fails: {say: Contain again., goto: contain}",
            "minutes: 10\n    goto: save\n",
            "no exit",
        ),
        ("skip: never", "skip: sometimes", "skip"),
        ("accepts: [text, link]", "choices: []", "needs accepts"),
        ("decide: Is it", "do: Do it\n    decide: Is it", "2 kinds"),
        ("notify: Tell privacy", "wait: Tell privacy", "cannot be part of a parallel step"),
        ("tell: [privacy]", "tell: [wizard]", "unknown role wizard"),
        ("SEV1: 5, ", "", "no minutes for SEV1"),
        ("SEV0: 5", "SEV0: 50", "worse severity more time"),
        ("goto: both}", "goto: both}\n      - {choice: stopped, say: Twice, goto: both}", "at least two choices"),
        ("why: Evidence first.", "why: Evidence first.\n    colour: red", "not a known key"),
        ("    why: Evidence first.\n", "", "is missing"),
        ("harm_classes: [H4]", "harm_classes: [H4]\nharm_classes: [H5]", "duplicate key"),
        ("title: A small", "title: !!python/object A small", "tag"),
    ],
)
def test_each_kind_of_mistake_is_named(small, before, after, words):
    assert before in small.text
    faults = check_text(small.text.replace(before, after, 1), "small.yaml")
    assert any(words in str(fault) for fault in faults), faults


@pytest.mark.parametrize(
    "text",
    [
        "{{ incident.__class__ }}",
        "{{ incident.number.__class__ }}",
        "{{ ''.join }}",
        "{{ range(9) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ incident['number'] }}",
        "{{ self }}",
        "{% include 'x' %}",
        "{% set x = 1 %}",
        "{{ incident.number|map('upper') }}",
        "{{ incident }}",
        "{{ secret.key }}",
    ],
)
def test_a_template_can_only_fill_blanks(text):
    assert templates.faults(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ incident.number }} of {{ system.name|upper }}",
        "{% if incident.severity == 'SEV0' %}now{% else %}soon{% endif %}",
        "{{ system.owner if system.tier else 'nobody' }}",
    ],
)
def test_what_a_text_needs_is_allowed(text):
    assert templates.faults(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{{ " + "(" * 20_000 + "incident.title" + ")" * 20_000 + " }}", "nested", id="parentheses"),
        pytest.param("{{ " + "not " * 600 + "incident.title }}", "nested", id="nots"),
        pytest.param("{% if incident.title %}" * 100 + "{% endif %}" * 100, "nested", id="ifs"),
        pytest.param("{{ incident.title" + "|upper" * 300 + " }}", "nested", id="filters"),
        pytest.param("{{ " + "9" * 10_000 + " }}", "too long", id="number"),
    ],
)
def test_a_template_that_would_break_the_reader_is_a_fault_and_not_a_crash(text, words):
    [fault] = templates.faults(text)
    assert words in fault


def test_an_own_runbook_replaces_ours_of_the_same_id(tmp_path: Path, small):
    (tmp_path / "mine.yaml").write_text(small.text.replace("id: small", "id: personal-data-in-outputs", 1))
    definition = load_catalogue([tmp_path]).definitions["personal-data-in-outputs"]
    assert (definition.runbook.title, definition.shipped) == ("A small runbook", False)


def test_a_broken_own_file_never_hides_ours(tmp_path: Path, small):
    text = small.text.replace("id: small", "id: personal-data-in-outputs", 1).replace("owner: on-call", "owner: wizard")
    (tmp_path / "mine.yaml").write_text(text)
    catalogue = load_catalogue([tmp_path])
    assert catalogue.definitions["personal-data-in-outputs"].shipped
    assert {fault.file for fault in catalogue.faults} == {"mine.yaml"}


def test_a_file_that_broke_since_keeps_the_version_that_worked(tmp_path: Path, small):
    file = tmp_path / "mine.yaml"
    file.write_text(small.text)
    before = load_catalogue([tmp_path])
    file.write_text(small.text + "\n  - nonsense: [")
    after = load_catalogue([tmp_path], before={"mine.yaml": small.text})
    assert after.definitions["small"] == before.definitions["small"]
    assert after.faults


def test_a_file_that_works_wins_over_what_a_broken_one_was(tmp_path: Path, small):
    (tmp_path / "a.yaml").write_text("broken: [")
    (tmp_path / "b.yaml").write_text(small.text)
    assert load_catalogue([tmp_path], before={"a.yaml": small.text}).definitions["small"].file == "b.yaml"


def test_what_worked_in_an_older_version_of_the_bot_and_would_not_now_stays_away(tmp_path: Path, small):
    (tmp_path / "mine.yaml").write_text("broken: [")
    catalogue = load_catalogue([tmp_path], before={"mine.yaml": small.text.replace("owner: on-call", "owner: wizard")})
    assert "small" not in catalogue.definitions


def test_the_version_that_worked_is_kept_while_its_file_is_broken_and_forgotten_with_it(
    session: Session, tmp_path: Path, small
):
    file = tmp_path / "mine.yaml"
    file.write_text(small.text)
    keeping.keep(session, load_catalogue([tmp_path]))
    file.write_text("broken: [")
    for _ in range(2):  # two restarts
        catalogue = load_catalogue([tmp_path], before=keeping.kept(session))
        assert catalogue.definitions["small"].text == small.text
        keeping.keep(session, catalogue)
    file.unlink()
    keeping.keep(session, load_catalogue([tmp_path], before=keeping.kept(session)))
    assert keeping.kept(session) == {}


def test_an_edit_that_works_takes_the_place_of_the_version_kept(session: Session, tmp_path: Path, small):
    file = tmp_path / "mine.yaml"
    for text in (small.text, small.text.replace("A small runbook", "A better one")):
        file.write_text(text)
        keeping.keep(session, load_catalogue([tmp_path]))
    assert keeping.kept(session) == {"mine.yaml": text}


def test_two_files_with_one_id_are_told_apart(tmp_path: Path, small):
    (tmp_path / "a.yaml").write_text(small.text)
    (tmp_path / "b.yaml").write_text(small.text)
    catalogue = load_catalogue([tmp_path])
    assert catalogue.definitions["small"].file == "a.yaml"
    assert [str(fault) for fault in catalogue.faults] == ["b.yaml:1: id: small is already the id of a.yaml"]


def test_a_file_that_is_not_text_is_a_fault_and_not_a_crash(tmp_path: Path):
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    assert [fault.file for fault in load_catalogue([tmp_path]).faults] == ["bad.yaml"]
