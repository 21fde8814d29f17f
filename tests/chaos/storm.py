"""Two hundred approved rollbacks, the service they roll back, and a killer: the parts of `test_two_hundred.py`."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
import yaml
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from incidents import inventory
from incidents.access import Person
from incidents.clock import now
from incidents.db import make_engine, reading, writing
from incidents.inventory import SystemEntry
from incidents.models import InboxItem
from incidents.opening import open_report
from integrations.rollback.base import Plan, Snapshot
from runbooks import plans
from runbooks.models import RollbackPlan
from sandbox.faults import ConnectionClosed
from sandbox.people import TEAM_ID
from sandbox.server import World
from sandbox.story.waiting import until
from sandbox.supervisor import NotReady, Supervisor
from severity.policy import load_policy

BOT = ("-m", "bot", "serve", "--port", "{port}")
REPORTER, ASKER, APPROVER = "U0SUPPORT1", "U0ONCALL01", "U0RAILEAD1"
SECRET_VARIABLE, SECRET = "FLEET_SECRET", "signs-the-orders-of-the-storm"
STARTS = 5
MOST_ORDERS = 14  # of one life of the process
LONGEST_LIFE = 30.0  # seconds; only where no order comes


class Fleet:
    """So many services, each at v2, behind one address. It loses a share of all its answers, after doing the work.

    `executed` holds every key that changed a service, in order, per service: a second key would change it again, so
    nothing here hides a second execution. `orders` counts all that arrived, `lost` the answers that never did.
    """

    def __init__(self, size: int, losing: float, chosen: random.Random) -> None:
        self.versions = ["v2"] * size
        self.executed: list[list[str]] = [[] for _ in range(size)]
        self.orders = self.lost = 0
        self.killer: Killer | None = None
        self.url = ""
        self._losing = losing
        self._chosen = chosen
        self.app = Starlette(
            routes=[
                Route("/{number:int}/status", self._status),
                Route("/{number:int}/order", self._order, methods=["POST"]),
            ]
        )

    @property
    def done(self) -> int:
        """How many services were changed."""
        return sum(1 for keys in self.executed if keys)

    async def _status(self, request: Request) -> Response:
        return self._answered({"version": self.versions[request.path_params["number"]]})

    async def _order(self, request: Request) -> Response:
        if self.killer is not None and self.killer.strikes("arrived"):
            return ConnectionClosed()
        order, number = json.loads(await request.body()), request.path_params["number"]
        self.orders += 1
        if order["key"] not in self.executed[number]:
            self.executed[number].append(order["key"])
            self.versions[number] = order["to"]
        if self.killer is not None and self.killer.strikes("done"):
            return ConnectionClosed()
        return self._answered({"seen": order["to"]})

    def _answered(self, answer: dict[str, str]) -> Response:
        if self._chosen.random() < self._losing:
            self.lost += 1
            return ConnectionClosed()
        return JSONResponse(answer)

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Fleet"]:
        """On a free port of this machine."""
        server = _Server(uvicorn.Config(self.app, "127.0.0.1", 0, log_level="critical", lifespan="off"))
        task = asyncio.create_task(server.serve())
        await until(lambda: server.started, "the fleet to be served")
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            await task


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Signals are pytest's."""


class Killer:
    """SIGKILL at chosen moments: while the process starts, when an order of this life of it has arrived, when one is
    done and not yet answered, or a chosen time after the first one."""

    def __init__(self, bot: "Bot", chosen: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self._bot = bot
        self._chosen = chosen
        self._moment, self._orders, self._at = "", 0, 0

    def strikes(self, moment: str) -> bool:
        """Whether the process is dead at this moment of an order, killed here or before: its connection is closed."""
        self._orders += moment == "arrived"
        if moment == self._moment and self._orders >= self._at:
            self._kill()
        return not self._bot.running

    async def round(self) -> None:
        """One life of the process, from its start to its death; orders that do not come are not waited for long."""
        self._moment = self._chosen.choice(("starting", "arrived", "arrived", "done", "done", "working", "working"))
        self._orders, self._at = 0, self._chosen.randint(1, MOST_ORDERS)
        seconds = self._chosen.uniform(0, 2)
        await self._bot.begin()
        if self._moment == "working":
            await self._until(lambda: self._orders > 0, LONGEST_LIFE)
        await self._until(
            lambda: not self._bot.running, LONGEST_LIFE if self._moment in ("arrived", "done") else seconds
        )
        self._kill()
        self._moment = ""

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not holds() and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.005)

    def _kill(self) -> None:
        if self._bot.running:
            self.kills[self._moment] += 1
            self._bot.kill()


class Bot:
    """The real bot's process on the storm's own inventory."""

    def __init__(self, world: World, home: Path, url: str, python: str) -> None:
        variables = {"DATABASE_URL": url, "RAI_CONFIG_DIR": str(home), SECRET_VARIABLE: SECRET}
        environment = {**world.bot_environment(), **variables}
        self._supervisor = Supervisor((python, *BOT), environment, world.bot_port, lambda: None)

    @property
    def running(self) -> bool:
        return self._supervisor.running

    def kill(self) -> None:
        """SIGKILL."""
        self._supervisor.kill()

    async def stop(self) -> None:
        """Ask it to end."""
        await self._supervisor.stop()

    async def begin(self) -> None:
        """Start it, without waiting until it is ready: a kill may come while it starts."""
        if self._supervisor.starts:
            await self._supervisor.ended()
        await self._supervisor.start()

    async def ready(self) -> None:
        """Running and ready, started again where its start did not succeed."""
        for tries_left in reversed(range(STARTS)):
            await self.begin()
            try:
                await self._supervisor.ready(60)
                return
            except NotReady:
                if self.running or not tries_left:
                    raise


def entries(fleet: Fleet) -> list[dict[str, Any]]:
    """systems.yaml: one system with a webhook lever per service."""
    targets = [
        {
            "id": f"service-{number}",
            "title": f"Service {number}",
            "kind": "webhook",
            "url": f"{fleet.url}/{number}/order",
            "secret_env": SECRET_VARIABLE,
            "to": "v1",
            "verify_url": f"{fleet.url}/{number}/status",
            "verify_field": "version",
            "allow_private": True,
        }
        for number in range(len(fleet.versions))
    ]
    return [{"id": "fleet", "name": "Fleet", "owner": APPROVER, "tier": 1, "rollback_targets": targets}]


def approved(url: str, home: Path, fleet: Fleet) -> None:
    """One incident and plan per service in the record, and an approval of each in the inbox: acknowledged, not done."""
    systems = entries(fleet)
    home.mkdir()
    (home / "systems.yaml").write_text(yaml.safe_dump({"systems": systems}))
    system, policy = SystemEntry.model_validate(systems[0]), load_policy()
    engine = make_engine(url)
    with writing(engine) as session:
        inventory.store(session, [system])
        for number, target in enumerate(system.rollback_targets):
            report = {"what_happened": f"Service {number} shows addresses of others", "system": "fleet"}
            incident = open_report(session, report, Person(REPORTER, TEAM_ID), policy, key=f"report-{number}")
            plan = plans.propose(
                session,
                incident,
                target_entry=target.model_dump(mode="json", by_alias=True),
                plan=Plan("v2", "v1", f"Service {number}", "would ask the endpoint"),
                snapshot=Snapshot({"in_force": "v2"}, {"service": "0" * 64}),
                by=ASKER,
                key=f"plan-{number}",
            )
            session.add(
                InboxItem(
                    key=f"approve-{number}",
                    kind="rollback_approve",
                    team_id=TEAM_ID,
                    user=APPROVER,
                    payload={"incident": incident.number, "plan": plan.id, "hash": plan.plan_hash[:16]},
                    received_at=now(),
                )
            )
    engine.dispose()


def unfinished(engine: Engine) -> list[str]:
    """What was acknowledged or begun and has not ended."""
    prefix = "dbos." if engine.dialect.name == "postgresql" else ""
    query = f"SELECT workflow_uuid FROM {prefix}workflow_status WHERE status <> 'SUCCESS'"
    with reading(engine) as session:
        waiting = session.scalars(sa.select(InboxItem.key).where(InboxItem.done_at.is_(None))).all()
        states = sa.select(RollbackPlan.id, RollbackPlan.state).where(RollbackPlan.state != "verified")
        running = session.scalars(sa.text(query)).all()
        plans = [f"plan {plan} {state}" for plan, state in session.execute(states)]
    return [*waiting, *running, *plans]
