"""Digests that nobody sends: for the command line and for a look before subscribing."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot import content
from bot.digest.assemble import Rules, assemble
from bot.digest.value import Audience, Digest
from bot.settings import Settings
from incidents import inventory, policies
from incidents.clock import now
from incidents.db import make_engine, reading, require_head
from incidents.digest_rows import Scope
from incidents.errors import BadInput
from incidents.periods import Period, of_days
from playbooks.programme import Rules as Programme
from playbooks.scenario import ScenarioLibrary
from severity.clocks import Clocks
from severity.policy import Policy, load_policy
from severity.taxonomy import HARM_CLASS_IDS

LONGEST = 366 * 60  # days
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


def period_of(first: date | None, after: date | None, zone: str) -> Period:
    """The days asked for; the seven before today where none are. Raises BadInput naming the option."""
    try:
        today = now().astimezone(ZoneInfo(zone)).date()
    except (ValueError, OSError, KeyError):
        raise BadInput("zone", f"--zone: {zone!r:.40} is no time zone. Zones look like Europe/Berlin or UTC.") from None
    for option, day in (("from", first), ("to", after)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise BadInput(option, f"--{option} {day}: a digest tells of days from {EARLIEST} to {LATEST}.")
    after = after or (first + timedelta(days=7) if first else today)
    first = first or after - timedelta(days=7)
    if first >= after:
        raise BadInput("to", f"--to {after} must be later than --from {first}: it is the day after the last.")
    if (after - first).days > LONGEST:
        raise BadInput("from", f"--from {first}: a digest covers 60 years at most.")
    return of_days(first, after, zone)


def audience_of(organisation: bool) -> Audience:
    """Who reads it."""
    return "organisation" if organisation else "team"


def rules_of(
    settings: Settings, policy: Policy, clocks: Clocks, programme: Programme, scenarios: ScenarioLibrary
) -> Rules:
    """What this organisation has set."""
    titles = {clock.id: clock.title for clock in clocks}
    weights = {str(severity): settings.digest_weights[severity] for severity in sorted(settings.digest_weights)}
    return Rules(
        policy.targets,
        weights,
        settings.digest_min_cell,
        programme,
        scenarios,
        lambda clock: titles.get(clock, clock),
    )


def digest_of(
    settings: Settings, period: Period, audience: Audience, systems: tuple[str, ...], classes: tuple[str, ...]
) -> Digest:
    """A digest of the whole record, as the operator sees it. Raises RaiIncidentError in words."""
    for name in classes:
        if name not in HARM_CLASS_IDS:
            raise BadInput("harm-class", f"--harm-class: {name!r:.20} is none of {', '.join(HARM_CLASS_IDS)}.")
    engine = make_engine(settings.database_url)
    try:
        require_head(engine)
        with reading(engine) as session:
            known = {system.id for system in inventory.every(session)}
            for name in systems:
                if name not in known:
                    raise BadInput("system", f"--system: {name!r:.60} is not in the inventory.")
            active = policies.active(session)
            policy = policies.policy_of(session, active.hash) if active else load_policy()
            rules = rules_of(
                settings, policy, content.clocks(settings), content.programme(settings), content.scenarios(settings)
            )
            return assemble(session, period, Scope(None, systems, classes), audience, rules, now())
    finally:
        engine.dispose()


def picture(digest: Digest) -> bytes:
    """The charts as a PNG."""
    from bot.charts import draw

    return draw(digest)


def report(digest: Digest) -> bytes:
    """The digest as a PDF with its charts."""
    from bot.charts import alt_text, draw, drawable
    from bot.digest.markdown import PICTURE, to_markdown
    from bot.digest.words import heading
    from bot.pdf import markdown_to_pdf

    if not drawable(digest):
        return markdown_to_pdf(to_markdown(digest), title=heading(digest))
    text = to_markdown(digest, alt_text=alt_text(digest))
    return markdown_to_pdf(text, title=heading(digest), images={PICTURE: draw(digest)})
