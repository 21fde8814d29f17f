"""A quote is the report's own words, whole, with the "no" that belongs to them; never something like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severity.quotes import verbatim

REPORT = (
    "The assistant showed 12 other customers’ home addresses — again. No card numbers were leaked. "
    'It said "call 030" and cost 1,200 euros.\nThe on‑call engineer was   not paged.'
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("12 other customers’ home addresses", "12 other customers’ home addresses"),
        ("12 other customers' home addresses", "12 other customers’ home addresses"),
        ("THE ASSISTANT SHOWED", "The assistant showed"),
        ("No card numbers were leaked", "No card numbers were leaked"),
        ("The on-call engineer was not paged", "The on‑call engineer was   not paged"),
        ("it said ‘call 030’", 'It said "call 030"'),
        ("home addresses - again", "home addresses — again"),
    ],
)
def test_words_of_the_report_are_found_across_case_spaces_quotes_and_dashes(quote: str, found: str) -> None:
    assert verbatim(quote, REPORT) == found


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "the",
        "13 other customers’ home addresses",  # another number
        "2 other customers’ home addresses",  # a part of a number
        "cost 1,20",
        "200 euros",
        "card numbers were leaked",  # the negation left out
        "engineer was paged",  # the negation cut from the middle
        "was not paged at all",
        "showed other customers’ home addresses",  # a word left out
        "home adresses",  # nearly
        "ssistant showed",  # a part of a word
        "The assistant showed … addresses",
    ],
)
def test_abuse_23_an_invented_or_altered_quote_is_none(quote: str) -> None:
    assert verbatim(quote, REPORT) is None


def test_the_first_place_that_says_it_without_a_no_counts() -> None:
    text = "Nobody thinks that data was leaked. But customer data was leaked."
    assert verbatim("data was leaked", text) == "data was leaked"
    assert verbatim("data was leaked", "Nobody thinks that data was leaked.") is None


@given(st.text(max_size=60), st.text(max_size=200))
def test_whatever_is_found_stands_in_the_report(quote: str, text: str) -> None:
    found = verbatim(quote, text)
    assert found is None or found in text


@given(st.text(alphabet="abc 1,.'’-—\n", min_size=1, max_size=12), st.text(alphabet="abc 1,.'’-—\n", max_size=60))
def test_a_found_quote_differs_only_in_case_spaces_quotes_and_dashes(quote: str, text: str) -> None:
    found = verbatim(quote, text)
    if found is not None:

        def bare(words: str) -> str:
            return "".join(words.replace("’", "'").replace("—", "-").lower().split())

        assert bare(found) == bare(quote)
