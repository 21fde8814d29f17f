"""The forms of a regulator clock: start it, say that it does not apply, mark a report submitted, say a time."""

from collections.abc import Sequence
from datetime import datetime

from bot.views.blocks import Block, context, cut, escape, modal, option, plain, section, select_input, text_input
from bot.views.clocks import ClockLine, small_print
from severity.clocks import Stage


def start_modal(
    number: str,
    line: ClockLine,
    stages: Sequence[Stage],
    chosen: str,
    asked: Sequence[tuple[str, str, datetime | None, bool]],
    notice: str,
    metadata: str,
) -> Block:
    """The times the clock counts from: `asked` are (stamp, what it means, when if known or guessed, required)."""
    blocks: list[Block] = [
        section(f"*{escape(line.title, 150)}*\n{escape(line.trigger, 600)}\nTo the {escape(line.recipient, 200)}."),
        context(escape(line.note, 1200)),
    ]
    if len(stages) > 1:
        options = [option(cut(stage.title, 75), stage.id, _limit_words(stage)) for stage in stages]
        blocks.append(select_input("stage", "Which report?", options, initial=chosen))
    blocks += [_time_input(name, meaning, at, optional=not required) for name, meaning, at, required in asked]
    blocks.append(context(f"{small_print(line)} {escape(notice)} Starting it puts your name on the record."))
    return modal(
        "clock_start", f"Clock of {number}", blocks, submit="Start the clock", metadata=metadata, close="Cancel"
    )


def decline_modal(number: str, line: ClockLine, notice: str, metadata: str) -> Block:
    """Why the duty does not apply."""
    return modal(
        "clock_decline",
        f"Clock of {number}",
        [
            section(
                f"*{escape(line.title, 150)}*\n{escape(line.trigger, 600)}\nProposed: it {escape(line.because, 600)}."
            ),
            text_input(
                "words",
                "Why does it not apply?",
                hint="An authority may ask. It goes on the record under your name.",
                max_length=1000,
            ),
            context(f"{small_print(line)} {escape(notice)}"),
        ],
        submit="Does not apply",
        metadata=metadata,
        close="Cancel",
    )


def submit_modal(number: str, line: ClockLine, stages: Sequence[Stage], at: datetime, metadata: str) -> Block:
    """Which report was sent, and when. `stages` are those that can be, the one owed next first."""
    options = [option(cut(stage.title, 75), stage.id, stage.step.value) for stage in stages]
    return modal(
        "clock_submit",
        f"Clock of {number}",
        [
            section(f"*{escape(line.title, 150)}*\nTo the {escape(line.recipient, 200)}."),
            select_input("stage", "Which report was submitted?", options, initial=stages[0].id if stages else None),
            _time_input("at", "When was it sent?", at, optional=False),
            text_input(
                "reference",
                "The authority's reference number",
                optional=True,
                multiline=False,
                max_length=200,
                hint="From its confirmation. Leave it empty if there is none yet.",
            ),
            context(f"{small_print(line)} The bot sends nothing to an authority: a person does. Not legal advice."),
        ],
        submit="Mark submitted",
        metadata=metadata,
        close="Cancel",
    )


def stamp_modal(number: str, stamps: Sequence[tuple[str, str]], at: datetime, notice: str, metadata: str) -> Block:
    """When something happened that clocks count from. `stamps` are (id, what it means)."""
    options = [option(cut(meaning, 75), name) for name, meaning in stamps]
    return modal(
        "clock_stamp",
        f"Times of {number}",
        [
            select_input("stamp", "What happened?", options),
            _time_input("at", "When?", at, optional=False),
            context(f"It goes on the record under your name, and every clock is counted again. {escape(notice)}"),
        ],
        submit="Save it",
        metadata=metadata,
        close="Cancel",
    )


def _time_input(block_id: str, label: str, at: datetime | None, *, optional: bool) -> Block:
    picker: Block = {"type": "datetimepicker", "action_id": "value"}
    if at is not None:
        picker["initial_date_time"] = int(at.timestamp())
    return {"type": "input", "block_id": block_id, "label": plain(label, 2000), "element": picker, "optional": optional}


def _limit_words(stage: Stage) -> str:
    return stage.limit if isinstance(stage.limit, str) else stage.limit.words
