"""Steps 8 to 10: what people write down, the end of the response, and the draft of its postmortem."""

import time

from sandbox.story.fields import words_of
from sandbox.story.stage import Story
from sandbox.story.waiting import check, until

FINDING = "Marketing confirms: the campaign mail went out before the new model, so it is not the cause."


async def noted(story: Story) -> str:
    await story.privacy.command(story.channel, "note Whether a breach notification is due is being decided.")
    ts = await story.comms.say(story.channel, FINDING)
    await story.privacy.react(story.channel, ts, "pushpin")
    await story.privacy.sees(story.channel, "On the timeline")
    notes = [one for one in (await story.record())["timeline"] if one["kind"] == "note"]
    check(len(notes) == 2, "two notes on the timeline", notes)
    pinned = next((one for one in notes if one["text"] == FINDING), None)
    check(pinned and pinned["actor"] == story.comms.id, "the pinned message under its author's name", notes)
    return "a note typed, and a message pinned with 📌: both on the timeline"


async def updated(story: Story) -> str:
    await story.comms.press(story.channel, "update_open")
    await story.comms.modal(f"Update {story.number}")
    await story.comms.submit({"update": "The assistant is back on model v1. No leak in six tries.", "next": "30"})
    await story.lead.sees(story.channel, "Update", "back on model v1", "Next update")
    await story.card_shows("Next update")
    return "a status update, with the time of the next"


async def not_yet(story: Story) -> str:
    """Resolve says what is missing, and takes no for an answer."""
    await story.lead.press(story.channel, "resolve_open", ts=story.card["ts"])
    view = words_of(await story.lead.modal(f"Resolve {story.number}", "Still missing"))
    check("onset" in view and "step is still open" in view, "onset and open step named", view)
    await story.lead.submit({"summary": "The model is back on v1."})
    errors = (story.lead.top or {}).get("errors") or {}
    check("still missing" in errors.get("anyway", ""), "the form to say that something is missing", errors)
    await story.lead.close()
    check("*Status*\nMitigated" in words_of(story.card), "an incident that is not resolved", words_of(story.card))
    return "Resolve names what is missing (when it began, one open step) and does not resolve"


async def resolved(story: Story) -> str:
    await story.on_call.press(story.channel, "step_skip_open")
    await story.on_call.modal("Skip this step")
    await story.on_call.submit({"words": "It becomes an action of the postmortem, with an owner and a date."})
    await story.on_call.sees(story.channel, "Every step has been dealt with")
    await story.lead.press(story.channel, "resolve_open", ts=story.card["ts"])
    await story.lead.modal(f"Resolve {story.number}")
    onset = int(time.time()) - 20 * 60
    await story.lead.submit({"onset": onset, "summary": "Model v2 never checked whose order it was; v1 does."})
    said = words_of(await story.lead.sees(story.channel, "is resolved"))
    times = [line for line in said.splitlines() if line.startswith(("*TTD*", "*TTA*", "*TTM*", "*TTR*"))]
    check(len(times) == 4 and not any("not known" in line for line in times), "four times", said)
    await story.card_shows("*Status*\nResolved")
    return "resolved: " + "; ".join(line.replace("*", "") for line in times)


async def drafted(story: Story) -> str:
    name = f"{story.number}-postmortem-draft"

    def shared() -> str | None:
        files = [file for one in story.lead.messages(story.channel) for file in one["files"]]
        return next((file["id"] for file in files if file["name"].startswith(name)), None)

    file_id = await until(shared, "the draft as a file in the channel")
    draft = story.world.workspace.files[file_id].content.decode()
    printed = await story.command_line("postmortem", "show", story.number)
    check(printed.strip() == draft.strip(), "the command line to print the shared draft", printed[:300])
    for part in (story.number, "SEV1", "v1", FINDING):
        check(part in draft, f"{part!r} in the draft", draft[:1500])
    return (
        f"the postmortem draft ({len(draft.split())} words) is in the channel; `rai-incident postmortem show` prints it"
    )
