"""Forms of authorities: filled from a record, gaps named, hostile text kept as text."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severity.errors import ContentError
from severity.forms import SHIPPED, UnfitValue, load_forms

FORMS = load_forms()
RECORD = {
    "title": "Assistant showed another customer's address",
    "summary": "For two hours the assistant quoted orders of other customers.",
    "ai_role": "caused",
    "submitter": "Privacy lead, deployer",
    "evidence": ["log export", "screenshot"],
    "oecd_severity": "incident",
    "harm_types": ["privacy"],
}


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str], Path]:
    def edit(old: str, new: str) -> Path:
        text = SHIPPED.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "forms.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return edit


def test_the_oecd_form_has_29_criteria_of_which_7_are_mandatory() -> None:
    asks = FORMS.forms["oecd"].asks

    assert [ask.id for ask in asks] == [str(n) for n in range(1, 30)]
    assert {ask.key for ask in asks if ask.mandatory} == set(RECORD)


def test_what_we_know_from_a_single_account_is_marked_as_unverified() -> None:
    assert {ask.id for ask in FORMS.forms["oecd"].asks if ask.mark == "unverified"} == {"6", "9", "13", "24", "28"}
    assert "known from a single account" in FORMS.fill("oecd", {}).as_markdown()


def test_a_record_with_the_seven_mandatory_answers_has_no_mandatory_gap() -> None:
    filled = FORMS.fill("oecd", RECORD)

    assert filled.mandatory_gaps == ()
    assert len(filled.gaps) == 22
    assert filled.fields[6].value == ["log export", "screenshot"]


def test_an_empty_record_names_every_question_as_a_gap() -> None:
    for name, form in FORMS.forms.items():
        filled = FORMS.fill(name, {})

        assert [gap.id for gap in filled.gaps] == [ask.id for ask in form.asks]
        assert all(field.value is None for field in filled.fields)
        assert filled.as_markdown().count("> GAP: the record has no answer") == len(form.asks)


@pytest.mark.parametrize("nothing", [None, "", "  \n ", [], ["", None]])
def test_an_empty_value_is_a_gap(nothing: object) -> None:
    assert "1" in {gap.id for gap in FORMS.fill("oecd", {"title": nothing}).gaps}


def test_no_and_zero_are_answers() -> None:
    filled = FORMS.fill("aia-73", {"still_going_on": False, "affected_count": 0})
    values = {field.id: field.value for field in filled.fields}

    assert values["still-going-on"] == "no"
    assert values["affected-count"] == "0"


def test_our_own_severity_is_never_taken_for_the_oecds() -> None:
    filled = FORMS.fill("oecd", RECORD | {"oecd_severity": "SEV1"})

    assert [gap.why for gap in filled.mandatory_gaps] == [
        "“SEV1” is not one of: hazard, serious hazard, incident, serious incident, disaster"
    ]


def test_json_and_markdown_carry_notice_source_and_gaps() -> None:
    filled = FORMS.fill("aia-73", {"title": "x", "occurred_at": datetime(2026, 11, 21, 9, tzinfo=UTC)})
    data = json.loads(filled.as_json())

    assert data["notice"].startswith("Not legal advice") and data["notice"] in filled.as_markdown()
    assert "Art. 73" in data["source"] and data["source"] in filled.as_markdown()
    assert {"id": "provider", "title": "Provider", "mandatory": True, "why": "the record has no answer"} in data["gaps"]
    assert "- Provider (mandatory): the record has no answer" in filled.as_markdown()
    assert next(each for each in data["fields"] if each["id"] == "occurred-at")["value"] == "2026-11-21T09:00:00+00:00"


def test_a_complete_record_has_no_gap() -> None:
    for name, form in FORMS.forms.items():
        record = {ask.key: ask.one_of[0] if ask.one_of else "known" for ask in form.asks}

        assert FORMS.fill(name, record).gaps == ()
        assert FORMS.fill(name, record).as_markdown().endswith("## Gaps\n\nNone.\n")


def test_hostile_text_stays_text_in_markdown() -> None:
    filled = FORMS.fill(
        "oecd", RECORD | {"title": "<img src=x> [click](http://evil.example) `x`\n# Heading\n- item\n1. one"}
    )
    text = filled.as_markdown()

    for line in (
        "> \\<img src=x\\> \\[click\\](http://evil.example) \\`x\\`",
        "> \\# Heading",
        "> \\- item",
        "> 1\\. one",
    ):
        assert line in text.splitlines()


@given(text=st.text(max_size=200))
def test_no_text_of_a_record_escapes_its_quotation(text: str) -> None:
    empty = FORMS.fill("oecd", {}).as_markdown().splitlines()
    filled = FORMS.fill("oecd", {"title": text}).as_markdown().splitlines()

    added = [line for line in filled if line not in empty]
    assert all(line.startswith(">") for line in added)
    assert json.loads(FORMS.fill("oecd", {"title": text}).as_json())["form"]


@pytest.mark.parametrize("value", [object(), {"a": 1}, [["nested"]], datetime(2026, 1, 1), b"bytes"])  # noqa: DTZ001
def test_a_value_no_form_can_show_is_refused_by_its_key(value: object) -> None:
    with pytest.raises(UnfitValue, match="'title'"):
        FORMS.fill("oecd", {"title": value})


def test_an_unknown_form_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(UnfitValue, match="oecd, aia-73"):
        FORMS.fill("tax", {})


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('{id: "2",', '{id: "1",', "forms.oecd.asks[1].id: '1' is already taken"),
        ("key: title,", "key: titel,", "forms.oecd.asks[0].key: 'titel' is not a key of the record"),
        ("  place: Where", "  weather: Rain\n  place: Where", "record.weather: no form asks for it"),
        ("mandatory: true", "mandatory: maybe", "forms.oecd.asks[0].mandatory"),
        ("mark: secondary}", "mark: sure}", "forms.oecd.asks[0].mark"),
        ("notice: Not legal advice.", "notice: Legal advice.", "notice"),
    ],
)
def test_a_broken_file_is_refused_with_key_and_reason(
    edited: Callable[[str, str], Path], old: str, new: str, fault: str
) -> None:
    with pytest.raises(ContentError) as refused:
        load_forms(edited(old, new))

    assert fault in str(refused.value)
    assert all(each.file == "forms.yaml" and each.line > 1 for each in refused.value.faults)
