"""The story, unattended: one incident from harm to postmortem draft, as six people and one bot would live it.

Every step is one line with its time, and checks its outcome. The bot is killed twice on the way.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from sandbox.server import World
from sandbox.story import closing, containing, deciding, reporting
from sandbox.story.person import Refused
from sandbox.story.stage import Story
from sandbox.story.waiting import Unmet
from sandbox.supervisor import TAIL_LINES, NotReady

Step = Callable[[Story], Awaitable[str]]
STEPS: Final[tuple[Step, ...]] = (
    reporting.harm,
    reporting.nothing_said,
    reporting.report,
    reporting.submitted,
    reporting.opened,
    reporting.everybody_knows,
    deciding.joined,
    deciding.classified,
    deciding.raised,
    deciding.roles,
    deciding.acknowledged,
    containing.runbook,
    containing.evidence,
    containing.still_leaking,
    containing.planned,
    containing.own_approval,
    containing.rolled_back,
    containing.mitigated,
    containing.rest_of_runbook,
    closing.noted,
    closing.updated,
    closing.not_yet,
    closing.resolved,
    closing.drafted,
)


async def play(world: World, say: Callable[[str], None]) -> bool:
    """Play every step in order, one line each through `say`; False at the first whose outcome does not hold."""
    story, begun = Story(world), time.perf_counter()
    for index, step in enumerate(STEPS, start=1):
        start = time.perf_counter()
        try:
            words = await step(story)
        except (Unmet, Refused, NotReady) as fault:
            say(f"{index:>3}.  {_since(start)}  {step.__name__.replace('_', ' ')}: FAILED")
            say(f"      {fault}")
            say("      The bot said last:")
            for line in list(world.supervisor.log)[-TAIL_LINES:]:
                say(f"      | {line}")
            return False
        say(f"{index:>3}.  {_since(start)}  {words}")
    say(f"      {_since(begun)}  the whole story")
    return True


def _since(start: float) -> str:
    return f"{time.perf_counter() - start:5.2f} s"
