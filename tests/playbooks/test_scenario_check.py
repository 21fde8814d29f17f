"""A scenario that cannot be played is refused, with file, line, key and reason, and all at once."""

from pathlib import Path

import pytest
from scenariokit import KNOWN, SOUND

from playbooks.scenario import Scenario, parse_scenario
from playbooks.scenario_check import check_text


def faults(text: str) -> list[str]:
    return [str(fault) for fault in check_text(text, "own.yaml", KNOWN).faults]


def test_the_sound_one_is_sound() -> None:
    checked = check_text(SOUND, "own.yaml", KNOWN)
    assert (checked.faults, checked.warnings) == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("to: commander", "to: nobody", 16, "injects[0].to: nobody is no role"),
        ("by: commander, do: declare", "by: nobody, do: declare", 33, "nobody is no role"),
        ("expects: [contain]", "expects: [contain, dance]", 24, "dance is no action"),
        ("next: third", "next: fifth", 19, "fifth is no inject"),
        ("inject: fourth}", "inject: tenth}", 25, "tenth is no inject"),
        ("if: {action: contain, missed: true}", "if: {action: sing, missed: true}", 25, "sing is no action"),
        ("at: 10", "after: {inject: nothing, minutes: 3}", 21, "nothing is no inject"),
        ("at: 10", "when: {action: nothing}", 21, "nothing is no action"),
        ("at: 10", "at: 31", 21, "comes at minute 31 at the earliest; the end is 30"),
        ("at: 10", "at: 25", 34, "is over at minute 35 at the earliest; the end is 30"),
        ("at: 10", "at: 10\n    after: {inject: first, minutes: 1}", 20, "more than one of at, after and when"),
        ("  - id: third\n", "  - id: third\n    at: 3\n", 27, "another inject branches here"),
        ("{id: act, label: Act, next: third}", "{id: act, label: Act}", 26, "can never be sent"),
        ("clocks: [eu-gdpr-33]", "clocks: [eu-gdpr-34]", 40, "eu-gdpr-34 is no clock"),
        ("runbooks: [personal-data-in-outputs]", "runbooks: [pray]", 9, "pray is no runbook"),
        ("personal_data: others", "personal_data: lots", 39, "personal_data cannot be 'lots'"),
        ("actions: [declare], at", "actions: [contain], at", 4, None),
        ("at: {first: 0, second: 5}}", "at: {first: 0}}", 4, "second has no minute under short.at"),
        ("at: {first: 0, second: 5}}", "at: {first: 0, second: 15}}", 4, "the end is 10"),
        ("after: second, objective", "after: first, objective", 34, "first does not list contain under expects"),
        ("id: fourth", "id: third", 29, "third is given already, on line 26"),
        ("objectives: [", "objectives: [{id: spare, text: Nobody tests it., capability: X y}, ", 7, "no action tests"),
        ("    text: It goes on.", "    text: It goes on.\n    image: ../../secret.png", 24, "without .."),
        ("kind: customer}", "kind: friend}", 15, "input should be"),
        ("do: rollback", "do: decide", 34, "nothing can be decided: second has no options"),
        ("do: rollback, within: 10, after: second", "do: decide, within: 10", 34, "start has no options"),
        (", rollback_targets: [{id: model, kind: mlflow, title: M}]", "", 34, "no system has rollback_targets"),
        ("after: first,", "after: first, expects: {target: model},", 33, "declare never shows this in the record"),
        ("do: declare,", "do: assign, expects: {role: commander},", 33, None),
        ("do: declare,", "do: assign, expects: {role: privacy},", 33, "privacy is no role of an incident"),
        ("to: commander", "channel: dm", 13, "direct message to everyone"),
    ],
)
def test_a_fault_is_named_with_its_line_and_reason(old: str, new: str, line: int, reason: str | None) -> None:
    assert old in SOUND
    found = faults(SOUND.replace(old, new, 1))
    if reason is None:
        assert found == []
        return
    assert any(text.startswith(f"own.yaml:{line}: ") and reason in text for text in found), found


def test_injects_that_wait_for_each_other_are_named_as_the_way_round() -> None:
    text = SOUND.replace("at: 0\n", "after: {inject: second, minutes: 1}\n").replace(
        "at: 10\n", "after: {inject: first, minutes: 1}\n"
    )
    assert any("is part of a circle: " in fault and "first" in fault and "second" in fault for fault in faults(text))


def test_a_circle_through_an_action_is_found() -> None:
    text = SOUND.replace("at: 10\n", "when: {action: contain}\n")
    assert any("circle: second -> second" in fault for fault in faults(text))


def test_faults_of_shape_and_of_sense_are_named_together() -> None:
    found = faults(SOUND.replace("tier: 1\n", "tier: 9\n", 1).replace("to: commander", "to: nobody", 1))
    assert any("tier" in fault for fault in found)
    assert any("nobody is no role" in fault for fault in found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: a\nid: b\n", "duplicate key"),
        ("id: !!python/object:os.system x\n", "tags are not allowed"),
        ("a: &a [x]\nb: [*a, *a]\n", "anchors are not allowed"),
        ("- not\n- a mapping\n", "must be a mapping"),
        ("injects: 7\nroles: {a: b}\n", "injects"),
    ],
)
def test_abuse_40_hostile_yaml_is_refused(text: str, reason: str) -> None:
    assert any(reason in fault for fault in faults(text))


def test_a_truth_that_the_policy_judges_otherwise_is_a_warning() -> None:
    checked = check_text(SOUND.replace("severity: SEV1", "severity: SEV3"), "own.yaml", KNOWN)
    assert checked.faults == ()
    assert "the policy answers SEV1 for these facts" in str(checked.warnings[0])


def test_a_machines_draft_is_a_warning_until_a_person_accepts_it() -> None:
    text = SOUND.replace("    text: It goes on.", "    text: It goes on.\n    proposed: true")
    checked = check_text(text, "own.yaml", KNOWN)
    assert checked.faults == ()
    assert [str(fault).split(": ")[0] for fault in checked.warnings] == ["own.yaml:24"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    from playbooks.scenario_check import check_scenario

    path = tmp_path / "own.yaml"
    path.write_text(SOUND.replace("text: It goes on.", "text: It goes on.\n    file: letter.md"), encoding="utf-8")
    assert "there is no file letter.md under files/" in str(check_scenario(path, KNOWN).faults[0])


def test_the_short_variant_keeps_its_minutes_and_drops_what_would_dangle() -> None:
    short = parse_scenario(SOUND).shortened()
    assert [(inject.id, inject.at) for inject in short.injects] == [("first", 0), ("second", 5)]
    assert [option.next for option in short.inject("first").options] == [None, None]
    assert short.inject("second").then == ()
    assert short.facilitator == "(Written for all 30 minutes.) Be kind."
    assert short.inject("second").expects == ()
    assert [(action.id, action.within) for action in short.actions] == [("declare", 5)]


def test_a_deadline_of_the_short_variant_never_passes_its_end() -> None:
    text = SOUND.replace("actions: [declare], at", "actions: [declare, contain], at")
    assert parse_scenario(text).shortened().action("contain").within == 5


def test_done_and_missed_exclude_each_other() -> None:
    text = SOUND.replace("missed: true", "missed: true, done: true")
    assert any("says done or missed" in fault for fault in faults(text))
    assert isinstance(parse_scenario(SOUND.replace("missed: true", "done: true")), Scenario)
