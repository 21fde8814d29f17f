"""Alembic's environment: our tables only (DBOS keeps its own beside them)."""

from typing import Any

import sqlalchemy as sa
from alembic import context

import incidents.budgets
import incidents.exposure
import incidents.faq
import incidents.handoffs
import incidents.policies
import incidents.questions
import incidents.subscriptions
import playbooks.models
import playbooks.planning
import playbooks.solo
import postmortems.models
import runbooks.keeping
import runbooks.models
from incidents.db import make_engine
from incidents.models import Base

# Importing the rooms' tables puts them into one metadata.
assert incidents.budgets
assert incidents.exposure
assert incidents.faq
assert incidents.handoffs
assert incidents.policies
assert incidents.questions
assert incidents.subscriptions
assert playbooks.models
assert playbooks.planning
assert playbooks.solo
assert postmortems.models
assert runbooks.keeping
assert runbooks.models
target = Base.metadata


def ours(_object: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Whether a table belongs to us."""
    return not (kind == "table" and reflected and name not in target.tables)


def run() -> None:
    """Run the migrations in one transaction."""
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None
    engine = make_engine(url)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target,
            include_object=ours,
            compare_type=True,
            render_as_batch=connection.dialect.name == "sqlite",
            render_item=render,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def render(kind: str, item: Any, autogen: Any) -> str | bool:
    """Our own column types by their plain meaning, so that a migration does not depend on today's code."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


run()
