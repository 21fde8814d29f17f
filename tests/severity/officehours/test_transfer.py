"""What was tuned on our handbook holds on another organisation's, in another style; with and without the extra."""

import pytest

from severity.officehours.corpus import Corpus
from severity.officehours.search import Index
from severity.officehours.semantic import load_meaning
from tests.benchmarks.bench_officehours import DATA, ask_all, figures, questions, source_of


@pytest.fixture(scope="module")
def third():
    corpus = Corpus([DATA / "third"])
    assert not corpus.faults
    return corpus.sections


@pytest.mark.parametrize(("semantic", "recall", "served"), [(False, 0.88, 0.85), (True, 0.95, 0.9)])
def test_another_organisations_questions_find_their_sections_and_near_misses_stay_unanswered(
    third, semantic, recall, served
):
    meaning = load_meaning() if semantic else None
    if semantic and meaning is None:
        pytest.skip("the semantic extra is not installed")
    found = figures(ask_all(questions(DATA / "third.jsonl"), Index(third, meaning=meaning)), source_of(third))
    assert found["recall@5"] >= recall
    assert found["served (answered or unsure, right section shown)"] >= served
    assert found["unanswerable, not answered"] >= 0.85
    assert found["quotes verbatim"] == 1
