"""A whole world with the real bot on one database, people who act in it, and SIGKILL at exact moments."""

import asyncio
import json
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from incidents import timeline
from incidents.db import make_engine, reading
from incidents.models import InboxItem, Incident, Link, Milestone
from runbooks.models import RollbackExecution, RollbackPlan
from sandbox.faults import Moment
from sandbox.server import World
from sandbox.story.person import Person, Refused
from sandbox.story.waiting import check, until
from sandbox.supervisor import NotReady

BOT = (sys.executable, "-m", "bot", "serve", "--port", "{port}")
STARTS = 5
QUIET = 45.0  # seconds: everything acknowledged is done within it after a restart, waits of retries included
LONGEST = 3.0  # seconds one workflow takes at most
STAGES = 5  # a rollback's entries on the timeline: planned, approved, executing, executed, verified
RUNBOOK = Path(__file__).with_name("one-rollback.yaml")
SUPPORT, ONCALL, LEAD = "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1"


class Scene:
    """The world, the people, and the record as an outsider reads it."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.world = world
        self.engine = engine
        self.support, self.oncall, self.lead = (Person(world, user) for user in (SUPPORT, ONCALL, LEAD))
        self._healthy_flags = ""
        self._reports = 0

    # acting

    async def open_form(self) -> None:
        """The support agent has the form in front of them, filled in."""
        self._reports += 1
        await self.support.command("C0SUPPORT1", "declare The assistant showed one customer the address of another")
        await self.support.fill({"system": "support-assistant", "ongoing": "yes"})

    async def submit(self) -> None:
        """The form is submitted, where it still stands there. A bot that dies meanwhile may have saved it without an
        answer: then submitting the form again, as people do, must open nothing more."""
        if self.support.top and self.support.top["submit"]:
            await perhaps(self.support.submit())

    async def declared(self) -> int:
        """An incident with its runbook at the rollback step; its id. Undisturbed."""
        self.world.flags_file.write_text(self._healthy_flags)
        await self.open_form()
        await self.support.submit()
        await self.quiet()
        incident = self.newest()
        room = await self.room(incident)
        await self.oncall.press(room, "contain_open")
        await self.oncall.submit({"runbook": "one-rollback"})
        await self.oncall.press(room, "step_done")
        await self.quiet()
        return incident

    async def ask_for_rollback(self, incident: int) -> None:
        """The on-call engineer asks for a plan."""
        await self.oncall.press(await self.room(incident), "rollback_open")
        await self.oncall.submit({"target": "model-version"})

    async def approve(self, incident: int) -> None:
        """Another responder approves the plan, where its message still asks for that."""
        room = await self.room(incident)
        if "rollback_approve" in self.lead.buttons(room):
            await perhaps(self.lead.press(room, "rollback_approve"))

    async def room(self, incident: int) -> str:
        """The incident's channel, with the second approver in it."""
        with reading(self.engine) as session:
            link = session.scalars(sa.select(Link).where(Link.incident_id == incident, Link.kind == "channel")).one()
        if all(channel["id"] != link.external_id for channel in self.lead.state["channels"]):
            await self.lead.act("join", channel=link.external_id)
        return link.external_id

    # killing

    @contextmanager
    def killed_at(self, call: int, moment: Moment) -> Iterator[Callable[[], bool]]:
        """SIGKILL when the outside call of this number (from now, 1 is the first) has arrived, or is done but not
        answered. Yields whether it has happened."""
        first = killed = 0

        def on_call(number: int, now: Moment) -> bool:
            nonlocal first, killed
            first = first or number
            if number - first + 1 == call and now == moment:
                killed = number
                self.world.kill_bot()
            return bool(killed) and number >= killed

        self.world.faults.on_call = on_call
        try:
            yield lambda: bool(killed)
        finally:
            self.world.faults.on_call = lambda number, now: False

    async def kill_after_checkpoints(self, more: int, before: int) -> None:
        """SIGKILL as soon as the engine has written `more` checkpoints beyond `before`, or has no more to write."""
        end = asyncio.get_running_loop().time() + LONGEST
        while self.checkpoints() < before + more and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.001)
        self.world.kill_bot()

    async def restart(self) -> None:
        """The bot again, as a supervisor would: where it cannot reach Slack at its start, it is started once more."""
        self.world.kill_bot()
        for tries_left in reversed(range(STARTS)):
            await self.world.start_bot()
            try:
                await self.world.bot_ready()
                break
            except NotReady:
                if self.world.supervisor.running or not tries_left:
                    raise

    # looking

    def checkpoints(self) -> int:
        """How many steps and transactions the engine has recorded, and how many workflows it has begun."""
        tables = ("workflow_status", "operation_outputs")
        prefix = "dbos." if self.engine.dialect.name == "postgresql" else ""
        counts = " + ".join(f"(SELECT count(*) FROM {prefix}{table})" for table in tables)
        with reading(self.engine) as session:
            return int(session.execute(sa.text(f"SELECT {counts}")).scalar_one())

    def unfinished(self) -> list[str]:
        """What was acknowledged or begun and is not done."""
        prefix = "dbos." if self.engine.dialect.name == "postgresql" else ""
        query = f"SELECT workflow_uuid, status FROM {prefix}workflow_status WHERE status NOT IN ('SUCCESS')"
        with reading(self.engine) as session:
            waiting = session.scalars(sa.select(InboxItem.key).where(InboxItem.done_at.is_(None))).all()
            running = session.execute(sa.text(query)).all()
        return [f"inbox {key}" for key in waiting] + [f"{name} {status}" for name, status in running]

    async def quiet(self) -> None:
        """Wait until nothing acknowledged is left to do."""
        await until(lambda: not self.unfinished(), "everything acknowledged to be done", self.unfinished, QUIET)

    def newest(self) -> int:
        """The id of the last incident."""
        with reading(self.engine) as session:
            return int(session.scalars(sa.select(sa.func.max(Incident.id))).one() or 0)

    # asserting

    def check_declared_once(self) -> None:
        """Everything the last declaration does exists once, and the record holds. PostgreSQL may leave out the number
        of a declaration that was killed before its commit."""
        incident = self.newest()
        number = f"INC-{incident}"
        with reading(self.engine) as session:
            everything = session.scalars(sa.select(Incident.id)).all()
            kinds = Counter(link.kind for link in session.scalars(sa.select(Link).where(Link.incident_id == incident)))
            entries = Counter(entry.kind for entry in timeline.entries(session, incident))
            broken = timeline.verify(session, incident)
        check(len(everything) == self._reports, f"one incident for each of {self._reports} submits", everything)
        check(broken is None, "the timeline's chain to hold", broken)
        check(entries["declared"] == entries["paged"] == 1, "declared and paged once on the timeline", entries)
        once = {"channel": 1, "page": 1, "card": 1, "announcement": 1, "ticket": 1}
        check({kind: kinds[kind] for kind in once} == once, "one outside object of each kind", kinds)

        state = self.oncall.state
        rooms = [one for one in state["channels"] if one["name"].startswith(f"inc-{incident}-")]
        check(len(rooms) == 1, f"one channel of {number}", [room["name"] for room in rooms])
        room = rooms[0]
        check({SUPPORT, ONCALL} <= set(room["members"]), "reporter and on-call in it", room["members"])
        cards = [message for message in room["messages"] if message.get("metadata_key") == f"card:{incident}"]
        check(len(cards) == 1 and room["pins"] == [cards[0]["ts"]], "one card, pinned", (len(cards), room["pins"]))
        announced = self._with_key(self.oncall, "C0INCIDEN1", f"announcement:{incident}")
        check(announced == 1, "one announcement", announced)
        told = self._with_key(self.support, str(self.support.bot_dm), f"opened:{incident}")
        check(told == 1, "one message to the reporter", told)
        pages = [page for page in state["pagerduty"]["incidents"] if page["dedup_key"] == f"page:{incident}:declared"]
        check(len(pages) == 1, "one page", len(pages))
        tickets = [issue["key"] for issue in state["jira"]["issues"] if issue["summary"].startswith(f"{number} ")]
        check(len(tickets) == 1, "one ticket", tickets)
        check(len(room["bookmarks"]) == 1, "one bookmark", room["bookmarks"])
        check(tickets[0] in json.dumps(cards[0]["blocks"]), "a card that shows the ticket", cards[0]["blocks"])

    def check_rolled_back_once(self, incident: int) -> None:
        """One plan, one execution, one change in the flags file, and messages that say so."""
        with reading(self.engine) as session:
            plans = session.scalars(sa.select(RollbackPlan).where(RollbackPlan.incident_id == incident)).all()
            ids = [plan.id for plan in plans]
            executions = session.scalars(sa.select(RollbackExecution).where(RollbackExecution.plan_id.in_(ids))).all()
            told = [entry.text for entry in timeline.entries(session, incident) if entry.kind == "rollback"]
            stamps = session.scalars(
                sa.select(Milestone).where(Milestone.incident_id == incident, Milestone.name == "mitigated")
            ).all()
            broken = timeline.verify(session, incident)
            status = session.get_one(Incident, incident).status
        check(broken is None, "the timeline's chain to hold", broken)
        check([plan.state for plan in plans] == ["verified"], "one plan, verified", [plan.state for plan in plans])
        check(len(executions) == 1, "one execution", len(executions))
        marks = json.loads(self.world.flags_file.read_text())["flags"]["assistant-model"]["metadata"]
        changed = [mark for name, mark in marks.items() if name not in json.loads(self._healthy_flags)]
        check(" ".join(map(str, changed)).split().count(executions[0].key) == 1, "one change of the flag", marks)
        check(
            json.loads(self.world.flags_file.read_text())["flags"]["assistant-model"]["defaultVariant"] == "v1",
            "v1",
            "",
        )
        check(len(stamps) == 1 and status == "open", "mitigated proposed once", (stamps, status))
        check(len(told) == len(set(told)) == STAGES, "each stage of the rollback once on the timeline", told)

        room = next(one for one in self.oncall.state["channels"] if one["name"].startswith(f"inc-{incident}-"))
        keys = Counter(message.get("metadata_key") for message in room["messages"])
        twice = {key: count for key, count in keys.items() if key and count > 1}
        check(not twice, "no message twice", twice)
        shown = [message for message in room["messages"] if message.get("metadata_key") == f"plan:{ids[0]}"]
        check(len(shown) == 1 and "verified" in shown[0]["text"], "one plan message, up to date", shown)

    @staticmethod
    def _with_key(person: Person, channel: str, key: str) -> int:
        return sum(message.get("metadata_key") == key for message in person.messages(channel))


@asynccontextmanager
async def scene(home: Path, url: str, *, socket_mode: bool = True) -> AsyncIterator[Scene]:
    """The world of one test; without Socket Mode Slack reaches the bot over signed HTTP."""
    own = home / "config" / "runbooks"
    own.mkdir(parents=True)
    shutil.copy(RUNBOOK, own)
    engine = make_engine(url)
    command = (*BOT, "--socket-mode") if socket_mode else BOT
    world = World(home, 0, bot_command=command, bot_env={"DATABASE_URL": url}, socket_mode=socket_mode)
    try:
        async with world:
            await world.bot_ready()
            made = Scene(world, engine)
            made._healthy_flags = world.flags_file.read_text()
            yield made
    finally:
        engine.dispose()


async def perhaps(act: Awaitable[object]) -> None:
    """An act whose acknowledgement may be lost with the bot."""
    try:
        await act
    except Refused as refusal:
        if refusal.code != "dispatch_failed":
            raise
