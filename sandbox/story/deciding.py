"""Steps 4 and 5: how bad it is, by written rule and named person; who does what; the page is acknowledged."""

from sandbox.story.fields import words_of
from sandbox.story.person import Person
from sandbox.story.reporting import once
from sandbox.story.stage import INCIDENTS_CHANNEL, Story
from sandbox.story.waiting import check, until

SURE = {"materialisation": "event", "ongoing": "yes", "personal_data": "others", "minors": "none", "rights_law": "no"}


async def joined(story: Story) -> str:
    """The announcement is how the others find the channel; the outside contractor hears of nothing."""
    for person in (story.lead, story.privacy, story.comms):
        announced = await person.sees(INCIDENTS_CHANNEL, story.number)
        check(f"<#{story.channel}>" in words_of(announced), "a link to the channel", words_of(announced))
        await person.join(story.channel)
    names = [channel["name"] for channel in story.contractor.state["channels"]]
    check(names == ["general"], "the contractor to see #general only", names)
    return "responsible AI, privacy and communications come in from the announcement"


async def classified(story: Story) -> str:
    lead = story.lead
    await lead.press(story.channel, "classify_open")
    await lead.modal(f"Classify {story.number}")
    await lead.submit({"harm_classes": ["H4"], **SURE, "scope": "few"})
    answer = words_of(await lead.sees(story.channel, "give *SEV2*"))
    for part in ("because", "Rule: `", "What would change it", "“Many”: SEV1", "Confirm SEV2"):
        check(part in answer, f"{part!r} in the answer", answer)
    await lead.press(story.channel, "assessment_confirm")
    await _confirmed(story, "SEV2")
    await story.card_shows("H4")
    check("provisional" not in words_of(story.card), "a severity that is not provisional", words_of(story.card))
    check(len(story.pages) == 1, "nobody paged for confirming", story.pages)
    return "classified as H4: SEV2 with its rule, and what would change it; the responsible-AI lead confirmed"


async def raised(story: Story) -> str:
    """More people are affected than first thought: the same questions again, one answer worse."""
    lead = story.lead
    await lead.press(story.channel, "classify_open")
    await lead.modal(f"Classify {story.number}")
    await lead.submit({"scope": "many"})
    await lead.sees(story.channel, "give *SEV1*")
    await lead.press(story.channel, "assessment_confirm")
    await _confirmed(story, "SEV1")
    await until(lambda: len(story.pages) == 2, "a second page", lambda: story.pages)
    check("SEV1" in story.pages[1]["title"], "a page that says SEV1", story.pages[1]["title"])
    once(story)
    record = await story.record()
    check(record["severity"] == "SEV1" and not record["provisional"], "SEV1 on the record", record["severity"])
    return "many are affected and it goes on: SEV1, confirmed, and the on-call engineer is paged again"


async def _confirmed(story: Story, severity: str) -> None:
    said = words_of(await story.lead.sees(story.channel, f"confirmed *{severity}*"))
    check(f"<@{story.lead.id}>" in said and "policy " in said, "who confirmed by which policy", said)
    await story.card_shows(severity)


async def roles(story: Story) -> str:
    async def take(person: Person, role: str, shown: str) -> None:
        await person.press(story.channel, f"role_take_{role}", ts=story.card["ts"])
        await story.card_shows(f"*{shown}*\n<@{person.id}>")

    await take(story.lead, "commander", "Commander")
    await take(story.comms, "communications", "Communications")
    await take(story.privacy, "scribe", "Scribe")
    left = {action for action in story.on_call.buttons(story.channel) if action.startswith("role_take_")}
    check(not left, "no button for a role that is taken", left)
    return "commander, communications and scribe taken, one press each"


async def acknowledged(story: Story) -> str:
    await story.on_call.press(story.channel, "acknowledge")
    await story.card_shows("TTA")
    await until(
        lambda: "acknowledge" not in story.on_call.buttons(story.channel),
        "Acknowledge to go from the card",
        lambda: story.on_call.buttons(story.channel),
    )
    measured = next(line for line in words_of(story.card).splitlines() if "TTA" in line)
    check("TTA —" not in measured and "target" in measured, "TTA against its target", measured)
    return f"acknowledged by the on-call engineer: {_part(measured, 'TTA')}"


def _part(line: str, name: str) -> str:
    return next(part for part in line.split(" · ") if part.startswith(name))
