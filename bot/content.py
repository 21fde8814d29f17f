"""The written rows as one organisation uses them: those shipped, with what its configuration folder replaces."""

from collections.abc import Iterable

from bot import duty
from bot.settings import Settings
from playbooks import programme as programme_
from playbooks.library import Library, load_library
from playbooks.scenario import ScenarioLibrary, load_scenarios
from severity.clocks import Clocks, load_clocks
from severity.errors import ContentError, Fault
from severity.tiers import Tree, load_tiers


def clocks(settings: Settings) -> Clocks:
    """The regulator clocks; `clocks.yaml` of the folder switches rows on or off, and says zone and holidays."""
    own = settings.rai_config_dir / "clocks.yaml"
    return load_clocks(override=own if own.exists() else None)


def tiers(settings: Settings) -> Tree:
    """The tier questions; `tiers.yaml` of the folder replaces them."""
    own = settings.rai_config_dir / "tiers.yaml"
    return load_tiers(own if own.exists() else None)


def playbooks(settings: Settings, runbooks: Iterable[str]) -> Library:
    """Who is told what, by harm class; files of the folder's `playbooks/` replace ours of the same class."""
    own = settings.rai_config_dir / "playbooks"
    return load_library([own] if own.is_dir() else [], runbooks=runbooks)


def scenarios(settings: Settings) -> ScenarioLibrary:
    """The tabletop scenarios; files of the folder's `scenarios/` replace ours of the same id."""
    own = settings.rai_config_dir / "scenarios"
    return load_scenarios([own] if own.is_dir() else [])


def programme(settings: Settings) -> programme_.Rules:
    """How often is rehearsed; `programme.yaml` of the folder replaces ours. Raises ContentError."""
    own = settings.rai_config_dir / programme_.FILE
    return programme_.load_rules(own if own.exists() else None)


def schedule(settings: Settings) -> duty.Schedule:
    """Office-hours slots and experts. Raises ContentError; a file that was named must be there."""
    named = settings.office_hours_schedule
    if named is not None and not named.exists():
        raise ContentError([Fault(str(named), 1, "", "is not there, but OFFICE_HOURS_SCHEDULE names it")])
    return duty.load_schedule(named or settings.rai_config_dir / duty.FILE)
