"""`mitigated` as a verified containment proposes it, and the presses with which a person decides."""

from datetime import datetime

from bot.views.blocks import (
    Block,
    actions,
    button,
    context,
    escape,
    modal,
    person,
    plain,
    quote,
    section,
    text_input,
    when,
)
from integrations.slack import Message


def proposal_blocks(incident_id: int, at: datetime) -> list[Block]:
    """The proposal with its three answers."""
    value = str(incident_id)
    return [
        section(f"*Proposed: mitigated* {when(at)}, when the containment was verified. Has the harm stopped?"),
        actions(
            button("Confirm", "mitigate", value, style="primary"),
            button("Another time…", "mitigated_at_open", value),
            button("Not yet…", "not_mitigated_open", value),
        ),
    ]


def other_time_modal(number: str, at: datetime, metadata: str) -> Block:
    """Confirm the proposal for another time."""
    picker: Block = {"type": "datetimepicker", "action_id": "value", "initial_date_time": int(at.timestamp())}
    return modal(
        "mitigated_at",
        f"Mitigated: {number}",
        [
            {"type": "input", "block_id": "at", "label": plain("When did the harm stop?"), "element": picker},
            text_input("words", "Why then?", hint="The proposed time stays on the record beside yours."),
            context(f"Proposed: {when(at)}, when the containment was verified."),
        ],
        submit="Confirm",
        metadata=metadata,
        close="Cancel",
    )


def mitigated_message(number: str, by: str, at: datetime, proposed: bool) -> Message:
    """The harm has stopped; a person says so."""
    words = f"{person(by)} {'confirms that' if proposed else 'says'} the harm has stopped"
    return Message(f"{words}. {number} is mitigated.", [section(f"{words}, {when(at)}. *{number} is mitigated.*")])


def not_mitigated_message(number: str, by: str, words: str) -> Message:
    """The harm goes on, whatever the containment looked like."""
    said = f"❗ {person(by)}: *{number} is not mitigated yet.* The proposal is withdrawn."
    return Message(f"{number} is not mitigated yet: {escape(words, 300)}", [section(f"{said}\n{quote(words)}")])
