"""The digest's numbers on both databases: who is counted, what a sum is made of, and what is not shown."""

import csv
import json
import random
import statistics
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from digestkit import AS_OF, TEAM, WEEK, add, at, digest_of
from sqlalchemy.orm import Session

from bot.charts import alt_text, draw
from bot.digest.markdown import to_markdown
from bot.digest.value import Digest, Pointer, to_json
from bot.views.digest import digest_message
from incidents import archive, exposure, inventory
from incidents.digest_rows import Scope
from incidents.errors import BadInput
from incidents.exposure import Reading
from incidents.inventory import SystemEntry
from incidents.models import Assessment, Link, RegulatorClock
from incidents.periods import Period
from postmortems.models import Action
from sandbox.blocks import block_faults
from severity.levels import Severity
from severity.policy import load_policy

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "aiid" / "incidents.csv"


def everything_said(digest: Digest) -> str:
    """All forms of a digest at once."""
    message = digest_message(digest, ["https://files.example/trends.png"])
    return json.dumps(
        [to_json(digest), to_markdown(digest), message.text, message.blocks, message.plain, alt_text(digest)],
        default=str,
    )


def two_systems(session: Session) -> None:
    names = ("support-assistant", "loan-screening")
    inventory.store(session, [SystemEntry(id=name, name=name, owner="U0RAILEAD1") for name in names])


def test_the_first_day_counts_and_the_day_after_the_last_does_not(session: Session) -> None:
    for moment in (WEEK.start - timedelta(seconds=1), WEEK.start, WEEK.end - timedelta(seconds=1), WEEK.end):
        add(session, moment)
    counts = digest_of(session).counts
    assert (counts.total, counts.previous_total) == (2, 1)


def test_days_are_those_of_the_zone(session: Session) -> None:
    add(session, datetime(2026, 11, 8, 23, 30, tzinfo=UTC))  # Monday 00:30 in Berlin
    assert digest_of(session).counts.total == 0
    assert digest_of(session, Period(WEEK.first, WEEK.after, "Europe/Berlin", "weekly")).counts.total == 1


def test_abuse_43_exercises_and_tests_are_never_counted(session: Session) -> None:
    for kind in ("real", "exercise", "test"):
        add(session, at(10), kind=kind, status="open")
    digest = digest_of(session)
    assert digest.counts.total == digest.counts.open_now == digest.rates.last.incidents == 1


def test_abuse_26_a_private_incident_changes_nothing_in_any_form_of_the_digest(session: Session) -> None:
    two_systems(session)
    for day in (9, 10, 11):
        add(session, at(day), "SEV2", system_id="loan-screening")
    home = Pointer(None, "C0INCIDEN1", None)
    before = [
        everything_said(digest_of(session, audience=audience, home=home)) for audience in ("team", "organisation")
    ]
    secret = add(
        session,
        at(12),
        "SEV0",
        private=True,
        status="open",
        title="Hush-hush matter",
        description="Hush-hush matter",
        system_id="loan-screening",
        harm_classes=["H1"],
        detected_at=at(12),
        mitigated_at=at(13),
    )
    session.add(Link(incident_id=secret.id, kind="channel", key="x", external_id="C0SECRET01", at=AS_OF))
    session.add(
        RegulatorClock(
            incident_id=secret.id,
            clock="eu-gdpr-33",
            stage="notification",
            state="proposed",
            because="",
            proposed_at=AS_OF,
            conservative_at=at(14),
        )
    )
    session.add(
        Action(
            incident_id=secret.id,
            key="a",
            type="detect",
            title="Hush-hush action",
            owner="U0ONCALL01",
            due=date(2026, 11, 1),
            priority="high",
            state="open",
            created_by="U0RAILEAD1",
            created_at=AS_OF,
        )
    )
    session.flush()
    after = [everything_said(digest_of(session, audience=audience, home=home)) for audience in ("team", "organisation")]
    assert after == before


def test_abuse_16_another_workspaces_incidents_are_not_there(session: Session) -> None:
    add(session, at(10), team_id="T0FOREIGN1", status="open")
    assert everything_said(digest_of(session)) == everything_said(digest_of(session, scope=Scope(TEAM, ())))
    assert digest_of(session).counts.total == 0


def test_abuse_28_small_numbers_are_in_no_form_of_the_organisations_digest(session: Session) -> None:
    for severity, count in {"SEV1": 3, "SEV2": 11, "SEV3": 17, "SEV4": 4}.items():
        for _ in range(count):
            add(session, at(10), severity, title="Only three of these", status="open", mitigated_at=None)
    digest = digest_of(session, audience="organisation")
    assert digest.counts.total == 35
    assert digest.counts.by_severity == {"SEV0": None, "SEV1": None, "SEV2": 11, "SEV3": 17, "SEV4": None}
    assert digest.rates.hidden  # weeks before had none
    said = everything_said(digest)
    assert "Only three" not in said
    assert "INC-" not in said


def test_abuse_28_a_small_total_hides_everything_below_it(session: Session) -> None:
    for severity in ("SEV1", "SEV2", "SEV2", "SEV2"):
        add(session, at(10), severity)
    counts = digest_of(session, audience="organisation").counts
    assert counts.total is None
    assert set(counts.by_severity.values()) == set(counts.by_harm_class.values()) == {None}


def test_a_message_is_one_that_slack_takes_in_both_variants(session: Session) -> None:
    two_systems(session)
    for day in range(1, 15):
        add(
            session,
            at(day),
            f"SEV{day % 5}",
            title="<!channel> & <https://evil.example|Approve> *bold*" * 2,
            status="open" if day % 2 else "closed",
            detected_at=at(day),
            mitigated_at=at(day + 1),
            system_id="loan-screening",
        )
    for audience in ("team", "organisation"):
        message = digest_message(digest_of(session, audience=audience), ["https://files.example/a.png"], preview=True)
        assert block_faults(message.blocks, "message") == block_faults(message.plain, "message") == []
        assert "<!channel>" not in json.dumps([message.blocks, message.plain, message.text])


def test_there_are_always_three_sentences_and_the_most_urgent_is_named_and_linked(session: Session) -> None:
    quiet = digest_of(session)
    assert len(quiet.sentences) == 3
    incident = add(session, at(10), "SEV1", status="open", severity_provisional=True)
    session.add(
        Link(incident_id=incident.id, kind="channel", key="c", external_id="C0ROOM0001", url="https://w/c", at=AS_OF)
    )
    session.add(
        RegulatorClock(
            incident_id=incident.id,
            clock="eu-gdpr-33",
            stage="notification",
            state="proposed",
            because="",
            proposed_at=AS_OF,
            conservative_at=AS_OF - timedelta(hours=5),
        )
    )
    session.flush()
    digest = digest_of(session)
    changed, _, decide = digest.sentences
    assert changed.text.startswith("1 incident declared, 0 in the week before: no clear change")
    assert f"INC-{incident.id}" in decide.text
    assert "5 h 00 min ago" in decide.text
    assert decide.where is not None
    assert decide.where.url == "https://w/c"
    assert digest.open[0].clock == "the clock eu-gdpr-33"


def test_times_are_medians_over_the_known_and_targets_count_what_is_within(session: Session) -> None:
    for minutes in (30, 60, 600):
        add(session, at(10), "SEV1", detected_at=at(10), mitigated_at=at(10) + timedelta(minutes=minutes))
    add(session, at(10), "SEV1")  # nothing known
    digest = digest_of(session)
    assert digest.times["ttm"].median == 3600
    assert digest.times["ttm"].known == 3
    assert digest.times["ttd"].median is None
    target = digest.targets["SEV1"]["ttm"]
    assert (target.target, target.within, target.known) == (7200, 2, 3)
    assert digest.mitigation["SEV1"].median == 3600


def test_recurrence_is_the_same_system_and_class_again_within_91_days(session: Session) -> None:
    two_systems(session)
    add(session, WEEK.start - timedelta(days=80), system_id="loan-screening", harm_classes=["H2", "H4"])
    add(session, WEEK.start - timedelta(days=95), system_id="support-assistant", harm_classes=["H6"])
    add(session, at(9), system_id="loan-screening", harm_classes=["H4"])  # again
    add(session, at(10), system_id="support-assistant", harm_classes=["H6"])  # too long ago
    add(session, at(11), system_id="support-assistant", harm_classes=["H4"])  # another system
    add(session, at(12), system_id=None, harm_classes=["H4"])  # not known which system
    found = digest_of(session).recurrence
    assert (found.again, found.of) == (1, 3)
    assert found.classes == {"H4": (2, 1), "H6": (1, 0)}


def test_near_misses_and_hazards_are_what_somebody_confirmed(session: Session) -> None:
    for answer in ("near_miss", "hazard", "mechanism_worked", "issue", "event"):
        incident = add(session, at(10))
        session.add(
            Assessment(
                incident_id=incident.id,
                at=AS_OF,
                by="U",
                state="confirmed",
                harm_classes=["H4"],
                answers={"materialisation": answer},
                computed_severity="SEV3",
                severity="SEV3",
                rule="r",
                because="b",
                policy_hash="0",
                confirmed_by="U",
                confirmed_at=AS_OF,
            )
        )
    session.flush()
    counts = digest_of(session).counts
    assert (counts.near_misses, counts.hazards, counts.issues) == (1, 2, 1)


def test_the_rate_is_per_request_only_where_every_day_has_a_denominator(session: Session) -> None:
    two_systems(session)
    days = [WEEK.after - timedelta(days=n) for n in range(1, 26 * 7 + 1)]
    exposure.store(session, [Reading("loan-screening", day, 100_000) for day in days], "csv")
    exposure.store(session, [Reading("support-assistant", day, 10**9) for day in days if day.weekday() != 2], "csv")
    for week in range(20):
        add(session, WEEK.start - timedelta(weeks=week) + timedelta(days=1), "SEV1", system_id="loan-screening")
    add(session, at(10), "SEV0", system_id="support-assistant")
    rates = digest_of(session).rates
    assert rates.per_exposure
    assert rates.unit == "per million requests"
    assert rates.last.requests == 13 * 700_000
    assert rates.last.rate == pytest.approx(13 * 8 / (13 * 700_000) * 1_000_000)
    assert rates.left_out == 1
    assert rates.change is not None
    assert (rates.change.now, rates.change.before) == (13, 7)


def test_a_rise_is_called_one_only_when_the_test_rejects(session: Session) -> None:
    for _ in range(4):
        add(session, at(10))
    add(session, at(3))
    digest = digest_of(session)
    assert digest.change is not None
    assert digest.change.word == "no clear change"
    for _ in range(8):
        add(session, at(10))
    assert "12 incidents declared, 1 in the week before: rising" in digest_of(session).sentences[0].text


def test_the_same_numbers_give_the_same_picture_and_its_words_are_from_them(session: Session) -> None:
    for day in range(1, 15):
        add(session, at(day), "SEV2", detected_at=at(day), mitigated_at=at(day, 20))
    digest = digest_of(session)
    assert draw(digest) == draw(digest)
    assert draw(digest, stacked=True).startswith(b"\x89PNG")
    words = alt_text(digest)
    assert "SEV2 8 h 00 min of 1 d" in words
    assert len(words) < 2000


@pytest.mark.parametrize("seed", range(3))
def test_the_weekly_sums_are_those_of_a_plain_count(session: Session, seed: int) -> None:
    """The sums in SQL against counting in Python, over random records."""
    two_systems(session)
    dice = random.Random(seed)
    rows = []
    for _ in range(150):
        moment = WEEK.end - timedelta(seconds=dice.randrange(1, 30 * 7 * 86400))
        severity, classes = f"SEV{dice.randrange(5)}", dice.sample(["H1", "H2", "H10"], dice.randrange(3))
        private, kind = dice.random() < 0.2, dice.choice(["real", "real", "real", "exercise"])
        system = dice.choice([None, "loan-screening", "support-assistant"])
        add(session, moment, severity, private=private, kind=kind, harm_classes=classes, system_id=system)
        if not private and kind == "real":
            rows.append((moment, severity, classes))
    digest = digest_of(session, Period(WEEK.first, WEEK.after, "Europe/Berlin", "weekly"))
    for week, period in zip(digest.rates.weeks, digest.period.weeks(26), strict=True):
        inside = [severity for moment, severity, _ in rows if period.start <= moment < period.end]
        assert week.incidents == len(inside)
        assert week.weighted == sum(2 ** (4 - int(severity[3])) for severity in inside)
    inside = [row for row in rows if digest.period.start <= row[0] < digest.period.end]
    assert digest.counts.total == len(inside)
    only = digest_of(session, digest.period, scope=Scope(TEAM, (), ("H1",))).counts
    assert only.total == sum("H1" in classes for _, _, classes in inside)


@pytest.mark.parametrize("seed", range(3))
def test_the_weekly_rates_per_request_are_those_of_a_plain_count(session: Session, seed: int) -> None:
    """Incidents and requests of a system count in the weeks of which each day has a number, over random records."""
    two_systems(session)
    dice = random.Random(seed)
    days = [WEEK.after - timedelta(days=n) for n in range(1, 26 * 7 + 1)]
    said = [Reading("loan-screening", day, dice.randrange(1, 10**6)) for day in days]
    said += [Reading("support-assistant", day, dice.randrange(10**6)) for day in days if dice.random() < 0.9]
    exposure.store(session, said, "csv")
    rows = []
    for _ in range(150):
        moment = WEEK.end - timedelta(seconds=dice.randrange(1, 26 * 7 * 86400 - 7200))
        system = dice.choice([None, "loan-screening", "support-assistant"])
        add(session, moment, f"SEV{dice.randrange(5)}", system_id=system)
        rows.append((moment, system))
    period = Period(WEEK.first, WEEK.after, "Europe/Berlin", "weekly")
    rates = digest_of(session, period).rates
    assert rates.per_exposure
    for week, inside in zip(rates.weeks, period.weeks(26), strict=True):
        told = [each for each in said if inside.first <= each.day < inside.after]
        known = {name for name, count in Counter(each.system for each in told).items() if count == 7}
        assert week.requests == sum(each.requests for each in told if each.system in known)
        assert week.incidents == sum(inside.start <= at < inside.end and system in known for at, system in rows)
    in_weeks = sum(period.weeks(26)[0].start <= moment < period.end for moment, _ in rows)
    assert rates.left_out == in_weeks - sum(week.incidents for week in rates.weeks)


@pytest.mark.parametrize("seed", range(3))
def test_the_medians_taken_in_the_database_are_those_of_a_plain_sort(session: Session, seed: int) -> None:
    dice = random.Random(seed)
    taken: dict[str, list[float]] = {}
    for _ in range(60):
        severity = f"SEV{dice.randrange(4)}"
        seconds = dice.choice([0.0, 90.0, dice.randrange(10**6) / 1000])
        moment = WEEK.end - timedelta(days=dice.randrange(1, 90))
        private = dice.random() < 0.1
        add(
            session,
            moment,
            severity,
            detected_at=moment,
            mitigated_at=moment + timedelta(seconds=seconds),
            private=private,
        )
        if not private:
            taken.setdefault(severity, []).append(seconds)
    found = digest_of(session).mitigation
    assert {name: each.known for name, each in found.items()} == {
        name: len(values) for name, values in taken.items() if load_policy().targets[Severity(name)].mitigate
    }
    for name, each in found.items():
        assert each.median == pytest.approx(statistics.median(taken[name]), abs=0.002)


@pytest.fixture(scope="module")
def entries() -> list[archive.Archived]:
    """The AI Incident Database's snapshot."""
    if not ARCHIVE.exists():
        pytest.skip(f"the snapshot is not there: {ARCHIVE.name}")
    labels = ARCHIVE.with_name("classifications_CSETv1.csv").read_text(encoding="utf-8")
    return archive.read(ARCHIVE.read_text(encoding="utf-8"), labels, ARCHIVE.name)


def test_the_digest_of_the_archive_agrees_with_an_independent_query_in_every_number(
    session: Session, entries: list[archive.Archived]
) -> None:
    """The file's own rows say how many; plain SQL of our own, one statement a number, says the rest."""
    archive.load(session, entries, load_policy(), TEAM)
    first, after = date(2023, 7, 1), date(2024, 7, 1)
    before = first - (after - first)
    period = Period(first, after)
    digest = digest_of(session, period)
    with ARCHIVE.open(encoding="utf-8") as file:
        days = Counter(date.fromisoformat(row["date"]) for row in csv.DictReader(file))

    def declared(begin: date, end: date) -> int:
        return sum(count for day, count in days.items() if begin <= day < end)

    def rows(begin: date, end: date) -> list[tuple[str, list[str]]]:
        query = sa.text("SELECT declared_at, severity, harm_classes FROM incidents")
        found = []
        for moment, severity, classes in session.execute(query):
            day = date.fromisoformat(str(moment)[:10])
            if begin <= day < end:
                found.append((severity, json.loads(classes) if isinstance(classes, str) else classes))
        return found

    counts = digest.counts
    assert counts.total == declared(first, after) == len(rows(first, after))
    assert counts.previous_total == declared(before, first)
    for begin, end, severities, classes in (
        (first, after, counts.by_severity, counts.by_harm_class),
        (before, first, counts.previous_by_severity, counts.previous_by_harm_class),
    ):
        inside = rows(begin, end)
        assert {name: n for name, n in severities.items() if n} == Counter(severity for severity, _ in inside)
        named = Counter(name for _, held in inside for name in (held or ["unclassified"]))
        assert {name: n for name, n in classes.items() if n} == named
    for number, week in enumerate(digest.rates.weeks):
        begin = after - timedelta(weeks=26 - number)
        inside = rows(begin, begin + timedelta(weeks=1))
        assert week.first == begin
        assert week.incidents == len(inside) == declared(begin, begin + timedelta(weeks=1))
        assert week.weighted == sum(2 ** (4 - int(severity[3])) for severity, _ in inside)
    for window, begin in (
        (digest.rates.last, after - timedelta(weeks=13)),
        (digest.rates.before, after - timedelta(weeks=26)),
    ):
        inside = rows(begin, begin + timedelta(weeks=13))
        assert window is not None
        assert window.incidents == len(inside)
        assert window.rate == pytest.approx(sum(2 ** (4 - int(severity[3])) for severity, _ in inside) / 13)
    assert counts.open_now == 0
    assert all(time.median is None and time.known == 0 for time in digest.times.values())
    assert digest.recurrence.of == 0  # no incident of the archive names an AI system of an inventory
    everything = digest_of(session, Period(date(1980, 1, 1), date(2026, 1, 1))).counts
    with ARCHIVE.with_name("classifications_CSETv1.csv").open(encoding="utf-8") as file:
        said = Counter(row["Tangible Harm"] for row in csv.DictReader(file))
    assert everything.total == sum(days.values())
    assert everything.near_misses == said["imminent risk of tangible harm (near miss) did occur"]
    assert everything.issues == said["non-imminent risk of tangible harm (an issue) occurred"]
    assert everything.hazards == 0  # the labels know no hazards


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the archive is loaded on both above
def test_the_archive_is_refused_where_there_are_incidents(session: Session, entries: list[archive.Archived]) -> None:
    from incidents.errors import Conflict

    archive.load(session, entries[:1], load_policy(), TEAM)
    with pytest.raises(Conflict, match="nothing was imported"):
        archive.load(session, [], load_policy(), TEAM)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the archive is loaded on both above
def test_an_imported_incident_says_where_it_comes_from_and_who_labelled_it(
    session: Session, entries: list[archive.Archived]
) -> None:
    from incidents import timeline
    from incidents.models import Incident

    archive.load(session, [each for each in entries if each.id == 3], load_policy(), TEAM)
    incident = session.query(Incident).filter(Incident.declare_key == "aiid:3").one()
    assert incident.severity == "SEV0"  # 189 lives, by CSET's label
    assert incident.severity_provisional
    assert incident.status == "closed"
    assert incident.suggestion["imported"]["classes"]["H1"].startswith("CSET v1")
    imported, severity = timeline.entries(session, incident.id)
    assert "AI Incident Database, incident 3" in imported.text
    assert imported.source_url == "https://incidentdatabase.ai/cite/3"
    assert "confirmed by nobody" in severity.text
    assert timeline.verify(session, incident.id) is None


@pytest.mark.parametrize(("on_the_odd_days", "hidden"), [(1, True), (5, False)])
def test_abuse_28_a_quarter_less_its_last_thirteen_weeks_gives_no_small_number_away(
    session: Session, on_the_odd_days: int, hidden: bool
) -> None:
    quarter = Period(date(2026, 7, 1), date(2026, 10, 1), "UTC", "quarterly")  # 92 days: 13 weeks from 2 July
    for _ in range(10):
        add(session, at(10, month=8))
        add(session, at(10, month=5))
    for _ in range(on_the_odd_days):
        add(session, at(1, month=7))
        add(session, at(1, month=4))
    assert digest_of(session, quarter, "organisation").rates.hidden is hidden


def test_days_that_are_still_to_come_are_never_a_falling_number(session: Session) -> None:
    for _ in range(20):
        add(session, at(10))
    digest = digest_of(session, WEEK.following)  # as of its first day
    assert (digest.change, digest.rates.change) == (None, None)
    said = to_markdown(digest)
    assert "falling" not in said and "not over" in said


def test_a_file_that_is_no_readable_csv_is_refused_in_words() -> None:
    huge = "system,day,requests\n" + "x" * 200_000
    with pytest.raises(BadInput, match=r"requests\.csv, after line 1"):
        exposure.read_csv(huge, "requests.csv", ["chat"])
    with pytest.raises(BadInput, match="archive"):
        archive.read("incident_id,date,title,description\n" + "x" * 200_000, None, "archive.csv")


def test_a_young_record_says_since_when_it_counts_and_an_old_one_has_no_need_to(session: Session) -> None:
    add(session, at(10))
    said = "The record's first incident is of 2026-11-10"
    assert said in to_markdown(digest_of(session))
    assert digest_of(session, audience="organisation").began is None
    add(session, at(1, month=1))
    assert said not in to_markdown(digest_of(session))
