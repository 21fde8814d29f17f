"""What a draft says about a proposal nobody confirmed, break glass nobody reviewed, and replayed prompts."""

from sqlalchemy.orm import Session
from storykit import APPROVER, COMMANDER

from incidents import timeline
from incidents.models import Incident
from postmortems.check import check
from postmortems.draft import draft
from postmortems.record import gather


def test_a_proposed_mitigation_is_provisional_until_a_person_confirms_it(session: Session, story: Incident) -> None:
    body = draft(gather(session, story)).body
    row = next(line for line in body.splitlines() if line.startswith("| mitigated"))
    assert "proposed and not confirmed by a person: provisional" in row


def test_a_use_of_break_glass_is_open_until_another_person_has_reviewed_it(session: Session, story: Incident) -> None:
    data = {"break_glass": 7, "plan": 1, "what": "used"}
    timeline.append(session, story.id, "break_glass", COMMANDER, "Break glass used: nobody answered", data=data)
    record = gather(session, story)
    body = draft(record).body
    assert "“Break glass used: nobody answered” by the commander [T18]" in body
    assert "Open: nobody else has reviewed this use of break glass [T18]" in body
    assert check(body, record) == []
    data = {"break_glass": 7, "plan": 1, "what": "reviewed", "verdict": "justified"}
    timeline.append(session, story.id, "break_glass", APPROVER, "Use of break glass reviewed: justified", data=data)
    body = draft(gather(session, story)).body
    assert "reviewed: justified” by" in body
    assert "nobody else has reviewed" not in body


def test_replayed_prompts_stand_below_containment_with_their_outcome(session: Session, story: Incident) -> None:
    prompt = {"number": 1, "prompt": "Where is my order?"}
    timeline.append(
        session, story.id, "failing_prompt", COMMANDER, "Failing prompt 1 kept: Where is my order?", data=prompt
    )
    results = {"phase": "after", "results": [{"prompt": 1, "reply": "Which order?", "harmful": False, "trouble": ""}]}
    words = "Replayed 1 failing prompt after containment: 0 harmful by the system's own word"
    timeline.append(session, story.id, "replay", "rollback", words, data=results)
    record = gather(session, story)
    body = draft(record).body
    assert f"- “{words}” [T19]" in body
    assert "“Failing prompt 1 kept: Where is my order?” [T18]" in body
    assert check(body, record) == []
