"""How text from people becomes harmless, and how spans of time are said."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.views import blocks
from bot.views.blocks import clean, cut, cut_markup, duration, escape, person, plain, quote, spoken, when

ANY = st.text(max_size=400) | st.text("&<>;#ampltg \n`*_~@!|^:/\u202e\u200b\x00", max_size=400)
LIMITS = st.integers(min_value=1, max_value=120)
ENTITIES = re.compile(r"&(?!(amp|lt|gt);)|[<>]")
quick = settings(max_examples=200, deadline=None, derandomize=True)


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@quick
@given(text=ANY, limit=LIMITS)
@example(text="<!channel>", limit=5)
@example(text="&" * 50, limit=4)
def test_escaped_text_is_never_longer_than_its_limit_and_holds_no_markup(text: str, limit: int) -> None:
    escaped = escape(text, limit)
    assert len(escaped) <= limit
    assert not ENTITIES.search(escaped), "no bare control character, no half of an entity"


@quick
@given(text=ANY)
def test_escaping_is_undone_once_by_slack_and_not_twice(text: str) -> None:
    assert _decoded(escape(text, 10_000)) == clean(text)


def test_what_came_escaped_is_shown_as_it_came() -> None:
    assert escape("&lt;!channel&gt; &amp;lt;") == "&amp;lt;!channel&amp;gt; &amp;amp;lt;"


@quick
@given(text=ANY)
def test_cleaned_text_has_no_control_direction_or_invisible_character(text: str) -> None:
    for character in clean(text):
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
        assert character not in "\u200b\u200c\u200e\u200f\u061c\u2060\ufeff\u180e\u00ad"
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("text", ["Größe 😀 日本語 עברית", "a\n\tb", "👩‍🚒", "50 % & 3 < 4"])
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


@quick
@given(text=ANY, limit=LIMITS)
def test_every_line_of_a_quotation_is_quoted_and_it_fits(text: str, limit: int) -> None:
    quoted = quote(text, limit)
    assert len(quoted) <= max(limit, 2)
    assert all(line.startswith(">") or line == "…" for line in quoted.split("\n"))
    assert not ENTITIES.search(re.sub(r"(?m)^>", "", quoted))


@quick
@given(text=ANY, limit=LIMITS)
def test_a_cut_is_marked_and_fits(text: str, limit: int) -> None:
    shorter = cut(text, limit)
    assert len(shorter) <= limit
    assert shorter == text or shorter.endswith("…")


@quick
@given(before=st.text("ab &;", max_size=30), limit=LIMITS)
def test_markup_is_cut_before_a_mention_a_date_or_an_entity_never_inside(before: str, limit: int) -> None:
    text = f"{escape(before)}<@U0ONCALL01> &amp; {when(datetime(2026, 1, 1, tzinfo=UTC))} end"
    shorter = cut_markup(text, limit)
    assert len(shorter) <= limit
    assert shorter.count("<") == shorter.count(">")
    assert not re.search(r"&(?!(amp|lt|gt);)", shorter)


def test_our_words_mention_people_and_quote_everything_else_literally() -> None:
    said = spoken("<@U0ONCALL01> was first: <!channel> <@here> <https://evil.invalid|x> & <@U0>.")
    assert said == (
        "<@U0ONCALL01> was first: &lt;!channel&gt; &lt;@here&gt; &lt;https://evil.invalid|x&gt; &amp; &lt;@U0&gt;."
    )


@pytest.mark.parametrize("user", ["<!channel>", "here", "U0|x", "", "U0ONCALL01>", "u0oncall01", "S0RESPOND1"])
def test_only_a_persons_id_becomes_a_mention(user: str) -> None:
    assert "<" not in person(user)


def test_a_plain_text_is_never_empty_and_never_too_long() -> None:
    assert plain("")["text"] == " "
    assert plain("\u200b\u202e")["text"] == " "
    assert len(plain("x" * 5000, 75)["text"]) == 75


def test_mrkdwn_makes_no_links_of_its_own() -> None:
    assert blocks.mrkdwn("see https://evil.invalid")["verbatim"] is True


def test_a_time_is_the_readers_with_utc_for_those_without() -> None:
    moment = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
    assert when(moment) == "<!date^1795230245^{date_short_pretty} {time}|2026-11-21 03:04 UTC>"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=45, milliseconds=900), "45 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h 00 min"),
        (timedelta(hours=2, minutes=5), "2 h 05 min"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=3, hours=4, minutes=50), "3 d 4 h"),
        (timedelta(days=400), "400 d"),
        (timedelta(seconds=-90), "-1 min"),
    ],
)
def test_a_span_of_time_is_said_in_two_units_at_most(span: timedelta, said: str) -> None:
    assert duration(span) == said
