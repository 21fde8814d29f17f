"""`rai-incident ask gaps`: what the handbook lacks, for people and for programs."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from botkit import in_process

from incidents import questions
from incidents.clock import now
from incidents.db import make_engine, upgrade, writing
from incidents.questions import Question


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A record with a week's questions, and a handbook with one fresh and one old page."""
    url = f"sqlite:///{tmp_path / 'record.db'}"
    upgrade(url)
    engine = make_engine(url)
    asked = [
        ("May we use synthetic voices in support calls?", "abstained", 1),
        ("Are synthetic voices allowed in support calls?", "abstained", 2),
        ("How long does a waiver last?", "answered", 3),
        ("Who owns the canteen robot?", "abstained", 30),
    ]
    with writing(engine) as session:
        for text, verdict, days in asked:
            row = Question(
                key=text,
                team_id="T1",
                user="U1",
                place="direct",
                channel="D1",
                thread="D1:",
                text=text,
                verdict=verdict,
                answer={},
                context={},
                asked_at=now() - timedelta(days=days),
            )
            session.add(row)
            session.flush()
            if verdict == "answered":
                questions.rate(session, row, "U1", "wrong")
    engine.dispose()
    handbook = tmp_path / "handbook"
    handbook.mkdir()
    (handbook / "fresh.md").write_text(f"---\nreviewed: {now():%Y-%m-%d}\n---\n# Fresh\n\nx\n", encoding="utf-8")
    (handbook / "old.md").write_text("---\nowner: Policy\nreviewed: 2020-01-01\n---\n# Old\n\nx\n", encoding="utf-8")
    return {"DATABASE_URL": url, "HANDBOOK_DIRS": str(handbook)}


async def test_like_questions_are_one_gap_and_old_pages_are_named(environment: dict[str, str]) -> None:
    code, out, _ = await in_process(environment, "ask", "gaps", "--json")
    found = json.loads(out)
    assert code == 0 and found["asked"] == 3
    assert [(gap["count"], len(gap["questions"])) for gap in found["unanswered"]] == [(2, 2)]
    assert [gap["questions"] for gap in found["wrong"]] == [["How long does a waiver last?"]]
    assert [(page["file"], page["owner"]) for page in found["stale"]] == [("old.md", "Policy")]


async def test_the_window_is_a_span_or_a_date(environment: dict[str, str]) -> None:
    _, out, _ = await in_process(environment, "ask", "gaps", "--since", "5w")
    assert "canteen robot" in out and "2 × " in out and "old.md (Policy, reviewed 2020-01-01)" in out
    _, out, _ = await in_process(environment, "ask", "gaps", "--since", f"{now():%Y-%m-%d}")
    assert out.startswith("0 questions since")
    code, _, errors = await in_process(environment, "ask", "gaps", "--since", "lately")
    assert code == 2 and errors.startswith("rai-incident: --since 'lately' is no span")
