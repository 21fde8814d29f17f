"""The small detector: what has a shape is found, what only looks like it is left."""

from datetime import timedelta

import pytest

from postmortems.personal import find, redact
from postmortems.text import duration, escape, plain, shorten, unescape


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to a.b+c@mail.example now", "email"),
        ("card 4111 1111 1111 1111.", "card"),
        ("card 5500-0000-0000-0004", "card"),
        ("IBAN DE89 3704 0044 0532 0130 00 please pay", "iban"),
        ("gb82west12345698765432", "iban"),
        ("call +49 30 901820", "phone"),
        ("call (415) 555-0132", "phone"),
        ("call 030 901 8200", "phone"),
        ("token xoxb-123456789012-abcdef", "secret"),
    ],
)
def test_personal_data_is_found_and_removed(text: str, kind: str) -> None:
    assert [hit.kind for hit in find(text)] == [kind]
    assert f"({kind} removed)" in redact(text)
    assert find(redact(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 08:41:07 UTC and 2026-11-21T08:41:07+00:00",
        "order 1234567890123",
        "card 4111 1111 1111 1112",
        "DE88370400440532013000",
        "version 1.2.3, 15 of 20 requests, INC-12, 0.5",
        "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12",
    ],
)
def test_what_fails_its_check_digit_or_is_a_date_is_left(text: str) -> None:
    assert redact(text) == text


def test_invisible_characters_do_not_hide_personal_data() -> None:
    assert plain("a.b\u200b@mail.exa\u00admple") == "(email removed)"


def test_an_address_is_readable_but_dead() -> None:
    assert plain("see https://evil.example/a?b=1") == "see hxxps://evil[.]example/a?b=1"


def test_escaping_can_be_undone_and_decodes_once() -> None:
    for text in ("&lt;!channel&gt;", r"a\[b] *c* _d_ | ~e~ $f$ <g> & h", "\\\\"):
        assert unescape(escape(text)) == text


def test_a_length_of_time_is_exact() -> None:
    assert duration(timedelta(days=1, hours=2)) == "1 d 2 h"
    assert duration(timedelta(seconds=3753)) == "1 h 2 min 33 s"
    assert duration(timedelta(0)) == "0 s"


def test_a_long_text_is_cut_at_a_word() -> None:
    assert shorten("one two three four", 12) == "one two…"
    assert len(shorten("x" * 900, 100)) == 101
