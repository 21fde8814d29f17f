"""Steps 6 and 7: the runbook, and a rollback that takes two people."""

from sandbox.story.fields import field, words_of
from sandbox.story.reporting import LATENCY_MS, QUESTION, once
from sandbox.story.stage import Story
from sandbox.story.waiting import check, until

EXCHANGE = (
    "Asked: Where is my order? Answered with the order, its contents, and [address 1] of [customer 2]. "
    "Model v2, a fresh session, three of three tries."
)


async def runbook(story: Story) -> str:
    await story.on_call.press(story.channel, "contain_open")
    view = await story.on_call.modal(f"Contain {story.number}", "Personal data in outputs")
    suggested = view["blocks"][0]["element"]["initial_option"]["value"]
    check(suggested == "personal-data-in-outputs", "the runbook for H4 chosen already", suggested)
    await story.on_call.submit()
    await story.on_call.sees(story.channel, "Personal data in outputs", "Save the exchange that leaked")
    return "Contain starts the runbook “Personal data in outputs”"


async def evidence(story: Story) -> str:
    on_call = story.on_call
    await on_call.press(story.channel, "evidence_open")
    await on_call.modal("Save evidence", "Save the exchange")
    await on_call.submit({"kind": "text", "words": EXCHANGE})
    await on_call.sees(story.channel, "Save the exchange that leaked", "1 saved")
    status = await story.assistant_status()
    running = f"Model {status['model_version']}, prompt {status['prompt_version']}; response cache: not known."
    await on_call.press(story.channel, "evidence_open")
    await on_call.modal("Save evidence", "was running")
    log = await on_call.upload(story.channel, "deployments.txt", "The last deployment moved the model from v1 to v2.\n")
    await on_call.submit({"kind": "text", "words": running, "files": [log]})
    await on_call.sees(story.channel, "was running", "2 saved")
    return "evidence saved before anything changes: the exchange, the versions, a file"


async def still_leaking(story: Story) -> str:
    answer = await story.chat(QUESTION)
    check(answer["leaked"], "the assistant to leak again", answer)
    await story.on_call.press(story.channel, "step_decide_still-leaking")
    await story.on_call.sees(story.channel, "Plan the rollback")
    return "tried again, it still leaks: the runbook goes to its rollback step"


async def planned(story: Story) -> str:
    await story.on_call.press(story.channel, "rollback_open")
    form = await story.on_call.modal("Plan a rollback")
    known = field(form["blocks"], "target")
    choices = [choice["text"]["text"] for choice in known[1]["options"]] if known else []
    check(len(choices) >= 4, "at least four levers to choose from", choices)
    await story.on_call.submit({"target": "model-version"})
    plan = await story.on_call.sees(story.channel, "Rollback plan", "`v2` → `v1`")
    for part in ("Blast radius", "Dry run", "Evidence saved first", "Plan ", "Approve rollback"):
        check(part in words_of(plan), f"{part!r} on the plan", words_of(plan))
    story.plan_ts = plan["ts"]
    return f"of {len(choices)} levers one is planned: model v2 → v1, its blast radius, a dry run, evidence, and a hash"


async def own_approval(story: Story) -> str:
    await story.on_call.press(story.channel, "rollback_approve", ts=story.plan_ts)
    refusal = await until(
        lambda: next((one for one in story.on_call.messages(story.channel) if one["ephemeral"]), None),
        "words for the requester who approves",
    )
    check("waits for another responder" in _plan(story), "a plan that still waits", _plan(story))
    check((await story.assistant_status())["model_version"] == "v2", "nothing changed", "the model changed")
    return f"who asked cannot approve: “{words_of(refusal).splitlines()[0]}”"


async def rolled_back(story: Story) -> str:
    """The bot dies as soon as the plan is no longer waiting: somewhere between the approval and the last message."""
    story.world.faults.set({"latency_ms": LATENCY_MS})
    await story.lead.press(story.channel, "rollback_approve", ts=story.plan_ts)
    await until(lambda: "waits for another" not in _plan(story), "the plan to be approved", lambda: _plan(story))
    await story.kill_and_restart()
    story.world.faults.set({"latency_ms": 0})
    await until(lambda: "Done and verified" in _plan(story), "the rollback done and verified", lambda: _plan(story))
    status = await story.assistant_status()
    check(status["model_version"] == "v1" and status["enabled"], "the assistant to run v1", status)
    check(f"<@{story.lead.id}>" in _plan(story), "the name of who approved", _plan(story))
    once(story)
    return "another responder approves; the bot is killed in the middle, and goes on: model v1, verified"


async def mitigated(story: Story) -> str:
    await story.card_shows("Proposed: mitigated", "TTM", "provisional")
    answer = await story.chat(QUESTION)
    check(not answer["leaked"] and answer["model_version"] == "v1", "no leak from model v1", answer)
    record = await story.record()
    stamps = [one for one in record["milestones"] if one["name"] == "mitigated" and one["current"]]
    check(len(stamps) == 1, "mitigated stamped once", stamps)
    executed = [one["text"] for one in record["timeline"] if one["data"].get("what") == "executed"]
    check(len(executed) == 1, "one executed rollback on the timeline", executed)
    check(stamps[0]["confirmed_by"] is None, "a proposal nobody has confirmed yet", stamps)
    check("rollback_undo_open" in story.on_call.buttons(story.channel), "a button to undo it", "none")
    await story.on_call.press(story.channel, "mitigate", ts=story.card["ts"])
    await story.card_shows("*Status*\nMitigated")
    return "verified: mitigated is proposed, the on-call engineer tries again and confirms it; Undo stands ready"


async def rest_of_runbook(story: Story) -> str:
    """Everything but the last step, which is left open until Resolve asks for it."""
    on_call = story.on_call
    await on_call.press(story.channel, "step_decide_stopped")
    await on_call.sees(story.channel, "Find out whose data went to whom")
    await on_call.press(story.channel, "evidence_open")
    await on_call.modal("Save evidence", "Find out whose data")
    await on_call.submit(
        {"kind": "query", "words": "transcripts since v2 where subject <> account: 41 seen, 38 readers"}
    )
    for done in ("Limit the copies", "Tell privacy"):
        await on_call.press(story.channel, "step_note_open", ts=await _run_at(story, done))
        await on_call.modal("Done, with a note")
        await on_call.submit({"words": "Done, and checked by a colleague."})
    await _run_at(story, "Turn the failing words into a test")
    return "try again, scope, copies, privacy: each step one press and a note"


async def _run_at(story: Story, title: str) -> str:
    """The ts of the runbook's message, once this step is the current one: the only step in bold."""
    shown = await story.on_call.sees(story.channel, "Personal data in outputs", f"*{title}")
    return str(shown["ts"])


def _plan(story: Story) -> str:
    return words_of(next(one for one in story.lead.messages(story.channel) if one["ts"] == story.plan_ts))
