"""The running bot: parts made, web app and sockets started, work taken up again, and all of it stopped."""

import asyncio
import contextlib
import logging
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Any

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.engine import Engine
from starlette.applications import Starlette

from bot import acts, content, homes, inbox, parts
from bot.acts.programme import begin_reviewing
from bot.answering import OfficeHours, Rules
from bot.app import build_app
from bot.directory import Directory
from bot.engine import Durable, LostLock, exit_process
from bot.homes import Homes
from bot.inbox import Inbox, Item
from bot.lanes import Lanes
from bot.language_model import language_model
from bot.lasting import lasting
from bot.parts import Parts
from bot.policy import PolicyInForce
from bot.rule_pages import rule_pages
from bot.settings import Settings
from bot.web.exposure import exposure_routes
from bot.web.routes import Health, web_app
from bot.workflows import registry
from bot.workflows.declare import declare
from bot.workflows.exposure import begin_asking
from bot.workflows.handle import handle
from bot.workflows.reminders import fire_timer, upkeep
from incidents import inventory, timers
from incidents.clock import now
from incidents.db import make_engine, reading, require_head, writing
from integrations.jira import Jira
from integrations.pagerduty import PagerDuty
from integrations.slack import Slack
from playbooks import running
from runbooks import keeping
from runbooks.catalogue import Catalogue, load_catalogue
from severity.clocks import Clocks
from severity.officehours.rendered import sections_of
from severity.tiers import Tree

log = logging.getLogger("rai.serve")
# Longer than a load balancer keeps a resting connection (often 60 s): the bot closes none just as a command comes in on
# it, which to the person is "the app did not respond".
KEEP_ALIVE = 75  # seconds
STALE_AFTER = 5.0  # seconds after which an inbox item without a workflow is started again
SWEEP_EVERY = 1.0
REFRESH_EVERY = 1.0


class Bot:
    """One process of the bot. `start()` makes everything ready; `stop()` ends it; work in flight survives both."""

    def __init__(self, settings: Settings, *, socket_mode: bool) -> None:
        acts.load()
        settings.require("slack_bot_token", "slack_app_token" if socket_mode else "slack_signing_secret")
        self.settings = settings
        self.socket_mode = socket_mode
        self.health = Health()
        self._lanes = Lanes(self._start_workflow)
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def build(self) -> Starlette:
        """Make the parts and the web app. Blocking: reads files, the database, and asks Slack who we are."""
        settings = self.settings
        engine = make_engine(settings.database_url)
        require_head(engine)
        made = make_parts(settings, engine)
        parts.use(made)
        self.parts = made
        self.inbox = Inbox(engine, self._lanes.take)
        self.homes = Homes(made)
        self.bolt = build_app(made, self.inbox, self.homes)
        secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None
        more = exposure_routes(settings, engine)
        return web_app(self.bolt, None if self.socket_mode else secret, self.health, engine, self.lifespan, more)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Start the engine, the inbox, the ticker and the socket; stop them at the end."""
        await asyncio.to_thread(self._start)
        socket = await self._connect() if self.socket_mode else None
        self.health.ready = True
        log.info("ready")
        yield
        self.health.ready = False
        if socket is not None:
            await socket.close_async()
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        # Every workflow is known before the engine takes up what a killed process left, or it could not run it.
        assert registry.WORKFLOWS
        begin_asking()
        with writing(self.parts.db) as session:
            begin_reviewing(session)
        self.parts.durable.launch()
        self.inbox.start()
        with reading(self.parts.db) as session:
            left = inbox.waiting(session, 0)
        for item in left:  # saved before the last end, perhaps never begun: at once, somebody may be waiting
            self._lanes.take(item)
        self._scheduler.add_job(
            self.sweep, "interval", seconds=SWEEP_EVERY, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        self._scheduler.add_job(self.homes.look, "interval", seconds=homes.EVERY, coalesce=True, max_instances=1)
        self._scheduler.add_job(
            self.refresh, "interval", seconds=REFRESH_EVERY, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        self._scheduler.start()

    def _stop(self) -> None:
        self._scheduler.shutdown(wait=True)
        self.inbox.stop()
        self._lanes.stop()
        self.parts.durable.stop()
        self.parts.db.dispose()

    async def _connect(self) -> Any:
        from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

        token = self.settings.slack_app_token
        assert token is not None
        handler = AsyncSocketModeHandler(self.bolt, token.get_secret_value(), web_client=self.bolt.client)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        return handler

    def _start_workflow(self, item: Item) -> "Future[Any] | None":
        return self.parts.durable.start(declare if item.kind == "declare" else handle, item.key, item)

    def refresh(self) -> None:
        """Once a second: pages, rules and FAQ entries that changed are part of the next answer."""
        with reading(self.parts.db) as session:
            self.parts.office_hours.refresh(session)

    def sweep(self) -> None:
        """Once a second: due timers, forgotten inbox items, and the work of replicas that are gone."""
        try:
            self.parts.durable.adopt_orphans()
        except LostLock as error:
            exit_process(str(error))
            return
        with reading(self.parts.db) as session:
            due = [(timer.id, timer.due_at) for timer in timers.due(session)]
            stale = inbox.waiting(session, STALE_AFTER)
            self.parts.policy_in_force.refresh(session)
            self.parts.exercise_rooms = running.rooms(session)
        for timer_id, due_at in due:
            workflow_id = f"timer-{timer_id}-{int(due_at.timestamp() * 1000)}"
            self.parts.durable.start(fire_timer, workflow_id, timer_id)
        for item in stale:
            if not self.parts.durable.knows(item.key):
                self._lanes.take(item)
        minute = now().strftime("%Y-%m-%dT%H:%M")
        if minute != self.health.last_minute:
            self.health.last_minute = minute
            self.parts.durable.start(upkeep, f"upkeep-{minute}", minute)


def make_parts(settings: Settings, engine: Engine) -> Parts:
    """The process's parts, from its settings. Raises RaiIncidentError in words for the operator."""
    token = settings.slack_bot_token
    assert token is not None
    model = language_model(settings)
    slack = Slack(token.get_secret_value(), settings.slack_api_url, settings.ca_file)
    identity, _ = slack.identity()
    systems = inventory.load(settings.rai_config_dir / "systems.yaml")
    with writing(engine) as session:
        inventory.store(session, systems)
    directory = Directory(slack, identity["team_id"], settings.responders_group, settings.admins_group)
    # In the background: a large workspace takes many pages, and a person not read yet is asked for one by one.
    threading.Thread(target=directory.warm, name="directory", daemon=True).start()
    own_runbooks = settings.rai_config_dir / "runbooks"
    targets = {target.id for system in systems for target in system.rollback_targets}
    with writing(engine) as session:
        before = keeping.kept(session)
        catalogue = load_catalogue([own_runbooks] if own_runbooks.is_dir() else [], targets=targets, before=before)
        keeping.keep(session, catalogue)
    for fault in catalogue.faults:
        log.error("a runbook was refused: %s", fault)
    playbooks = content.playbooks(settings, catalogue.definitions)
    for fault in playbooks.faults:
        log.error("a playbook was refused: %s", fault)
    scenarios = content.scenarios(settings)
    for fault in scenarios.faults:
        log.error("a scenario was refused: %s", fault)
    in_force = PolicyInForce(engine, settings.rai_config_dir)
    in_force.begin()
    clocks = content.clocks(settings)
    for fault in clocks.faults_against({name: tuple(fact.answers) for name, fact in in_force.current.facts.items()}):
        log.error("a regulator clock asks for what the policy does not have: %s", fault)
    tiers = content.tiers(settings)
    return Parts(
        settings=settings,
        db=engine,
        durable=Durable(settings.database_url, engine),
        slack=slack,
        directory=directory,
        policy_in_force=in_force,
        clocks=clocks,
        tiers=tiers,
        catalogue=catalogue,
        playbooks=playbooks,
        scenarios=scenarios,
        programme=content.programme(settings),
        team_id=identity["team_id"],
        bot_user=identity["user_id"],
        workspace_url=identity.get("url", ""),
        systems=tuple(systems),
        pagerduty=_pagerduty(settings),
        jira=_jira(settings),
        model=model,
        office_hours=_office_hours(settings, slack, identity["team_id"], in_force, tiers, clocks, catalogue),
    )


def _office_hours(
    settings: Settings,
    slack: Slack,
    team_id: str,
    in_force: PolicyInForce,
    tiers: Tree,
    clocks: Clocks,
    catalogue: Catalogue,
) -> OfficeHours:
    """The handbook and the schedule. Raises ContentError for a bad schedule or a folder that cannot be read."""

    def rules() -> Rules:
        policy = in_force.current
        return policy.hash, lambda: sections_of(rule_pages(policy, tiers, clocks, catalogue), team_id)

    hours = OfficeHours(team_id, settings.handbook_dirs, content.schedule(settings), rules)
    wanted = {name.lstrip("#") for name in settings.office_hours_channels}
    queue = hours.schedule.queue_channel
    found = slack.channels_named(wanted | ({queue} if queue else set())) if wanted or queue else {}
    for name in sorted((wanted | ({queue} if queue else set())) - set(found)):
        log.error("the office-hours channel #%s is not there, or the bot is not in it: invite it", name)
    hours.channels = frozenset(found[name] for name in wanted if name in found)
    hours.queue_channel = found.get(queue) if queue else None
    return hours


def _pagerduty(settings: Settings) -> PagerDuty | None:
    if settings.pagerduty_api_key is None or settings.pagerduty_routing_key is None:
        log.warning("PagerDuty is not configured: nobody is paged")
        return None
    return PagerDuty(
        settings.pagerduty_api_key.get_secret_value(),
        settings.pagerduty_routing_key.get_secret_value(),
        settings.pagerduty_api_url,
        settings.pagerduty_events_url,
        settings.ca_file,
        settings.pagerduty_from_email,
    )


def _jira(settings: Settings) -> Jira | None:
    if (
        settings.jira_url is None
        or settings.jira_user is None
        or settings.jira_token is None
        or settings.jira_project is None
    ):
        log.warning("Jira is not configured: no tickets are made")
        return None
    token = settings.jira_token.get_secret_value()
    return Jira(settings.jira_url, settings.jira_user, token, settings.jira_project, settings.ca_file)


def run(settings: Settings, host: str, port: int, *, socket_mode: bool) -> None:
    """Serve until told to stop."""
    # A thread that works must not keep the interpreter for long from the one that acknowledges: 1 ms, not 5.
    sys.setswitchinterval(0.001)
    with lasting():
        bot = Bot(settings, socket_mode=socket_mode)
        app = bot.build()
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE,
        access_log=False,
    )
