"""The programme: what is due, what was never rehearsed, and when a trend may be said."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from playbooks import programme
from playbooks.programme import Held, Rated, System, load_rules
from severity.errors import ContentError

TODAY = date(2026, 11, 21)
RULES = load_rules()
RANKER = System("ranker", "Ranker", 0)
HELPER = System("helper", "Helper", 1)


def held(days_ago: int, **more: object) -> Held:
    values: dict[str, object] = {
        "number": f"EX-{1000 - days_ago}",
        "title": "A leak",
        "scenario": "leak",
        "on": TODAY - timedelta(days=days_ago),
        "tier": 0,
        "harm_classes": ("H4",),
        "system": "ranker",
        "players": (("U0ONE", "commander"),),
        "ratings": (Rated("Containment", "P", True),),
    }
    return Held(**{**values, **more})  # type: ignore[arg-type]


def test_a_system_is_due_so_many_days_after_its_last_exercise() -> None:
    ranker, helper = programme.due(RULES, [HELPER, RANKER], [held(100), held(30), held(50, system="helper")], TODAY)
    assert (ranker.system, ranker.by, ranker.overdue(TODAY)) == (RANKER, TODAY + timedelta(days=60), False)
    assert (helper.system, helper.by) == (HELPER, TODAY + timedelta(days=130))


def test_a_system_that_was_never_rehearsed_is_due_now_and_stands_first() -> None:
    found = programme.due(RULES, [RANKER, HELPER], [held(89)], TODAY)
    assert [(each.system.id, each.last, each.overdue(TODAY)) for each in found] == [
        ("helper", None, True),
        ("ranker", TODAY - timedelta(days=89), False),
    ]


def test_the_day_on_which_it_is_due_counts_as_overdue() -> None:
    assert [each.overdue(TODAY) for each in programme.due(RULES, [RANKER], [held(90)], TODAY)] == [True]


def test_a_system_without_a_tier_is_not_asked_for() -> None:
    assert programme.due(RULES, [System("new", "New", None)], [], TODAY) == []


def test_a_harm_class_is_a_gap_where_no_team_of_the_tier_rehearsed_it() -> None:
    gaps = programme.class_gaps(RULES, [RANKER], [held(180), held(10, harm_classes=("H5",), tier=1)], {}, TODAY)
    assert [gap.harm_class for gap in gaps] == ["H1", "H2", "H3", "H5", "H6", "H7", "H8", "H9", "H10"]
    assert {gap.tier for gap in gaps} == {0}


def test_a_gap_says_when_it_was_last_and_which_scenario_would_close_it() -> None:
    gaps = programme.class_gaps(RULES, [RANKER], [held(181)], {"b": ("H4",), "a": ("H4", "H5"), "c": ("H1",)}, TODAY)
    gap = next(each for each in gaps if each.harm_class == "H4")
    assert (gap.last, gap.days, gap.scenarios) == (TODAY - timedelta(days=181), 180, ("a", "b"))


def test_one_person_alone_rehearses_no_team_but_has_practised() -> None:
    alone = held(1, solo=True)
    assert programme.due(RULES, [RANKER], [alone], TODAY)[0].last is None
    assert any(gap.harm_class == "H4" for gap in programme.class_gaps(RULES, [RANKER], [alone], {}, TODAY))
    assert programme.class_trends([alone]) == []
    assert programme.person_gaps(RULES, ["U0ONE"], [alone], TODAY) == []


def test_responders_who_never_played_stand_before_those_who_did_long_ago() -> None:
    gaps = programme.person_gaps(RULES, ["U0ONE", "U0TWO", "U0TWO"], [held(366)], TODAY)
    assert [(gap.user, gap.last) for gap in gaps] == [("U0TWO", None), ("U0ONE", TODAY - timedelta(days=366))]


def test_practice_is_counted_by_person_class_and_role() -> None:
    both = held(5, harm_classes=("H10", "H4"), players=(("U0ONE", "commander"), ("U0TWO", "scribe")))
    found = programme.practised([held(9), both])
    assert [(each.user, each.harm_class, each.role, each.times) for each in found] == [
        ("U0ONE", "H4", "commander", 2),
        ("U0ONE", "H10", "commander", 1),
        ("U0TWO", "H4", "scribe", 1),
        ("U0TWO", "H10", "scribe", 1),
    ]


@pytest.mark.parametrize(
    ("ratings", "says"),
    [
        ("UUUPPP", "too few to say"),
        ("UUUUPPPP", "better"),
        ("PPPPUUUU", "worse"),
        ("UUMMSSPU", "no clear change"),
        ("SSSSSSSS", "no clear change"),
        ("PUUUUPPPP", "better"),  # of an odd number the oldest is left out
    ],
)
def test_a_trend_is_said_only_where_it_cannot_well_be_chance(ratings: str, says: str) -> None:
    assert programme.direction([(letter,) for letter in ratings]) == says  # type: ignore[arg-type]


def test_a_trend_shows_each_exercise_and_counts_what_nobody_confirmed() -> None:
    rows = [held(9), held(2, ratings=(Rated("Containment", "M", False), Rated("Evidence", "S", True)))]
    trend = programme.class_trends(rows)[0]
    assert (trend.of, [ratings for _, _, ratings in trend.ratings], trend.unconfirmed) == (
        "H4",
        [("P",), ("M", "S")],
        1,
    )
    assert [each.of for each in programme.capability_trends(rows)] == ["Containment", "Evidence"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("tier: 1,", "tier: 0,"), "the tiers stand once each"),
        (("tier: 1, every_days: 180", "tier: 1, every_days: 30"), "more often than tier 0"),
        (("zone: UTC", "zone: Mars/Base"), "is not a time zone"),
    ],
)
def test_a_programme_that_makes_no_sense_is_refused_with_its_line(
    change: tuple[str, str], line: str, tmp_path: Path
) -> None:
    text = programme.SHIPPED.read_text(encoding="utf-8").replace(*change)
    (tmp_path / "programme.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=line) as refused:
        load_rules(tmp_path / "programme.yaml")
    assert "programme.yaml:" in str(refused.value)
