"""Writing to people outside the response: the form with a filled template, and the draft it leaves in the channel."""

from collections.abc import Sequence

from bot.views.blocks import (
    Block,
    clean,
    context,
    cut,
    escape,
    modal,
    option,
    person,
    plain,
    section,
    text_input,
)
from integrations.slack import Message
from playbooks.comms import READERS, Draft, Template

CALLBACK = "comms"
CHOOSE = "comms_template"
TEXT = "text:"  # block id of the text, with the template's key: Slack keeps what was typed under an id it knows


def comms_modal(number: str, fitting: Sequence[Template], template: Template, draft: Draft, metadata: str) -> Block:
    """Which text, and the text itself to edit, with whom to tell and what never to say beside it."""
    options = [option(each.title, each.key) for each in fitting]
    element: Block = {"type": "static_select", "action_id": CHOOSE, "options": options[:100]}
    element["initial_option"] = option(template.title, template.key)
    choice: Block = {
        "type": "input",
        "block_id": "template",
        "dispatch_action": True,
        "label": plain("Which text?"),
        "hint": plain("Choosing another one replaces the text below, and what you changed in it."),
        "element": element,
    }
    playbook = template.playbook
    words = text_input(
        f"{TEXT}{template.key}",
        "The text",
        initial=draft.text,
        hint="Every sentence must be true today: fill what stands in [brackets], cut what is not so. No names, "
        "no other personal data.",
    )
    tell = [f"• *{escape(each.who)}* {escape(each.when)}: {escape(each.why)}" for each in playbook.tell]
    never = [f"• {escape(each.words)}. {escape(each.because)}" for each in playbook.never_say]
    return modal(
        CALLBACK,
        f"Write about {number}",
        [
            context("This is a draft. It goes into the incident's channel; nothing is ever sent to anybody from here."),
            choice,
            context(f"For: {escape(READERS[template.kind])}"),
            words,
            section("*Never say*\n" + "\n".join(never)),
            section("*Who is told*\n" + "\n".join(tell)),
        ],
        submit="Save the draft",
        metadata=metadata,
        close="Cancel",
    )


def draft_message(
    number: str, by: str, template: Template, text: str, blanks: Sequence[str], look: Sequence[str]
) -> Message:
    """The draft in the channel, ready to copy, with what is still missing and what should be looked at again."""
    body = clean(text).strip()
    blocks: list[Block] = [
        section(f"✍️ *Draft: {escape(template.title, 150)}* by {person(by)}"),
        context(f"Not sent to anybody. For: {escape(READERS[template.kind])}"),
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": body}]}],
        },
    ]
    if blanks:
        blocks.append(section("*Still blank*\n" + "\n".join(f"• {escape(blank, 120)}" for blank in blanks)))
    if look:
        blocks.append(section("⚠️ *Look at again*\n" + "\n".join(f"• {escape(line, 250)}" for line in look[:10])))
    fallback = f"{number}: draft of {template.title}, not sent to anybody.\n{body}"
    return Message(escape(cut(fallback, 3900), 3900), blocks)
