"""What every lever promises, asked of each kind against a service that keeps state."""

import contextlib
import dataclasses
import json
from abc import ABC, abstractmethod
from typing import Any

import pytest

from integrations.errors import OutsideServiceError
from integrations.rollback.base import Drifted, Outcome, Plan, Target, TargetError
from integrations.rollback.kinds import build_target


class Lever(ABC):
    """One kind, its service, and somebody else who can move the same lever.

    `before` and `after` are what a plan says; `newer` is a third state, or None where there are only two.
    """

    before: str
    after: str
    newer: str | None

    @abstractmethod
    def entry(self) -> dict[str, Any]:
        """A complete entry of systems.yaml."""

    @abstractmethod
    def value(self) -> str:
        """The truth."""

    @abstractmethod
    def move(self, value: str) -> None:
        """Somebody else sets it."""

    @abstractmethod
    def changes(self) -> int:
        """How often we changed the world."""

    def lose(self) -> None:
        """The next change happens and its answer is lost."""
        pytest.skip("this lever has no answers to lose")

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        """The next change is refused."""
        pytest.skip("this lever is not refused over HTTP")

    def target(self, **changes: Any) -> Target:
        return build_target({**self.entry(), **changes})


def planned(target: Target) -> Plan:
    return target.plan(target.snapshot())


def until_done(target: Target, plan: Plan, key: str) -> Outcome | Drifted:
    """As the durable workflow does: again after trouble that may pass."""
    for _ in range(5):
        try:
            return target.execute(plan, key)
        except OutsideServiceError as error:
            if error.permanent:
                raise
    raise AssertionError("it never worked")


class Contract:
    """Inherit, and give a fixture `lever`."""

    def test_it_describes_itself_without_secrets(self, lever: Lever, token: str) -> None:
        target = lever.target()
        described = target.describe()
        assert described.kind == lever.entry()["kind"]
        assert described.what_it_does
        assert token not in repr(target)

    def test_a_plan_says_what_is_there_and_what_will_be(self, lever: Lever) -> None:
        plan = planned(lever.target())
        assert (plan.from_, plan.to) == (lever.before, lever.after)
        assert plan.blast_radius
        assert plan.dry_run
        assert lever.changes() == 0

    def test_a_snapshot_is_json_with_hashes_and_without_secrets(self, lever: Lever, token: str) -> None:
        snapshot = lever.target().snapshot()
        assert snapshot.hashes
        assert all(len(value) == 64 for value in snapshot.hashes.values())
        assert token not in json.dumps(dataclasses.asdict(snapshot))

    def test_a_rollback_changes_the_service_and_is_verified_there(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        outcome = target.execute(plan, "rollback-1-aa")
        assert isinstance(outcome, Outcome)
        assert outcome.changed
        assert lever.value() == lever.after
        assert target.verify(plan).ok, target.verify(plan).seen

    def test_before_the_change_it_is_not_verified_and_says_what_it_saw(self, lever: Lever) -> None:
        target = lever.target()
        seen = target.verify(planned(target))
        assert not seen.ok
        assert lever.before in seen.seen

    def test_the_same_key_changes_the_world_once(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        target.execute(plan, "rollback-1-aa")
        again = target.execute(plan, "rollback-1-aa")
        assert isinstance(again, Outcome)
        assert not again.changed
        assert lever.changes() == 1

    def test_an_undo_puts_it_back_and_a_late_retry_leaves_it_there(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        target.execute(plan, "rollback-1-aa")
        undone = target.undo(plan, "rollback-2-bb")
        assert isinstance(undone, Outcome)
        assert undone.changed
        assert lever.value() == lever.before
        late = target.execute(plan, "rollback-1-aa")
        assert isinstance(late, Outcome)
        assert not late.changed
        assert lever.value() == lever.before

    def test_after_an_undo_a_new_key_rolls_back_again(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        target.execute(plan, "rollback-1-aa")
        target.undo(plan, "rollback-2-bb")
        outcome = target.execute(plan, "rollback-3-cc")
        assert isinstance(outcome, Outcome)
        assert outcome.changed
        assert lever.value() == lever.after

    def test_already_rolled_back_by_somebody_else_stops(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        lever.move(lever.after)
        assert target.execute(plan, "rollback-1-aa") == Drifted(lever.before, lever.after, already=True)

    def test_a_newer_deploy_stops_and_is_left_alone(self, lever: Lever) -> None:
        if lever.newer is None:
            pytest.skip("this lever has two states only")
        target = lever.target()
        plan = planned(target)
        lever.move(lever.newer)
        assert target.execute(plan, "rollback-1-aa") == Drifted(lever.before, lever.newer)
        assert lever.value() == lever.newer

    def test_a_lost_answer_is_found_again_and_nothing_is_done_twice(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        lever.lose()
        outcome = until_done(target, plan, "rollback-1-aa")
        assert isinstance(outcome, Outcome), outcome
        assert lever.value() == lever.after
        assert lever.changes() == 1

    def test_after_a_lost_answer_a_person_who_moved_on_is_not_overruled(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        lever.lose()
        with contextlib.suppress(OutsideServiceError):  # a pipeline finds its run before it gives up
            target.execute(plan, "rollback-1-aa")
        lever.move(lever.newer or lever.before)
        target.execute(plan, "rollback-1-aa")
        assert lever.value() == (lever.newer or lever.before)
        assert lever.changes() == 1

    def test_a_limit_of_requests_says_how_long_to_wait(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        lever.refuse(429, {"Retry-After": "7"})
        with pytest.raises(OutsideServiceError) as caught:
            target.execute(plan, "rollback-1-aa")
        assert caught.value.retry_after == 7
        assert not caught.value.permanent
        outcome = until_done(target, plan, "rollback-1-aa")
        assert isinstance(outcome, Outcome)
        assert outcome.changed
        assert lever.changes() == 1

    def test_refused_rights_are_permanent_and_change_nothing(self, lever: Lever, token: str) -> None:
        target = lever.target()
        plan = planned(target)
        lever.refuse(403, {})
        with pytest.raises(OutsideServiceError) as caught:
            target.execute(plan, "rollback-1-aa")
        assert caught.value.permanent
        assert token not in str(caught.value)
        assert lever.value() == lever.before

    def test_a_plan_to_where_it_is_already_is_refused(self, lever: Lever) -> None:
        lever.move(lever.after)
        with pytest.raises(TargetError, match="change nothing"):
            planned(lever.target())
