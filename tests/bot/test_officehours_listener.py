"""Which messages are questions for the bot, and as what they are saved."""

from typing import Any

import pytest

from bot.acts.officehours import _ASKS, _COURTESY, _THANKS
from bot.listeners.officehours import mentioned, question_text, said

BOT, ROOM = "U0RAIBOT01", frozenset({"C0OFFICEH1"})
BODY = {"team_id": "T1"}


def _event(text: str = "Which tier?", **more: Any) -> dict[str, Any]:
    return {"user": "U1", "channel": "C0OFFICEH1", "channel_type": "channel", "ts": "1.1", "text": text, **more}


def test_a_message_in_an_office_hours_channel_is_a_question_in_a_thread_of_its_own() -> None:
    item = said(_event(), BODY, BOT, ROOM)
    assert item is not None and item.kind == "ask" and (item.user, item.team_id) == ("U1", "T1")
    assert item.payload["place"] == "channel" and item.payload["thread_ts"] == "1.1"
    assert item.payload["asked"] is False, "nobody asked us: we answer questions only"


@pytest.mark.parametrize(
    "more",
    [
        {"channel": "C0SUPPORT1"},  # another channel is for people
        {"thread_ts": "0.9"},  # a reply: quiet, unless mentioned
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"user": None},
        {"text": " <@U2> "},
    ],
)
def test_what_is_not_for_us_is_let_go_unsaved(more: dict[str, Any]) -> None:
    assert said(_event(**more), BODY, BOT, ROOM) is None


def test_a_direct_message_is_always_a_question_and_keeps_the_panes_thread() -> None:
    pane = said(_event(channel="D1", channel_type="im", thread_ts="0.9"), BODY, BOT, ROOM)
    flat = said(_event(channel="D1", channel_type="im"), BODY, BOT, ROOM)
    assert pane is not None and (pane.payload["thread"], pane.payload["loose"]) == ("D1:0.9", False)
    assert flat is not None and (flat.payload["thread"], flat.payload["loose"]) == ("D1:", True)


def test_a_message_and_its_mention_are_one_item() -> None:
    event = _event(f"<@{BOT}> which tier?")
    first, second = said(event, BODY, BOT, ROOM), mentioned(event, BODY, BOT, ROOM)
    assert first == second and first is not None and first.payload["asked"] is True


def test_a_mention_elsewhere_is_answered_to_the_asker_alone() -> None:
    item = mentioned(_event(f"<@{BOT}> which tier?", channel="C0SUPPORT1", thread_ts="0.9"), BODY, BOT, ROOM)
    assert item is not None and item.payload["place"] == "mention" and item.payload["thread_ts"] == "0.9"


def test_abuse_15_a_person_of_another_organisation_is_saved_as_one() -> None:
    item = said(_event(user_team="T9"), BODY, BOT, ROOM)
    assert item is not None and item.team_id == "T9"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@U0RAIBOT01> which tier &amp; why?", "which tier & why?"),
        ("see <https://x.example/a|the page> and <#C1|general> <!channel>", "see the page and general"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("call +49 170 1234567 or a.b@mail.example", "call (phone removed) or (email removed)"),
        ("  a\n\n b  ", "a b"),
    ],
)
def test_a_question_is_its_words_without_markup_and_personal_data(text: str, words: str) -> None:
    assert question_text(text) == words


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Which tier do we need", True),
        ("we ship on Monday, is that fine?", True),
        ("May I use it", True),
        ("thanks, that helped", False),
        ("Meeting moved to three", False),
        ("Maya has the file", False),
    ],
)
def test_talk_is_told_from_questions(text: str, asks: bool) -> None:
    assert bool(_ASKS.search(text)) is asks


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Thank you so much!", "thanks"),
        ("ok, got it", "thanks"),
        ("hello", "greeting"),
        ("👋", "greeting"),
        ("", "greeting"),
        ("ok to ship?", "question"),
        ("help!", "question"),
        ("hi, which tier do we need?", "question"),
        ("tier", "question"),
        ("Is that good?", "question"),
    ],
)
def test_thanks_and_greetings_are_told_from_questions(text: str, kind: str) -> None:
    found = "thanks" if _THANKS.fullmatch(text) else "greeting" if _COURTESY.fullmatch(text) else "question"
    assert found == kind
