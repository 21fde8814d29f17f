"""What must never be true is refused by the database itself, whoever writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from recordkit import LEAD, ONCALL, REPORTER, open_one
from sqlalchemy.engine import Engine

from incidents import lifecycle, milestones
from incidents.clock import now
from incidents.db import reading, writing
from incidents.models import Assessment, Incident, Link, Milestone, RoleAssignment, TimelineEntry, Timer

EARLY, LATE = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC)


@pytest.fixture
def engine(shared: Engine) -> Engine:
    return shared


@pytest.fixture
def incident_id(engine: Engine, request: pytest.FixtureRequest) -> int:
    with writing(engine) as session:
        return open_one(session, f"declare:{request.node.name}").id


def _refused(engine: Engine, constraint: str, *rows: Any) -> None:
    """Both databases refuse the rows; PostgreSQL also names the constraint, SQLite its columns or its name."""

    def write() -> None:
        with writing(engine) as session:
            for row in rows:
                session.add(row)
                session.flush()

    with pytest.raises(sa.exc.IntegrityError, match=constraint):
        write()


def _set(engine: Engine, incident_id: int, **values: Any) -> None:
    with writing(engine) as session:
        session.execute(sa.update(Incident).where(Incident.id == incident_id).values(**values))


def _assessment(incident_id: int, **changed: Any) -> Assessment:
    values: dict[str, Any] = {
        "incident_id": incident_id,
        "at": EARLY,
        "by": ONCALL,
        "state": "proposed",
        "harm_classes": ["H4"],
        "answers": {},
        "computed_severity": "SEV2",
        "severity": "SEV2",
        "rule": "r",
        "because": "b",
        "policy_hash": "0" * 64,
    }
    return Assessment(**{**values, **changed})


def _link(incident_id: int, key: str, **changed: Any) -> Link:
    values = {
        "incident_id": incident_id,
        "kind": "channel",
        "key": f"{key}:{incident_id}",
        "external_id": key,
        "at": EARLY,
    }
    return Link(**{**values, **changed})


def _role(incident_id: int, user: str, **changed: Any) -> RoleAssignment:
    values = {"incident_id": incident_id, "role": "commander", "user": user, "assigned_by": user, "at": EARLY}
    return RoleAssignment(**{**values, **changed})


def _stamp(incident_id: int, **changed: Any) -> Milestone:
    values = {
        "incident_id": incident_id,
        "name": "onset",
        "at": EARLY,
        "recorded_at": LATE,
        "source": "button",
        "actor": ONCALL,
    }
    return Milestone(**{**values, **changed})


def test_mitigated_before_detected_is_refused(engine: Engine, incident_id: int) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="mitigated_after_detected"):
        _set(engine, incident_id, detected_at=LATE, mitigated_at=EARLY)


def test_mitigated_before_detected_is_taken_from_somebody_who_put_their_name_to_it(
    engine: Engine, incident_id: int
) -> None:
    _set(engine, incident_id, detected_at=LATE, mitigated_at=EARLY, times_confirmed_by=LEAD)
    with reading(engine) as session:
        incident = session.get_one(Incident, incident_id)
        assert milestones.times(incident).ttm == timedelta(0), "a measured time is never negative"


@pytest.mark.parametrize(
    ("column", "value"), [("kind", "drill"), ("status", "ended"), ("severity", "SEV5"), ("title", "")]
)
def test_an_incident_holds_only_words_of_the_design(engine: Engine, incident_id: int, column: str, value: str) -> None:
    with pytest.raises(sa.exc.IntegrityError, match=f"ck_incidents_{column}"):
        _set(engine, incident_id, **{column: value})


def test_one_submit_opens_one_incident(engine: Engine, incident_id: int) -> None:
    with reading(engine) as session:
        row = session.get_one(Incident, incident_id)
        twin = {column.key: getattr(row, column.key) for column in sa.inspect(Incident).columns if column.key != "id"}
    _refused(engine, "declare_key", Incident(**twin))


def test_an_incident_of_an_unknown_system_is_refused(engine: Engine, incident_id: int) -> None:
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"):
        _set(engine, incident_id, system_id="not-in-the-inventory")


def test_two_open_channels_are_refused_and_a_closed_one_makes_room(engine: Engine, incident_id: int) -> None:
    _refused(engine, "links", _link(incident_id, "c1"), _link(incident_id, "c2"))
    with writing(engine) as session:
        session.add_all([_link(incident_id, "c1", closed_at=LATE), _link(incident_id, "c2")])
    with reading(engine) as session:
        found = lifecycle.link(session, incident_id, "channel")
        assert found is not None
        assert found.external_id == "c2"


def test_two_pages_of_one_incident_are_fine(engine: Engine, incident_id: int) -> None:
    with writing(engine) as session:
        session.add_all([_link(incident_id, "p1", kind="page"), _link(incident_id, "p2", kind="page")])


def test_an_idempotency_key_names_one_outside_object(engine: Engine, incident_id: int) -> None:
    _refused(engine, "links", _link(incident_id, "p1", kind="page"), _link(incident_id, "p1", kind="ticket"))


def test_a_role_has_one_holder_and_a_former_one_stays(engine: Engine, incident_id: int) -> None:
    _refused(engine, "roles", _role(incident_id, ONCALL), _role(incident_id, LEAD))
    with writing(engine) as session:
        session.add_all([_role(incident_id, ONCALL, ended_at=LATE), _role(incident_id, LEAD)])
    with reading(engine) as session:
        assert lifecycle.holders(session, incident_id) == {"commander": LEAD}


def test_a_milestone_has_one_current_stamp_and_a_superseded_one_stays(engine: Engine, incident_id: int) -> None:
    _refused(engine, "milestones", _stamp(incident_id), _stamp(incident_id, at=LATE))
    with writing(engine) as session:
        session.add_all([_stamp(incident_id, superseded_at=LATE), _stamp(incident_id, at=LATE)])


def test_a_milestone_of_an_unknown_name_is_refused(engine: Engine, incident_id: int) -> None:
    _refused(engine, "ck_milestones_name", _stamp(incident_id, name="noticed"))


def test_confirmed_means_a_named_person(engine: Engine, incident_id: int) -> None:
    _refused(engine, "confirmed_by_someone", _assessment(incident_id, state="confirmed"))


def test_an_override_without_a_reason_is_refused(engine: Engine, incident_id: int) -> None:
    _refused(engine, "override_has_reason", _assessment(incident_id, severity="SEV4"))


def test_an_assessment_of_an_unknown_state_is_refused(engine: Engine, incident_id: int) -> None:
    _refused(engine, "ck_assessments_state", _assessment(incident_id, state="agreed"))


def test_a_timer_is_set_once_per_key(engine: Engine, incident_id: int) -> None:
    _refused(engine, "timers", Timer(kind="a", key="k", due_at=LATE), Timer(kind="b", key="k", due_at=LATE))


def test_two_timeline_entries_of_one_cause_are_refused(engine: Engine, incident_id: int) -> None:
    def entry(seq: int) -> TimelineEntry:
        return TimelineEntry(
            incident_id=incident_id,
            seq=seq,
            at=EARLY,
            recorded_at=EARLY,
            kind="note",
            actor=REPORTER,
            text="x",
            data={},
            key="same",
            prev_hash="0" * 64,
            hash="0" * 64,
        )

    _refused(engine, "timeline", entry(100), entry(101))


def test_a_naive_time_is_refused_everywhere(engine: Engine, incident_id: int) -> None:
    naive = _stamp(incident_id, at=datetime(2026, 3, 1, 10))  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="naive datetime refused"), writing(engine) as session:
        session.add(naive)


def test_a_time_of_another_zone_comes_back_as_the_same_moment_in_utc(engine: Engine, incident_id: int) -> None:
    berlin = datetime.fromisoformat("2026-03-29T03:30:00+02:00")
    with writing(engine) as session:
        session.add(_stamp(incident_id, at=berlin))
    with reading(engine) as session:
        found = milestones.current(session, incident_id, "onset")
        assert found is not None
        assert found.at == berlin
        assert found.at.utcoffset() == timedelta(0)


def test_microseconds_survive(engine: Engine, incident_id: int) -> None:
    moment = now().replace(microsecond=123457)
    with writing(engine) as session:
        session.add(_stamp(incident_id, at=moment))
    with reading(engine) as session:
        found = milestones.current(session, incident_id, "onset")
        assert found is not None
        assert found.at == moment
