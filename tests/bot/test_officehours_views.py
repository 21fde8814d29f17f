"""What an answer says in each of its bands, and what it offers."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from bot.views.officehours import AnswerFacts, Duty, Quoted, answer_message
from bot.views.tier import SystemFacts
from sandbox.story.fields import words_of

SECTION = Quoted("a.md#waivers", "Waivers", date(2026, 10, 1), ("A waiver lasts nine days.",))
DUTY = Duty(False, datetime(2026, 11, 24, 13, tzinfo=UTC), datetime(2026, 11, 24, 14, tzinfo=UTC), ("U0RAILEAD1",))
ANSWERED = AnswerFacts(7, "answered", (SECTION,), (), None, (), False, (), DUTY, False)
SYSTEM = SystemFacts("bot", "Shop bot", "U0RAILEAD1", 1, date(2026, 1, 1), "U0PRIVACY1", date(2027, 1, 1), False, ())


def _said(facts: AnswerFacts) -> str:
    message = answer_message(facts)
    return words_of({"text": message.text, "blocks": message.blocks, "files": []})


def _pressed(facts: AnswerFacts, *, plain: bool = False) -> list[str]:
    message = answer_message(facts)
    blocks: Any = message.plain if plain else message.blocks
    return [each["action_id"] for block in blocks for each in block.get("elements", []) if "action_id" in each]


def test_an_answer_is_the_quote_with_its_place_title_and_review_date() -> None:
    said = _said(ANSWERED)
    assert "> A waiver lasts nine days." in said
    assert "*Waivers* · `a.md#waivers` · reviewed 2026-10-01" in said
    assert _pressed(ANSWERED) == ["ask_human", "answer_feedback"]


def test_where_feedback_buttons_are_refused_ordinary_ones_take_their_place() -> None:
    assert _pressed(ANSWERED, plain=True) == ["ask_human", "answer_helpful", "answer_wrong"]


def test_not_sure_shows_the_three_closest_sections_and_claims_nothing() -> None:
    closest = tuple(replace(SECTION, address=f"{n}.md#x") for n in range(5))
    said = _said(replace(ANSWERED, verdict="unsure", sections=closest, offers=("human",)))
    assert "Not sure." in said and "`2.md#x`" in said and "`3.md#x`" not in said


def test_without_an_answer_the_next_office_hours_are_named() -> None:
    said = _said(replace(ANSWERED, verdict="abstained", sections=(), offers=("human",)))
    assert "The handbook does not answer this." in said
    assert "Next office hours: <!date^" in said and "<@U0RAILEAD1>" in said


def test_what_sounds_live_is_said_first_and_declaring_is_the_first_button() -> None:
    live = replace(ANSWERED, verdict="unsure", offers=("declare", "human"))
    assert _said(live).startswith("⚠️ *This sounds as if it is happening now.*")
    assert _pressed(live)[0] == "question_declare"


def test_a_systems_tier_is_the_decision_with_its_name_and_date_and_no_quote() -> None:
    said = _said(replace(ANSWERED, offers=("tier",), own_tier=True, named=(SYSTEM,)))
    assert "Shop bot: *tier 1*, decided 2026-01-01 by <@U0PRIVACY1>. Validate again by 2027-01-01." in said
    assert "nine days" not in said
    undecided = replace(ANSWERED, own_tier=True, named=(replace(SYSTEM, tier=None),))
    assert "no tier decided yet" in _said(undecided)
    assert "made by walking the tier questions" in _said(replace(ANSWERED, own_tier=True))


def test_a_rewording_is_marked_and_the_quotes_stay_beneath_it() -> None:
    said = _said(replace(ANSWERED, rewording="Nine days."))
    assert said.index("Nine days.") < said.index("Reworded by a language model") < said.index("> A waiver")


def test_a_rule_in_force_says_so_instead_of_a_review_date() -> None:
    rule = Quoted("rendered/policy.md#floors", "Floors", None, ("The floor is SEV1.",))
    assert "`rendered/policy.md#floors` · the rule in force now" in _said(replace(ANSWERED, sections=(rule,)))
    page = replace(SECTION, reviewed=None)
    assert "review date not stated" in _said(replace(ANSWERED, sections=(page,)))
