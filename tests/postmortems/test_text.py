"""How the record's text is written in a draft: dead addresses, escapes that can be undone, exact times."""

from datetime import timedelta

from postmortems.text import duration, escape, plain, shorten, unescape


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
