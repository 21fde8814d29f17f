"""A digest over 100,000 incidents and 2,000,000 timeline entries: all queries and sums, for windows of 1 to 52 weeks.

The record is made by the database itself, in bulk: two years of incidents of 40 AI systems, one confirmed assessment
and 20 timeline entries each, 60 of them open, some private, some exercises; requests of each system for each day.
"""

import statistics
import time
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from bot.digest.assemble import Rules, assemble
from bot.settings import Settings
from incidents.db import make_engine, reading
from incidents.digest_rows import Scope
from incidents.periods import Period
from playbooks.programme import load_rules
from playbooks.scenario import load_scenarios
from severity.policy import load_policy
from tests.benchmarks.table import Row, of_milliseconds
from tests.benchmarks.worlds import databases

INCIDENTS, ENTRIES, SYSTEMS, DAYS = 100_000, 20, 40, 728
TODAY = date(2026, 11, 16)
WEEKS = (1, 13, 26, 52)
TIMES = 9
TARGET = 300  # ms, of the weekly one


def run() -> list[Row]:
    """Rows for each database."""
    rows = []
    with databases() as urls:
        for name, url in urls.items():
            engine = make_engine(url)
            fill(engine)
            rows += _measure(name, engine)
            engine.dispose()
    return rows


def _measure(name: str, engine: Engine) -> list[Row]:
    policy, settings = load_policy(), Settings(_env_file=None)  # type: ignore[call-arg]
    weights = {str(severity): weight for severity, weight in settings.digest_weights.items()}
    rules = Rules(policy.targets, weights, settings.digest_min_cell, load_rules(), load_scenarios(), str)
    rows, medians = [], {}
    for weeks in WEEKS:
        period = Period(TODAY - timedelta(weeks=weeks), TODAY, "Europe/Berlin", "weekly" if weeks == 1 else None)
        taken = []
        for _ in range(TIMES):
            with reading(engine) as session:
                began = time.perf_counter()
                digest = assemble(session, period, Scope("T0SANDBOX1"), "team", rules, datetime.now(UTC))
                taken.append((time.perf_counter() - began) * 1000)
        assert digest.counts.total
        medians[weeks] = statistics.median(taken)
        said = f"digest, {name}, {weeks} week{'s' if weeks > 1 else ''} ({digest.counts.total:,} incidents)"
        rows.append(of_milliseconds(said, taken, TARGET if weeks == 1 else None))
    growth = medians[52] / medians[13]
    rows.append(Row(f"digest, {name}: 52 weeks over 13 weeks, at most linear", growth, "times", 4))
    return rows


def fill(engine: Engine) -> None:
    """The record, in a few statements."""
    postgres = engine.dialect.name == "postgresql"
    with engine.begin() as connection:
        for statement in _statements(postgres):
            connection.execute(sa.text(statement))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if postgres else "ANALYZE")


def _statements(postgres: bool) -> list[str]:
    end = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    json = "::jsonb" if postgres else ""

    def series(count: int) -> str:
        if postgres:
            return f"(SELECT n FROM generate_series(1, {count}) AS n) AS s"
        return f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < {count}) SELECT n FROM c) AS s"

    def at(seconds: str) -> str:
        """A moment, `seconds` (SQL) before the end."""
        if postgres:
            return f"(timestamptz '{end.isoformat()}' - ({seconds}) * interval '1 second')"
        return f"strftime('%Y-%m-%d %H:%M:%f000', {end.timestamp():.0f} - ({seconds}), 'unixepoch')"

    def day(days: str) -> str:
        return f"(date '{TODAY}' - ({days}))" if postgres else f"date('{TODAY}', '-' || ({days}) || ' days')"

    words = """'{"id": "system-' || (n - 1) || '", "name": "System", "owner": "U0RAILEAD1", "tier": 1}'"""
    entry = f"({words}){json}"
    true, false = ("true", "false") if postgres else ("1", "0")
    # A multiplier that shares no factor with the number spreads the incidents over the two years in no order.
    ago = f"((n * 7919) % {DAYS * 86400})"
    system = f"'system-' || (n % {SYSTEMS})"
    return [
        f"INSERT INTO systems (id, name, owner, tier, entry, loaded_at) SELECT 'system-' || (n - 1), 'System',"
        f" 'U0RAILEAD1', 1, {entry}, {at('0')} FROM {series(SYSTEMS)}",
        "INSERT INTO incidents (id, declare_key, team_id, kind, status, title, description, system_id, reporter,"
        " private, invited, ongoing, harm_classes, suggestion, severity, severity_provisional, onset_at, detected_at,"
        " declared_at, acknowledged_at, mitigated_at, resolved_at)"
        f" SELECT n, 'bench:' || n, 'T0SANDBOX1', CASE WHEN n % 33 = 0 THEN 'exercise' ELSE 'real' END,"
        f" CASE WHEN n % 1667 = 1 THEN 'open' ELSE 'closed' END, 'Incident ' || n, 'What happened', {system}, 'U0S',"
        f" CASE WHEN n % 50 = 0 THEN {true} ELSE {false} END, '[]'{json}, 'no',"
        f" (CASE WHEN n % 5 = 0 THEN '[\"H4\", \"H6\"]' ELSE '[\"H' || (1 + n % 10) || '\"]' END){json}, '{{}}'{json},"
        " 'SEV' || (CASE WHEN n % 100 < 1 THEN 0 WHEN n % 100 < 8 THEN 1 WHEN n % 100 < 30 THEN 2 WHEN n % 100 < 70"
        f" THEN 3 ELSE 4 END), {false}, {at(ago + ' + 3600 + n % 7000')}, {at(ago + ' + 60')}, {at(ago)},"
        f" {at(ago + ' - n % 1200')}, {at(ago + ' - 1200 - n % 90000')}, {at(ago + ' - 92000 - n % 90000')}"
        f" FROM {series(INCIDENTS)}",
        "INSERT INTO assessments (incident_id, at, by, state, harm_classes, answers, computed_severity, severity, rule,"
        " because, materialised, policy_hash, confirmed_by, confirmed_at)"
        f" SELECT id, declared_at, 'U0RAILEAD1', 'confirmed', harm_classes, (CASE WHEN id % 9 = 0 THEN"
        f' \'{{"materialisation": "near_miss"}}\' ELSE \'{{"materialisation": "event"}}\' END){json}, severity,'
        f" severity, 'rule', 'because', {true}, '0', 'U0RAILEAD1', declared_at FROM incidents",
        "INSERT INTO timeline (incident_id, seq, at, recorded_at, kind, actor, text, data, prev_hash, hash)"
        " SELECT i.id, s.n, i.declared_at, i.declared_at, 'note', 'U0ONCALL01', 'What was done at this step', "
        f"'{{}}'{json}, '0', '1' FROM incidents i, {series(ENTRIES)}",
        f"INSERT INTO exposure (system_id, day, requests, source, recorded_at) SELECT y.id, {day('s.n')},"
        f" 100000 + s.n * 10, 'csv', {at('0')} FROM systems y, {series(DAYS)}",
        "INSERT INTO regulator_clocks (incident_id, clock, stage, state, because, proposed_at, conservative_at)"
        " SELECT id, 'eu-gdpr-33', 'notification', 'proposed', 'because', declared_at, declared_at FROM incidents"
        " WHERE status = 'open'",
    ]
