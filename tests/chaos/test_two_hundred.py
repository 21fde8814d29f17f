"""Two hundred rollbacks by the real bot, killed with SIGKILL again and again, while one answer in five is lost.

All approvals were given at once and are in the inbox, as after a long outage. The service counts executions by key, so
that the end can be compared: 200 executed once, none twice, each verified on the record, nothing left hanging.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from storm import Bot, Fleet, Killer, approved, unfinished

from incidents import timeline
from incidents.db import make_engine, reading
from incidents.models import Incident, Milestone
from runbooks.models import RollbackExecution, RollbackPlan
from sandbox.server import World
from sandbox.story.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
PLANS, KILLS = 200, 20
LOSING = 0.2
QUIET = 480.0
SEED = int(os.environ.get("STORM_SEED", "20261121"))
STAGES = ["planned", "approved", "executing", "executed", "verified"]


async def test_200_rollbacks_killed_at_random_with_lost_answers_are_executed_once_each(
    database_url: str, tmp_path: Path
) -> None:
    fleet = Fleet(PLANS, LOSING, random.Random(SEED))
    engine = make_engine(database_url)
    async with fleet.served(), World(tmp_path / "world", 0, bot_command=(), bot_env={}, socket_mode=False) as world:
        await asyncio.to_thread(approved, database_url, tmp_path / "config", fleet)
        bot = Bot(world, tmp_path / "config", database_url, sys.executable)
        fleet.killer = killer = Killer(bot, random.Random(SEED + 1))
        try:
            while killer.kills.total() < KILLS:  # a life may also end by itself, where the outside did not answer it
                await killer.round()
            killed_while_at_work = fleet.done
            await bot.ready()
            await until(lambda: not unfinished(engine), "all to end", lambda: unfinished(engine)[:20], QUIET)
        finally:
            await bot.stop()
    print(f"seed {SEED}: kills {dict(killer.kills)}, {fleet.orders} orders, {fleet.lost} answers lost")

    with reading(engine) as session:
        plans = session.scalars(sa.select(RollbackPlan).order_by(RollbackPlan.id)).all()
        keys = dict(session.execute(sa.select(RollbackExecution.plan_id, RollbackExecution.key)).all())
        proposed = Milestone.name == "mitigated", Milestone.confirmed_by.is_(None)  # a person has not confirmed it yet
        stamps = Counter(session.scalars(sa.select(Milestone.incident_id).where(*proposed)))
        told = {plan.id: _stages(session, plan.incident_id) for plan in plans}
        broken = [plan.incident_id for plan in plans if timeline.verify(session, plan.incident_id)]
        statuses = Counter(session.scalars(sa.select(Incident.status)))
    engine.dispose()
    assert [len(executed) for executed in fleet.executed] == [1] * PLANS
    assert [executed[0] for executed in fleet.executed] == [keys[plan.id] for plan in plans]
    assert Counter(plan.state for plan in plans) == {"verified": PLANS}
    assert {plan: stages for plan, stages in told.items() if stages != STAGES} == {}
    assert (statuses, stamps.total(), set(stamps.values()), broken) == ({"open": PLANS}, PLANS, {1}, [])

    # The storm was one: it struck while there was work, and orders had to be repeated.
    assert killer.kills.total() == KILLS
    assert killed_while_at_work > 0
    assert fleet.orders > PLANS
    assert fleet.lost > PLANS * LOSING / 2


def _stages(session: sa.orm.Session, incident_id: int) -> list[str]:
    return [str(entry.data["what"]) for entry in timeline.entries(session, incident_id) if entry.kind == "rollback"]
