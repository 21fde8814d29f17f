"""Rollbacks as people meet them, and abuse cases 6 to 14 and 45 by their presses, over signed HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from botkit import COMMS, LEAD, ONCALL, PRIVACY, SUPPORT, Scene, interaction, staged

from incidents import clock
from incidents.db import writing
from incidents.models import Incident, Milestone, TimelineEntry
from runbooks.models import BreakGlass, RollbackApproval, RollbackExecution, RollbackPlan
from sandbox import inventory, payloads, people
from sandbox.story.fields import words_of
from sandbox.story.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
RUNBOOK = Path(__file__).parents[1] / "chaos" / "one-rollback.yaml"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A world with two more levers: a critical one, and one that the service does not take up."""
    home = tmp_path_factory.mktemp("world")
    (home / "config" / "runbooks").mkdir(parents=True)
    (home / "config" / "runbooks" / RUNBOOK.name).write_text(RUNBOOK.read_text())
    ordinary = inventory.support_assistant

    def with_more(*given: Any) -> dict[str, Any]:
        entry = ordinary(*given)
        lever = next(one for one in entry["rollback_targets"] if one["id"] == "model-version")
        entry["rollback_targets"] += [
            {**lever, "id": "critical-lever", "title": "Critical lever", "class": "critical"},
            {**lever, "id": "stuck-lever", "title": "Stuck lever", "verify_field": "prompt_version"},
        ]
        return entry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inventory, "support_assistant", with_more)
        async with staged(home, f"sqlite:///{home / 'record.db'}") as made:
            yield made


@dataclass
class Planned:
    """A plan that waits in its incident's channel."""

    scene: Scene
    number: str
    channel: str
    plan_id: int

    @property
    def incident_id(self) -> int:
        return int(self.number.removeprefix("INC-"))

    @property
    def row(self) -> RollbackPlan:
        [row] = self.scene.rows(RollbackPlan, RollbackPlan.id == self.plan_id)
        return row

    @property
    def incident(self) -> Incident:
        [row] = self.scene.rows(Incident, Incident.id == self.incident_id)
        return row

    @property
    def model(self) -> str:
        return str(json.loads(self.scene.world.flags_file.read_text())["flags"]["assistant-model"]["defaultVariant"])

    def refusals(self) -> list[tuple[str, str]]:
        where = (TimelineEntry.incident_id == self.incident_id, TimelineEntry.kind == "refusal")
        return [(row.actor, row.data["code"]) for row in self.scene.rows(TimelineEntry, *where)]

    def executions(self) -> list[RollbackExecution]:
        return self.scene.rows(RollbackExecution, RollbackExecution.plan_id == self.plan_id)

    def change(self, table: type[Any], row_id: int, **values: Any) -> None:
        with writing(self.scene.engine) as session:
            session.execute(sa.update(table).where(table.id == row_id).values(**values))

    async def ends(self, *states: str) -> RollbackPlan:
        return await until(lambda: self.row if self.row.state in states else None, f"{states}", lambda: self.row.state)


def running(scene: Scene, variant: str, **variants: str) -> None:
    """Somebody deploys: the flags file as another hand leaves it."""
    content = json.loads(scene.world.flags_file.read_text())
    flag = content["flags"]["assistant-model"]
    flag["variants"] |= variants
    flag["defaultVariant"] = variant
    scene.world.flags_file.write_text(json.dumps(content))


async def planned(scene: Scene, text: str, target: str = "model-version") -> Planned:
    running(scene, "v2")
    number, channel = await scene.declare(text)
    for who in (LEAD, PRIVACY):
        await scene.person(who).join(channel)
    oncall = scene.person(ONCALL)
    await oncall.press(channel, "contain_open")
    await oncall.submit({"runbook": "one-rollback"})
    await oncall.press(channel, "step_done")
    await oncall.press(channel, "rollback_open")
    await oncall.submit({"target": target})
    await oncall.sees(channel, "Rollback plan", "`v2` → `v1`")
    await scene.settled()
    [row] = scene.rows(RollbackPlan, RollbackPlan.incident_id == int(number[4:]))
    return Planned(scene, number, channel, row.id)


async def test_the_card_offers_a_rollback_without_a_runbook_where_the_system_has_a_lever(scene: Scene) -> None:
    running(scene, "v2")
    _, channel = await scene.declare("Straight from the card")
    oncall = scene.person(ONCALL)
    await oncall.press(channel, "levers_open")
    await oncall.submit({"target": "model-version"})
    await oncall.sees(channel, "Rollback plan", "`v2` → `v1`")
    _, elsewhere = await scene.declare("No system is named", system="not-listed")
    assert "contain_open" in scene.person(SUPPORT).buttons(elsewhere)
    assert "levers_open" not in scene.person(SUPPORT).buttons(elsewhere)


async def test_abuse_06_a_press_by_somebody_who_is_no_responder_is_denied_and_recorded(scene: Scene) -> None:
    one = await planned(scene, "case-06")
    heard = len(scene.whispers(SUPPORT))
    await scene.person(SUPPORT).press(one.channel, "rollback_approve")
    await scene.hears(SUPPORT, heard, "Only members of the responders' group may approve")
    await scene.settled()
    assert one.refusals() == [(SUPPORT, "not-a-responder")]
    assert one.row.state == "planned"
    assert "rollback_approve" in scene.person(LEAD).buttons(one.channel), "the button stays for who may"


async def test_abuse_07_the_requester_never_approves_by_no_press_and_no_account(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await planned(scene, "case-07")
    shared = scene.world.workspace.people[ONCALL].email
    own = people.Person.email.fget
    assert own is not None
    second = property(lambda person: shared.upper() if person.id == PRIVACY else own(person))
    monkeypatch.setattr(people.Person, "email", second)
    for who in (ONCALL, ONCALL, PRIVACY):
        heard = len(scene.whispers(who))
        await scene.person(who).press(one.channel, "rollback_approve")
        await scene.hears(who, heard, "another responder has to approve")
    await scene.settled()
    assert one.refusals() == [(ONCALL, "own-plan"), (ONCALL, "own-plan"), (PRIVACY, "own-plan")]
    assert (one.row.state, one.model) == ("planned", "v2")


async def test_abuse_08_an_approver_removed_before_the_execution_is_denied_at_the_execution(scene: Scene) -> None:
    one = await planned(scene, "case-08")
    group = scene.world.workspace.usergroups["S0RESPOND1"]
    members = list(group.users)
    scene.world.faults.set({"latency_ms": 400, "service": "slack"})
    try:
        await scene.person(LEAD).press(one.channel, "rollback_approve")
        await until(lambda: scene.rows(RollbackApproval, RollbackApproval.plan_id == one.plan_id), "the approval")
        group.users = [user for user in members if user != LEAD]
        await until(lambda: ("rollback", "approver-left") in one.refusals(), "the refusal", one.refusals)
    finally:
        group.users = members
        scene.world.faults.set({"latency_ms": 0, "service": "all"})
    await scene.person(ONCALL).sees(one.channel, f"<@{LEAD}> is not in the responders' group any more")
    assert (one.row.state, one.model, one.executions()) == ("planned", "v2", [])
    await scene.person(PRIVACY).press(one.channel, "rollback_approve")
    await one.ends("verified")
    assert (one.model, len(one.executions())) == ("v1", 1), "another responder's yes carries it out"


async def test_abuse_09_while_the_group_cannot_be_read_nobody_approves(scene: Scene) -> None:
    one = await planned(scene, "case-09")
    for fault in (
        {"error": {"service": "slack", "method": "usergroups.users.list", "status": 503}},
        {"rate_limit": {"method": "usergroups.users.list", "retry_after": 1, "times": 50}},
    ):
        scene.world.faults.set(fault)
        try:
            heard = len(scene.whispers(LEAD))
            await scene.person(LEAD).press(one.channel, "rollback_approve")
            await scene.hears(LEAD, heard, "could not be read")
        finally:
            scene.world.faults.set(dict.fromkeys(fault))
    await scene.settled()
    assert (one.row.state, one.refusals()) == ("planned", [(LEAD, "no-responders")] * 2)


async def test_abuse_10_a_yes_to_the_old_plan_is_none_to_the_new_one(scene: Scene) -> None:
    one = await planned(scene, "case-10")
    old = await scene.press_body(LEAD, one.channel, "rollback_approve")
    oncall = scene.person(ONCALL)
    running(scene, "v3", v3="v3")
    await oncall.press(one.channel, "rollback_open")
    await oncall.submit({"target": "model-version"})
    await oncall.sees(one.channel, "Rollback plan", "`v3` → `v1`")
    assert one.row.state == "void"
    forged = json.loads(json.dumps(old))
    [new] = scene.rows(RollbackPlan, RollbackPlan.incident_id == one.incident_id, RollbackPlan.id != one.plan_id)
    old_hash = old["actions"][0]["value"].split(":")[2]
    forged["actions"][0]["value"] = f"{one.incident_id}:{new.id}:{old_hash}"
    forged["trigger_id"] += "F"
    for payload, words in ((old, "This plan is void"), (forged, "not the plan you were shown")):
        heard = len(scene.whispers(LEAD))
        assert (await scene.post(interaction(payload))).status_code == 200
        await scene.hears(LEAD, heard, words)
    await scene.settled()
    assert scene.rows(RollbackApproval, RollbackApproval.plan_id.in_([one.plan_id, new.id])) == []
    assert one.model == "v3"


async def test_who_asked_reads_why_a_plan_was_rejected_and_why_one_is_void(scene: Scene) -> None:
    one = await planned(scene, "a rejection")
    oncall, lead = scene.person(ONCALL), scene.person(LEAD)
    shown = await lead.sees(one.channel, "Rollback plan", "`v2` → `v1`")
    await lead.press(one.channel, "rollback_reject_open", ts=shown["ts"])
    await lead.submit({"words": "v1 has <!channel> the same fault."})
    await oncall.sees(one.channel, f"<@{ONCALL}> — <@{LEAD}> rejected", "v1 has &lt;!channel&gt; the same fault.")
    again = await oncall.sees(one.channel, "*Rejected*", "*Why*", "the same fault")
    assert again["ts"] == shown["ts"]
    await oncall.press(one.channel, "rollback_replan")
    await oncall.sees(one.channel, "Rollback plan", "waits for another responder")
    await oncall.press(one.channel, "rollback_open")
    await oncall.submit({"target": "model-version"})
    await oncall.sees(one.channel, "*Void*", "*Why*", "a newer plan replaces it")


async def test_abuse_11_an_expired_plan_and_a_closed_incident_take_no_approval(scene: Scene) -> None:
    one = await planned(scene, "case-11")
    body = await scene.press_body(LEAD, one.channel, "rollback_approve")
    one.change(Incident, one.incident_id, status="closed")
    heard = len(scene.whispers(LEAD))
    assert (await scene.post(interaction(body))).status_code == 200
    await scene.hears(LEAD, heard, "is closed. Nothing was changed")
    two = await planned(scene, "case-11 expired")
    body = await scene.press_body(LEAD, two.channel, "rollback_approve")
    two.change(RollbackPlan, two.plan_id, expires_at=clock.now() - timedelta(seconds=1))
    heard = len(scene.whispers(LEAD))
    assert (await scene.post(interaction(body))).status_code == 200
    await scene.hears(LEAD, heard, "expired")
    await scene.settled()
    assert (one.row.state, two.row.state, two.model) == ("void", "void", "v2")


async def test_abuse_12_a_plans_button_or_form_edited_to_another_incident_is_refused(scene: Scene) -> None:
    mine, other = await planned(scene, "case-12 mine"), await planned(scene, "case-12 other")
    short = other.row.plan_hash[:16]
    for value in (
        f"{mine.incident_id}:{other.plan_id}:{short}",
        f"{other.incident_id}:{other.plan_id}:{short}",
        f"{mine.incident_id}:0:{short}",
        f"{mine.incident_id}:{mine.plan_id}:",
        f"{mine.incident_id}:{mine.plan_id}:{mine.row.plan_hash[:1]}",
    ):
        payload = await scene.press_body(LEAD, mine.channel, "rollback_approve")
        payload["actions"][0]["value"] = value
        assert (await scene.post(interaction(payload))).status_code == 200
    payload = await scene.press_body(LEAD, mine.channel, "rollback_approve")
    payload["user"]["team_id"] = payload["team"]["id"] = "T0ELSEWHERE"
    assert (await scene.post(interaction(payload))).status_code == 200
    lead = scene.person(LEAD)
    await lead.press(mine.channel, "break_glass_open")
    view = await lead.modal("on your word alone")
    await lead.close()
    where = {**json.loads(view["private_metadata"]), "plan": other.plan_id, "hash": short}
    for forged in (where, {**where, "incident": other.incident_id}):
        answer = await scene.post(_submitted(scene, view, LEAD, forged, {"words": {"value": "forged"}}))
        assert answer.status_code == 200, answer.text
    await scene.settled()
    assert (mine.row.state, other.row.state) == ("planned", "planned")
    assert scene.rows(BreakGlass) == []


def _chosen(value: str) -> dict[str, Any]:
    return {"selected_option": {"value": value}}


def _submitted(
    scene: Scene, view: dict[str, Any], who: str, where: dict[str, Any], given: dict[str, dict[str, Any]]
) -> bytes:
    """A form as Slack would send it, with metadata of our own making."""
    forged = {
        **{name: value for name, value in view.items() if name != "errors"},
        "private_metadata": json.dumps(where),
        "hash": f"{view['hash']}.{who}.{where['incident']}",
        "state": {"values": {block: {"value": held} for block, held in given.items()}},
    }
    person = scene.world.workspace.people[who]
    return interaction(payloads.view_submission(person, forged, scene.world.triggers.issue(who), []))


async def test_abuse_13_two_approvers_at_once_and_a_crash_in_the_middle_are_one_rollback(scene: Scene) -> None:
    one = await planned(scene, "case-13")
    presses = [await scene.press_body(who, one.channel, "rollback_approve") for who in (LEAD, PRIVACY)]
    scene.world.faults.set({"latency_ms": 100})
    await asyncio.gather(*(scene.post(interaction(press)) for press in presses))
    await until(one.executions, "the execution to begin")
    scene.world.kill_bot()
    scene.world.faults.set({"latency_ms": 0})
    await scene.world.start_bot()
    await scene.world.bot_ready()
    await one.ends("verified")
    await scene.settled()
    [execution] = one.executions()
    flag = json.loads(scene.world.flags_file.read_text())["flags"]["assistant-model"]
    assert " ".join(map(str, flag["metadata"].values())).split().count(execution.key) == 1
    assert [code for _, code in one.refusals()] in (["already-approved"], ["executing"], ["executed"], ["verified"])


async def test_abuse_14_a_target_that_moved_on_stops_the_rollback_and_asks(scene: Scene) -> None:
    one = await planned(scene, "case-14")
    running(scene, "v3", v3="v3")
    lead = scene.person(LEAD)
    await lead.press(one.channel, "rollback_approve")
    await lead.sees(one.channel, "stopped, nothing was changed", "v3 is there now")
    await lead.press(one.channel, "rollback_replan")
    await lead.sees(one.channel, "Rollback plan", "`v3` → `v1`")
    assert (one.row.state, one.model, one.incident.status) == ("stopped", "v3", "open")
    await until(lambda: "rollback_replan" not in lead.buttons(one.channel), "one press only")
    running(scene, "v1")  # and now somebody has rolled it back by hand
    await scene.person(PRIVACY).press(one.channel, "rollback_approve")
    await lead.sees(one.channel, "stopped, nothing was changed", "Someone had already set it to v1")


async def test_abuse_45_break_glass_works_with_one_person_pages_and_is_reviewed_by_another(scene: Scene) -> None:
    one = await planned(scene, "case-45", "critical-lever")
    oncall, lead = scene.person(ONCALL), scene.person(LEAD)
    await lead.press(one.channel, "role_take_commander")
    await lead.sees(one.channel, "is now commander")
    heard = len(scene.whispers(SUPPORT))
    await scene.person(SUPPORT).press(one.channel, "break_glass_open")
    await scene.hears(SUPPORT, heard, "Only responders")

    await oncall.press(one.channel, "break_glass_open")
    await oncall.modal("on your word alone", "A second person is paged", "Another responder must review it")
    told = len(scene.whispers(LEAD))
    await oncall.submit({"words": "It shows home addresses and nobody answers."})
    again = scene.world.delivery.last["interactive"]
    await asyncio.gather(*(scene.post(again.body, again.headers) for _ in range(3)))
    await one.ends("verified")
    await scene.hears(LEAD, told, "break glass was used")
    await lead.sees(one.channel, "Break glass", f"<@{LEAD}>", "home addresses", "On-call was paged")
    await scene.settled()
    assert one.model == "v1"
    assert len(one.executions()) == 1
    [glass] = scene.rows(BreakGlass)
    keys = [page["dedup_key"] for page in scene.world.pagerduty.panel()["incidents"]]
    assert keys.count(f"page:{one.incident_id}:break-glass:{glass.id}") == 1

    heard = len(scene.whispers(ONCALL))
    await oncall.press(one.channel, "break_glass_review_open")
    await scene.hears(ONCALL, heard, "another responder has to review it")
    card = next(message for message in lead.messages(one.channel) if message["pinned"])
    assert "Another responder has to review it" in words_of(card)
    await lead.press(one.channel, "break_glass_review_open")
    view = await lead.modal("carried this out alone", "home addresses")
    where = json.loads(view["private_metadata"])
    forged = _submitted(scene, view, ONCALL, where, {"words": {"value": "fine"}, "verdict": _chosen("justified")})
    heard = len(scene.whispers(ONCALL))
    assert (await scene.post(forged)).status_code == 200
    await scene.hears(ONCALL, heard, "another responder has to review it")
    assert one.incident.unreviewed == 1
    await lead.submit({"verdict": "justified", "words": "Two calls went unanswered; the roster had a hole."})
    await lead.sees(one.channel, "reviewed the break glass", "it was justified", "roster had a hole")
    await until(lambda: one.incident.unreviewed == 0, "the review closed")
    entries = scene.rows(
        TimelineEntry, TimelineEntry.incident_id == one.incident_id, TimelineEntry.kind == "break_glass"
    )
    assert [(row.actor, row.data["what"]) for row in entries] == [(ONCALL, "used"), (LEAD, "reviewed")]


async def test_a_critical_action_is_approved_by_typing_the_plans_hash(scene: Scene) -> None:
    one = await planned(scene, "a critical action", "critical-lever")
    lead = scene.person(LEAD)
    assert "rollback_approve" not in lead.buttons(one.channel)
    payload = await scene.press_body(LEAD, one.channel, "rollback_critical_open")
    payload["actions"][0]["action_id"] = "rollback_approve"
    heard = len(scene.whispers(LEAD))
    assert (await scene.post(interaction(payload))).status_code == 200
    await scene.hears(LEAD, heard, "type the first 8 characters")
    await lead.press(one.channel, "rollback_critical_open")
    await lead.modal("Type the first 8 characters", one.row.plan_hash[:8])
    await lead.submit({"typed": "12345678"})
    assert "not how the plan's hash begins" in ((lead.top or {})["errors"] or {})["typed"]
    await lead.submit({"typed": one.row.plan_hash[:8]})
    await one.ends("verified")
    assert one.model == "v1"


async def test_a_verification_that_fails_leaves_the_incident_open_pages_and_is_said_aloud(scene: Scene) -> None:
    one = await planned(scene, "a stuck lever", "stuck-lever")
    lead = scene.person(LEAD)
    await lead.press(one.channel, "role_take_commander")
    told = len(scene.whispers(LEAD))
    await lead.press(one.channel, "rollback_approve")
    seen = "the system itself says prompt_version is "
    await lead.sees(one.channel, "this did not contain it", f"<@{LEAD}>", seen, within=40)
    await scene.hears(LEAD, told, "did not contain it")
    await lead.sees(one.channel, "Not contained by this", seen)
    await scene.settled()
    assert (one.row.state, one.incident.status, one.incident.mitigated_at) == ("failed", "open", None)
    keys = [page["dedup_key"] for page in scene.world.pagerduty.panel()["incidents"]]
    assert keys.count(f"page:{one.incident_id}:plan:{one.plan_id}") == 1
    assert "rollback_verify" in lead.buttons(one.channel)


async def _contained(scene: Scene, text: str) -> Planned:
    one = await planned(scene, text)
    await scene.person(LEAD).press(one.channel, "rollback_approve")
    await one.ends("verified")
    await scene.person(LEAD).sees(one.channel, "Proposed: mitigated", "Done and verified")
    return one


def _stamps(one: Planned) -> list[tuple[str, str | None, bool]]:
    rows = one.scene.rows(Milestone, Milestone.incident_id == one.incident_id, Milestone.name == "mitigated")
    return [(row.source, row.confirmed_by, row.superseded_at is None) for row in rows]


async def test_mitigated_is_proposed_by_the_rollback_and_confirmed_by_a_person(scene: Scene) -> None:
    one = await _contained(scene, "a proposal")
    lead = scene.person(LEAD)
    assert (one.incident.status, _stamps(one)) == ("open", [("rollback", None, True)])
    await lead.press(one.channel, "resolve_open")
    await lead.modal("Nobody confirmed that the harm had stopped")
    await lead.close()
    await scene.person(COMMS).command(one.channel, f"mitigated {one.number}")
    await lead.sees(one.channel, f"<@{COMMS}> confirms that the harm has stopped")
    await until(lambda: "mitigated_at_open" not in lead.buttons(one.channel), "the question gone everywhere")
    assert (one.incident.status, _stamps(one)) == ("mitigated", [("rollback", COMMS, True)])


async def test_mitigated_may_be_confirmed_for_another_time_with_a_reason(scene: Scene) -> None:
    one = await _contained(scene, "another time")
    lead = scene.person(LEAD)
    earlier = int((clock.now() - timedelta(minutes=30)).timestamp()) // 60 * 60
    await lead.press(one.channel, "mitigated_at_open")
    await lead.modal("When did the harm stop?")
    await lead.submit({"at": earlier, "words": "The campaign had ended by then."})
    await lead.sees(one.channel, "confirms that the harm has stopped")
    assert _stamps(one) == [("rollback", None, False), ("correction", LEAD, True)]
    assert int(one.incident.mitigated_at.timestamp()) == earlier  # type: ignore[union-attr]


async def test_a_proposal_is_rejected_in_words_and_the_next_containment_proposes_again(scene: Scene) -> None:
    one = await _contained(scene, "not yet")
    lead = scene.person(LEAD)
    await lead.press(one.channel, "not_mitigated_open")
    await lead.modal("What still happens")
    await lead.submit({"words": "The mobile app still leaks."})
    await lead.sees(one.channel, "is not mitigated yet", "mobile app")
    assert (one.incident.status, one.incident.mitigated_at) == ("open", None)
    assert _stamps(one) == [("rollback", None, False)]
    await lead.press(one.channel, "mitigate")
    await lead.sees(one.channel, "says the harm has stopped")
    assert _stamps(one)[-1] == ("button", LEAD, True)


async def test_what_was_undone_says_so_and_can_be_planned_again(scene: Scene) -> None:
    one = await _contained(scene, "an undo")
    oncall, lead = scene.person(ONCALL), scene.person(LEAD)
    shown = await lead.sees(one.channel, "Done and verified")
    await oncall.press(one.channel, "rollback_undo_open", ts=shown["ts"])
    await oncall.submit({"words": "v1 answers nobody."})
    undo = await lead.sees(one.channel, "Undo plan", "`v1` → `v2`")
    await lead.press(one.channel, "rollback_approve", ts=undo["ts"])
    await one.ends("undone")
    again = await lead.sees(one.channel, "*Undone*", "`v2` → `v1`", "Make a new plan")
    assert again["ts"] == shown["ts"]
    await scene.settled()
    assert (one.model, one.incident.status) == ("v2", "open")
    old = await scene.press_body(LEAD, one.channel, "rollback_replan")
    old["actions"][0]["action_id"] = "rollback_verify"
    heard = len(scene.whispers(LEAD))
    assert (await scene.post(interaction(old))).status_code == 200
    await scene.hears(LEAD, heard, "This rollback is undone, so there is nothing to check")
    await lead.press(one.channel, "rollback_replan", ts=shown["ts"])
    await lead.sees(one.channel, "Rollback plan", "`v2` → `v1`", "waits for another responder")


QUESTION = "Where is my order?"


async def test_a_failing_prompt_is_asked_before_and_after_containment_side_by_side(scene: Scene) -> None:
    one = await planned(scene, "a failing prompt")
    oncall, lead = scene.person(ONCALL), scene.person(LEAD)
    ts = await oncall.say(one.channel, QUESTION)
    await oncall.shortcut("keep_failing_prompt", one.channel, ts)
    await oncall.modal("The words that made it fail")
    await oncall.submit()
    shown = await lead.sees(one.channel, "Failing prompts of", QUESTION, "❗ harmful", "not asked")
    await lead.press(one.channel, "rollback_approve")
    await one.ends("verified")
    await lead.sees(one.channel, "0 of 1 harmful after containment", "❗ harmful", "✅ not harmful", "customer ####")
    assert [message["ts"] for message in lead.messages(one.channel) if "Failing prompts" in words_of(message)] == [
        shown["ts"]
    ]
    await lead.press(one.channel, "replay")
    replayed = (TimelineEntry.incident_id == one.incident_id, TimelineEntry.kind == "replay")
    await until(lambda: len(scene.rows(TimelineEntry, *replayed)) == 3, "the third replay")
    phases = [(row.actor, row.data["phase"]) for row in scene.rows(TimelineEntry, *replayed)]
    assert phases == [(ONCALL, "before"), ("rollback", "after"), (LEAD, "after")]


async def test_a_prompt_from_another_channel_is_kept_for_the_incident_chosen(scene: Scene) -> None:
    one = await planned(scene, "a prompt from elsewhere")
    oncall = scene.person(ONCALL)
    ts = await oncall.say("C0SUPPORT1", f"{QUESTION} Mine is +49 151 23456789.")
    await oncall.shortcut("keep_failing_prompt", "C0SUPPORT1", ts)
    await oncall.modal("For which incident?")
    await oncall.submit({"incident": one.number})
    shown = await oncall.sees(one.channel, "Failing prompts of", "(phone removed)")
    assert "23456789" not in words_of(shown)
