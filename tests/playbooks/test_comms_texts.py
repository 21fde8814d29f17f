"""Which texts fit an incident, and what is pointed out in a draft."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from incidents.errors import NotFound
from playbooks.comms import Facts, cautions, find, moment, render, templates_for
from playbooks.library import load_library

LIBRARY = load_library()


def keys(*classes: str, severity: str = "SEV1", private: bool = False, clocks: bool = False) -> list[str]:
    facts = Facts(classes, severity, private, clocks)
    return [template.key for template in templates_for(LIBRARY, facts)]


def test_colleagues_come_first() -> None:
    assert keys("H4") == ["H4:internal-update", "H4:status-page", "H4:customer-notice", "H4:regulator-note"]


def test_an_authority_comes_second_where_a_clock_may_run() -> None:
    assert keys("H4", clocks=True)[1] == "H4:regulator-note"


def test_the_people_concerned_come_before_the_public_in_a_mild_incident() -> None:
    assert keys("H6", severity="SEV3")[1] == "H6:customer-notice"


def test_a_private_incident_gets_no_status_page() -> None:
    assert not any("status-page" in key for key in keys("H1", private=True))


def test_several_harms_give_each_kind_of_text_in_each_harms_words() -> None:
    assert keys("H4", "H5")[:2] == ["H4:internal-update", "H5:internal-update"]
    assert len(keys("H4", "H5", "H4")) == 8


def test_an_unclassified_incident_gets_the_neutral_words() -> None:
    assert {key.split(":")[0] for key in keys()} == {"H10"}


@pytest.mark.parametrize("key", ["", "H4", "H4:letter", "H11:status-page", "H4:status-page:x", "../../etc"])
def test_a_key_that_names_no_text_is_refused(key: str) -> None:
    with pytest.raises(NotFound, match="not in the playbooks any more"):
        find(LIBRARY, key)


def test_what_the_record_holds_is_never_run_as_a_template() -> None:
    record = {"system": {"name": "{{ 7 * 7 }}{% include 'state.j2' %}"}}
    assert "{{ 7 * 7 }}{% include 'state.j2' %}" in render(find(LIBRARY, "H4:status-page"), record).text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("open", "It may still be going on"),
        ("mitigated", "brought under control at 2026-11-21 09:00 UTC; we are checking"),
        ("resolved", "and checked since"),
    ],
)
def test_a_text_says_where_the_incident_stands(status: str, said: str) -> None:
    record = {"incident": {"status": status, "mitigated_at": "2026-11-21 09:00 UTC"}}
    assert said in render(find(LIBRARY, "H9:status-page"), record).text


def test_blanks_are_listed_in_the_order_of_the_text() -> None:
    draft = render(find(LIBRARY, "H6:status-page"), {"incident": {"status": "open"}})
    places = [draft.text.index(f"[{blank}]") for blank in draft.blanks]
    assert places == sorted(places)
    assert len(places) >= 4


def test_times_are_written_in_utc() -> None:
    summer = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 7, 1, 10, 5, tzinfo=summer)) == "2026-07-01 08:05 UTC"
    assert moment(datetime(2026, 7, 1, 10, 5, tzinfo=UTC)) == "2026-07-01 10:05 UTC"
    assert moment(None) == ""


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("It was OUR  FAULT.", "reads as an admission"),
        ("This will not\nhappen again.", "promises what nobody can know"),
        ("No personal data was exposed", "rarely known this early"),
        ("An isolated incident.", "plays it down"),
        ("The model hallucinated.", "is a label"),
        ("The outage was caused by a new model.", "names a cause"),
        ("This is not a breach.", "legal conclusion"),
        ("Write to reporter@example.org", "personal data or a secret (email)"),
    ],
)
def test_words_to_look_at_again_are_pointed_out(text: str, because: str) -> None:
    assert any(because in line for line in cautions(text)), cautions(text)


def test_words_inside_other_words_are_left_alone() -> None:
    assert cautions("Glitches aside, the defaults hold; shacked is a word.") == []
