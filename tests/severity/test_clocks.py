"""Regulator clocks: the shipped rows, due times, walls, proposals, warnings, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severity.clocks import SHIPPED, BadStart, Clocks, Due, UnknownClock, load_clocks, parse_start, warnings
from severity.errors import ContentError
from severity.policy import load_policy

CLOCKS = load_clocks()
VOCABULARY = {
    "eu-aia-73-2", "eu-aia-73-3", "eu-aia-73-4", "eu-aia-26-5", "eu-gpai-9.3", "eu-gdpr-33", "eu-nis2-23", "eu-dora-19",
    "eu-cra-14", "us-ca-sb53", "us-ny-raise", "us-hipaa", "us-sec-1.05", "us-ca-sb446", "us-circia",
}  # fmt: skip
STAGES = [(clock.id, stage.id) for clock in CLOCKS for stage in clock.stages]
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ends(due: Due | None) -> tuple[str | None, str | None]:
    assert due is not None
    data = due.as_json()
    return data["conservative"], data["outer"]


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str], Path]:
    """The shipped clocks with one passage changed."""

    def edit(old: str, new: str) -> Path:
        text = SHIPPED.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "clocks.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return edit


# The rows


def test_every_row_of_the_vocabulary_is_shipped_and_no_other() -> None:
    assert {clock.id for clock in CLOCKS} == VOCABULARY


def test_only_the_clock_with_conflicting_sources_is_shipped_switched_off() -> None:
    assert [clock.id for clock in CLOCKS if not clock.enabled] == ["us-circia"]


def test_the_facts_that_clocks_ask_about_are_facts_of_the_severity_policy() -> None:
    facts = load_policy().facts

    assert CLOCKS.faults_against({name: fact.answers for name, fact in facts.items()}) == []


def test_a_fact_the_policy_does_not_have_is_named_with_its_line() -> None:
    faults = CLOCKS.faults_against({"personal_data": ["others", "special"]})

    assert faults
    assert all(fault.file == "clocks.yaml" and fault.line > 1 for fault in faults)
    assert any(fault.key.startswith("clocks[2].applies_when[0].answer.physical_harm") for fault in faults)


@pytest.mark.parametrize(("clock_id", "stage_id"), STAGES)
def test_every_stage_of_every_clock_computes(clock_id: str, stage_id: str) -> None:
    due = CLOCKS.due(clock_id, NOW, stage_id)

    if due.conservative is None or due.outer is None:
        assert due.counting == "immediately"
    else:
        assert NOW < due.conservative <= due.outer
        assert str(due.conservative.tzinfo) == due.zone


# Due times


def test_the_vocabularys_eu_vectors_hold_through_the_clocks() -> None:
    assert ends(CLOCKS.due("eu-aia-73-3", at("2027-12-10T14:00+01:00"))) == (
        "2027-12-12T23:59:59+01:00",
        "2027-12-14T23:59:59+01:00",
    )
    assert ends(CLOCKS.due("eu-aia-73-4", at("2027-12-15T14:00+01:00"))) == (
        "2027-12-25T23:59:59+01:00",
        "2027-12-27T23:59:59+01:00",
    )


def test_the_sec_clock_ends_when_edgar_stops_giving_the_days_date() -> None:
    assert ends(CLOCKS.due("us-sec-1.05", at("2026-11-25T11:00-05:00")))[0] == "2026-12-02T17:30:00-05:00"


def test_gdpr_is_72_elapsed_hours() -> None:
    conservative, outer = ends(CLOCKS.due("eu-gdpr-33", at("2026-11-20T18:00+01:00")))

    assert conservative == outer == "2026-11-23T18:00:00+01:00"


def test_nis2_counts_its_final_report_from_the_72_hour_notification() -> None:
    stamps = {"awareness": at("2026-11-20T18:00+01:00"), "intermediate_submitted": at("2026-11-22T10:00+01:00")}

    assert ends(CLOCKS.due_from("eu-nis2-23", stamps))[0] == "2026-11-21T18:00:00+01:00"
    assert ends(CLOCKS.due_from("eu-nis2-23", stamps, "intermediate"))[0] == "2026-11-23T18:00:00+01:00"
    assert ends(CLOCKS.due_from("eu-nis2-23", stamps, "final"))[0] == "2026-12-22T23:59:59+01:00"


def test_cra_has_two_final_reports_with_their_own_starts() -> None:
    stamps = {"fix_available": at("2026-12-01T10:00+01:00"), "intermediate_submitted": at("2026-11-30T10:00+01:00")}

    assert ends(CLOCKS.due_from("eu-cra-14", stamps, "final-vulnerability"))[0] == "2026-12-15T23:59:59+01:00"
    assert ends(CLOCKS.due_from("eu-cra-14", stamps, "final-incident"))[0] == "2026-12-30T23:59:59+01:00"


@pytest.mark.parametrize(
    ("stage", "day"), [("critical-infrastructure", 3), ("cyber-breach", 6), ("death", 11), ("other", 16)]
)
def test_a_systemic_model_has_four_first_limits(stage: str, day: int) -> None:
    due = CLOCKS.due("eu-gpai-9.3", at("2027-02-01T10:00+01:00"), stage)

    assert ends(due)[0] == f"2027-02-{day:02}T23:59:59+01:00"


def test_an_interim_report_is_due_again_four_weeks_after_the_last_one() -> None:
    stamps = {"initial_submitted": at("2027-02-01T10:00+01:00")}
    again = stamps | {"intermediate_submitted": at("2027-02-20T10:00+01:00")}

    assert ends(CLOCKS.due_from("eu-gpai-9.3", stamps, "interim"))[0] == "2027-03-01T23:59:59+01:00"
    assert ends(CLOCKS.due_from("eu-gpai-9.3", again, "interim"))[0] == "2027-03-20T23:59:59+01:00"


def test_a_duty_without_a_number_is_shown_without_one() -> None:
    due = CLOCKS.due("eu-aia-26-5", NOW)

    assert ends(due) == (None, None)
    assert "immediately" in due.as_text()
    assert warnings(due, NOW) == []


def test_a_stage_whose_stamp_is_missing_has_no_due_time_yet() -> None:
    assert CLOCKS.due_from("us-sec-1.05", {"awareness": NOW}) is None


def test_a_start_before_the_law_applies_is_computed_and_marked() -> None:
    due = CLOCKS.due("us-ny-raise", NOW)

    assert due.as_json()["in_force"] is False
    assert "Applies from 2027-01-01" in due.as_text()


def test_a_start_without_an_offset_is_refused_in_words() -> None:
    with pytest.raises(BadStart, match="UTC offset"):
        CLOCKS.due("eu-gdpr-33", datetime(2026, 11, 21))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["", "yesterday", "2027-12-10", "2027-12-10T14:00", "2027-02-30T14:00Z", "9" * 500])
def test_a_typed_start_that_is_no_exact_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadStart, match=r"2027-12-10T14:00\+01:00"):
        parse_start(text)


def test_a_typed_start_keeps_its_instant() -> None:
    assert parse_start(" 2027-12-10T13:00Z ") == at("2027-12-10T14:00+01:00")


def test_an_unknown_clock_or_stage_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnknownClock, match="eu-gdpr-33"):
        CLOCKS.due("eu-gdpr-34", NOW)
    with pytest.raises(UnknownClock, match="intermediate"):
        CLOCKS.due("eu-nis2-23", NOW, "secondary")


# DORA's wall

AWARE = at("2026-11-23T08:00+01:00")


def test_dora_is_due_four_hours_after_classification_when_that_is_earlier() -> None:
    stamps = {"awareness": AWARE, "classified": AWARE + timedelta(hours=3)}

    assert ends(CLOCKS.due_from("eu-dora-19", stamps))[0] == "2026-11-23T15:00:00+01:00"


def test_dora_is_due_at_the_wall_when_classification_came_late_in_the_first_day() -> None:
    stamps = {"awareness": AWARE, "classified": AWARE + timedelta(hours=22)}

    assert ends(CLOCKS.due_from("eu-dora-19", stamps)) == ("2026-11-24T08:00:00+01:00", "2026-11-24T08:00:00+01:00")


def test_the_wall_is_due_although_nobody_has_classified() -> None:
    due = CLOCKS.due_from("eu-dora-19", {"awareness": AWARE})

    assert ends(due)[0] == "2026-11-24T08:00:00+01:00"


def test_an_incident_classified_thirty_hours_after_awareness_has_alarmed_at_the_wall() -> None:
    (wall,) = CLOCKS.walls("eu-dora-19", {"awareness": AWARE})

    assert wall.at == AWARE + timedelta(hours=24)
    assert not wall.breached(AWARE + timedelta(hours=24))
    assert wall.breached(AWARE + timedelta(hours=24, seconds=1))

    late = CLOCKS.due_from("eu-dora-19", {"awareness": AWARE, "classified": AWARE + timedelta(hours=30)})
    assert ends(late) == ("2026-11-24T08:00:00+01:00", "2026-11-24T18:00:00+01:00")


def test_a_classified_incident_breaches_no_wall() -> None:
    (wall,) = CLOCKS.walls("eu-dora-19", {"awareness": AWARE, "classified": AWARE + timedelta(hours=30)})

    assert not wall.breached(AWARE + timedelta(hours=31))


def test_the_wall_is_24_elapsed_hours_when_clocks_go_back() -> None:
    (wall,) = CLOCKS.walls("eu-dora-19", {"awareness": at("2026-10-24T12:00+02:00")})

    assert wall.at.isoformat() == "2026-10-25T11:00:00+01:00"


def test_no_wall_runs_before_awareness() -> None:
    assert CLOCKS.walls("eu-dora-19", {}) == ()


# Proposals


def proposed(clocks: Clocks = CLOCKS, *, regimes: tuple[str, ...] = (), classes: tuple[str, ...] = (), **answers: str) -> dict[str, str]:  # fmt: skip  # noqa: E501
    return {each.clock.id: each.stage.id for each in clocks.propose(regimes, classes, answers, NOW)}


def test_a_privacy_harm_in_a_gdpr_system_proposes_the_gdpr_clock_with_its_reason() -> None:
    (proposal,) = CLOCKS.propose(["gdpr"], ["H4"], {}, NOW)

    assert proposal.clock.id == "eu-gdpr-33"
    assert proposal.because == "may apply because the AI system lists gdpr and harm class H4 is marked"


def test_an_answer_alone_proposes_a_clock() -> None:
    assert "eu-gdpr-33" in proposed(regimes=("gdpr",), classes=("H5",), personal_data="others")


def test_not_sure_counts_as_yes() -> None:
    assert "eu-aia-73-4" in proposed(regimes=("eu-ai-act-provider",), physical_harm="not_sure")


def test_an_answer_that_rules_it_out_proposes_nothing() -> None:
    assert proposed(regimes=("gdpr",), classes=("H5",), personal_data="none") == {}


def test_a_system_without_recorded_regimes_is_asked_about_all_of_them() -> None:
    found = proposed(classes=("H4",))

    assert {"eu-gdpr-33", "us-hipaa", "eu-aia-73-2"} <= found.keys()
    assert "no regime is recorded" in CLOCKS.propose([], ["H4"], {}, NOW)[0].because


def test_a_system_to_which_no_regime_applies_gets_no_clock() -> None:
    assert proposed(regimes=("none",), classes=("H4",)) == {}


def test_the_stage_with_the_shortest_limit_that_may_apply_is_proposed() -> None:
    imminent = proposed(regimes=("ca-sb53",), classes=("H1",), physical_harm="grave")

    assert imminent == {"us-ca-sb53": "imminent"}
    assert proposed(regimes=("ca-sb53",), classes=("H8",)) == {"us-ca-sb53": "initial"}
    assert proposed(regimes=("eu-gpai-systemic",), classes=("H2",)) == {"eu-gpai-9.3": "other"}


def test_a_clock_before_its_date_is_not_proposed_but_says_from_when() -> None:
    regimes, classes = ["ny-raise"], ["H8"]
    (upcoming,) = CLOCKS.upcoming(regimes, classes, {}, NOW)

    assert CLOCKS.propose(regimes, classes, {}, NOW) == []
    assert "Applies from 2027-01-01" in upcoming.because
    assert CLOCKS.upcoming(regimes, classes, {}, at("2027-01-01T00:00-05:00")) == []
    assert len(CLOCKS.propose(regimes, classes, {}, at("2027-01-01T00:00-05:00"))) == 1


def test_the_first_day_of_a_law_is_a_day_in_its_own_zone() -> None:
    new_year_in_london = at("2027-01-01T00:00+00:00")  # still 2026 in New York

    assert CLOCKS.propose(["ny-raise"], ["H8"], {}, new_year_in_london) == []


# An organisation's override


def test_a_clock_switched_off_is_never_proposed() -> None:
    ours = load_clocks(override={"clocks": {"eu-gdpr-33": {"enabled": False}}})

    assert "eu-gdpr-33" not in proposed(ours, regimes=("gdpr",), classes=("H4",))
    assert ours.due("eu-gdpr-33", NOW).as_json()["enabled"] is False


def test_an_override_file_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("clocks:\n  eu-aia-73-3: {zone: Europe/Helsinki, holidays: FI}\n", encoding="utf-8")
    ours = load_clocks(override=path)

    assert ends(ours.due("eu-aia-73-3", at("2027-12-10T14:00+01:00")))[0] == "2027-12-12T23:59:59+02:00"
    assert ours.clock("eu-aia-73-2") == CLOCKS.clock("eu-aia-73-2")


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("clocks:\n  eu-gdpr-34: {enabled: false}\n", "ours.yaml:2: clocks.eu-gdpr-34: no clock has this id"),
        ("clocks:\n  eu-gdpr-33: {enabled: off}\n", "clocks.eu-gdpr-33.enabled"),
        ("clocks:\n  eu-gdpr-33: {limit: 96}\n", "clocks.eu-gdpr-33.limit: is not a known key"),
        ("clocks:\n  eu-gdpr-33: {zone: Mars/Base}\n", "no time zone is called 'Mars/Base'"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused(tmp_path: Path, override: str, fault: str) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(override, encoding="utf-8")

    with pytest.raises(ContentError) as refused:
        load_clocks(override=path)
    assert fault in str(refused.value)


# Warnings


def test_warnings_come_at_half_at_four_fifths_and_two_hours_before() -> None:
    start = at("2026-11-20T18:00+01:00")
    told = warnings(CLOCKS.due("eu-gdpr-33", start), start)

    assert [each.at - start for each in told] == [
        timedelta(hours=36),
        timedelta(hours=57, minutes=36),
        timedelta(hours=70),
    ]


def test_warnings_that_fall_together_are_told_once() -> None:
    told = warnings(CLOCKS.due("eu-dora-19", AWARE), AWARE)  # four hours: half is also two hours before

    assert [each.at - AWARE for each in told] == [timedelta(hours=2), timedelta(hours=3, minutes=12)]
    assert "50 %" in told[0].because and "2 hours" in told[0].because


def test_a_due_time_already_past_warns_no_more() -> None:
    late = CLOCKS.due_from("eu-dora-19", {"awareness": AWARE, "classified": AWARE + timedelta(hours=30)})
    assert late is not None

    assert warnings(late, late.start) == []


@settings(deadline=None)
@given(
    stage=st.sampled_from(STAGES),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_warnings_are_in_order_after_the_start_and_before_the_due_time(stage: tuple[str, str], start: datetime) -> None:
    due = CLOCKS.due(stage[0], start, stage[1])
    instants = [each.at for each in warnings(due, start)]

    assert instants == sorted(set(instants))
    assert all(start < each < (due.conservative or start) for each in instants)


# What people see


@pytest.mark.parametrize("clock_id", sorted(VOCABULARY))
def test_every_display_says_not_legal_advice_names_the_source_and_whether_it_is_contested(clock_id: str) -> None:
    clock = CLOCKS.clock(clock_id)
    due = CLOCKS.due(clock_id, NOW)
    every = load_clocks(override={"clocks": {clock_id: {"enabled": True}}})
    classes, later = [f"H{n}" for n in range(1, 11)], at("2028-01-01T00:00+00:00")
    answers = dict.fromkeys(load_policy().facts, "not_sure")
    shown = [
        *every.propose([clock.regime], classes, answers, later),
        *every.upcoming([clock.regime], classes, answers, later),
    ]
    texts = [due.as_text(), *(each.as_text() for each in shown if each.clock.id == clock_id)]
    texts += [wall.as_text() for wall in CLOCKS.walls(clock_id, {"awareness": NOW})]

    assert len(texts) >= 2
    for text in texts:
        assert "Not legal advice" in text
        assert clock.source.cite in text
        assert ("Contested:" in text) == (clock.contested is not False)
    for data in [due.as_json(), *(each.as_json() for each in shown)]:
        assert data["notice"].startswith("Not legal advice")
        assert data["source"] and isinstance(data["contested"], bool)


def test_json_times_are_iso_8601_in_the_clocks_zone() -> None:
    data = CLOCKS.due("eu-aia-73-3", at("2027-12-10T08:00-05:00")).as_json()

    assert data["start"] == "2027-12-10T14:00:00+01:00"
    assert (
        at(data["conservative"]).utcoffset() == at(data["conservative"]).astimezone(ZoneInfo(data["zone"])).utcoffset()
    )


# Refusals


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("id: eu-aia-73-3", "id: eu-aia-73-2", "clocks[1].id", "already called eu-aia-73-2"),
        ("counting: eu-days", "counting: lunar-days", "clocks[0].stages[0].limit", ""),
        ("starts_at: awareness", "starts_at: hunch", "clocks[0].stages[0].starts_at", "not one of the stamps"),
        ("regime: gdpr", "regime: gdpr2", "clocks[5].regime", "not one of the regimes"),
        ("contested: chapter-iii", "contested: rumour", "clocks[0].contested", "not one of the disputes"),
        ("contested: chapter-iii", "contested: true", "clocks[0].contested", ""),
        ("zone: Europe/Brussels", "zone: Europe/Brusells", "clocks[0].zone", "no time zone is called"),
        ("holidays: BE", "holidays: XX", "clocks[0].holidays", "no public holidays are known"),
        ("amount: 15", "amount: 0", "clocks[0].stages[0].limit", ""),
        ("amount: 15", 'amount: "15"', "clocks[0].stages[0].limit", ""),
        ("enabled: true", "enabled: 1", "clocks[0].enabled", ""),
        ("harm_class: H1}", "harm_class: H11}", "clocks[0].applies_when[0].harm_class", ""),
        ("{harm_class: H1}", "{}", "clocks[0].applies_when[0]", "needs a harm_class or an answer"),
        ('73(2)", mark: primary', '73(2)", mark: hearsay', "clocks[0].source.mark", ""),
        (
            "    trigger: A serious incident (Art. 3(49)) with",
            "    tigger: A serious",
            "clocks[0].tigger",
            "not a known key",
        ),
        ("notice: Not legal advice.", "notice: Trust us.", "notice", ""),
        ("wall: {starts_at: awareness", "wall: {starts_at: hunch", "clocks[7].stages[0].wall.starts_at", "stamps"),
        ("applies_from: 2026-08-02", "applies_from: 2026-13-02", "clocks[0].applies_from", ""),
    ],
)
def test_a_broken_file_is_refused_with_file_line_key_and_reason(
    edited: Callable[[str, str], Path], old: str, new: str, key: str, reason: str
) -> None:
    path = edited(old, new)
    with pytest.raises(ContentError) as refused:
        load_clocks(path)

    faults = refused.value.faults
    shipped = SHIPPED.read_text(encoding="utf-8")
    line = shipped[: shipped.index(old)].count("\n") + 1
    assert any(
        fault.file == "clocks.yaml" and fault.line == line and fault.key.startswith(key) and reason in fault.reason
        for fault in faults
    ), str(refused.value)


def test_a_clock_whose_every_first_report_is_narrowed_is_refused(edited: Callable[[str, str], Path]) -> None:
    path = edited(
        "title: Notification, step: initial, starts_at: awareness,",
        "title: Notification, step: initial, starts_at: awareness, applies_when: [{harm_class: H4}],",
    )
    with pytest.raises(ContentError, match="needs an initial stage without applies_when"):
        load_clocks(path)
