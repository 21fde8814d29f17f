"""A system's risk tier: decided by a named person, kept beside the file, overdue after its time."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from recordkit import LEAD
from sqlalchemy.orm import Session

from incidents import inventory, tiering
from incidents.clock import now
from incidents.errors import Conflict, NotFound
from incidents.inventory import SystemEntry
from incidents.models import System, TierDecision
from severity.errors import ContentError
from severity.tiers import Outcome, load_tiers

TREE = load_tiers()
BOT = SystemEntry(id="support-bot", name="Support bot", owner=LEAD, regimes=("gdpr",))
MILD = {
    "practice": "none",
    "use": "staff_work",
    "people": "staff",
    "effect": "nuisance",
    "autonomy": "suggests",
    "data": "public",
    "reach": "team",
}


@pytest.fixture(autouse=True)
def stored(session: Session) -> None:
    inventory.store(session, [BOT])


def decide(session: Session, key: str = "view:1", **answers: str) -> Outcome:
    return tiering.decide(session, TREE, BOT.id, {**MILD, **answers}, TREE.hash, by=LEAD, key=key)


def found(session: Session) -> SystemEntry:
    entry = inventory.find(session, BOT.id)
    assert entry is not None
    return entry


def test_a_decision_is_kept_with_its_author_path_and_tree(session: Session) -> None:
    outcome = decide(session, data="sensitive")
    assert outcome.tier == 1
    [row] = session.query(TierDecision).all()
    assert (row.tier, row.decided_by, row.tree_hash) == (1, LEAD, TREE.hash)
    assert row.answers["data"] == "sensitive"
    assert row.outcome["because"] == ["data"]
    assert row.category == outcome.category.title


def test_the_inventory_carries_the_tier_and_its_date(session: Session) -> None:
    decide(session)
    assert (found(session).tier, found(session).tiered_at) == (3, now().date())
    assert session.get_one(System, BOT.id).tier == 3


def test_the_same_submit_decides_once(session: Session) -> None:
    decide(session)
    decide(session)
    assert session.query(TierDecision).count() == 1


def test_a_walk_that_is_not_finished_decides_nothing(session: Session) -> None:
    with pytest.raises(Conflict, match="Not all"):
        tiering.decide(session, TREE, BOT.id, {"practice": "none"}, TREE.hash, by=LEAD, key="k")
    assert session.query(TierDecision).count() == 0


def test_a_tree_that_changed_since_it_was_shown_decides_nothing(session: Session) -> None:
    with pytest.raises(Conflict, match="have changed"):
        tiering.decide(session, TREE, BOT.id, MILD, "0" * 64, by=LEAD, key="k")


def test_a_system_that_is_not_in_the_inventory_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        tiering.decide(session, TREE, "nobody-knows-it", MILD, TREE.hash, by=LEAD, key="k")


def test_loading_the_file_again_keeps_a_decision_it_does_not_know(session: Session) -> None:
    decide(session, data="sensitive")
    inventory.store(session, [BOT.model_copy(update={"tier": 3, "tiered_at": date(2020, 1, 1)})])
    assert found(session).tier == 1
    assert tiering.standing(session, TREE, found(session)).decided_by == LEAD


def test_a_file_with_a_later_date_wins(session: Session) -> None:
    decide(session, data="sensitive")
    later = now().date() + timedelta(days=1)
    inventory.store(session, [BOT.model_copy(update={"tier": 2, "tiered_at": later})])
    assert (found(session).tier, found(session).tiered_at) == (2, later)
    assert tiering.standing(session, TREE, found(session)).decided_by is None


def test_a_validation_holds_to_its_last_day_and_is_overdue_after_it(session: Session) -> None:
    decide(session)
    stands = tiering.standing(session, TREE, found(session))
    assert stands.revalidate_by == now().date() + timedelta(days=730)
    assert not stands.overdue(stands.revalidate_by)
    assert stands.overdue(stands.revalidate_by + timedelta(days=1))


def test_a_tier_without_a_date_counts_as_overdue(session: Session) -> None:
    assert tiering.standing(session, TREE, BOT.model_copy(update={"tier": 2})).overdue(now().date())


def test_a_system_without_a_tier_is_not_overdue_but_untiered(session: Session) -> None:
    stands = tiering.standing(session, TREE, BOT)
    assert stands.tier is None
    assert not stands.overdue(now().date())


def test_a_misspelt_regime_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "systems.yaml"
    file.write_text(
        "systems:\n  - id: a\n    name: A\n    owner: U0RAILEAD1\n    regimes:\n      - gdpr\n      - gpdr\n"
    )
    with pytest.raises(ContentError) as refused:
        inventory.load(file)
    assert "systems.yaml:7" in str(refused.value)
    assert "'gpdr' is no regime" in str(refused.value)


def test_none_says_that_no_regime_applies(tmp_path: Path) -> None:
    file = tmp_path / "systems.yaml"
    file.write_text("systems:\n  - {id: a, name: A, owner: U0RAILEAD1, regimes: [none]}\n")
    assert inventory.load(file)[0].regimes == ("none",)
