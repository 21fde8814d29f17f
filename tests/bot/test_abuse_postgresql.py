"""The abuse cases that meet the database, once more with the bot's record in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa
from botkit import Scene, staged
from test_abuse_cases import (
    test_abuse_03_one_command_sent_at_once_many_times_is_done_once,
    test_abuse_03_one_press_sent_at_once_many_times_is_done_once,
    test_abuse_03_one_submit_sent_five_times_opens_one_incident,
    test_abuse_39_metacharacters_in_every_field_and_argument_are_kept_literally,
    test_abuse_44_a_retried_event_has_one_effect_and_is_acknowledged_in_time,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
AGAIN = (
    test_abuse_03_one_command_sent_at_once_many_times_is_done_once,
    test_abuse_03_one_press_sent_at_once_many_times_is_done_once,
    test_abuse_03_one_submit_sent_five_times_opens_one_incident,
    test_abuse_39_metacharacters_in_every_field_and_argument_are_kept_literally,
    test_abuse_44_a_retried_event_has_one_effect_and_is_acknowledged_in_time,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    admin = sa.create_engine(postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE abuse TEMPLATE template_rai")
    url = sa.make_url(postgres).set(database="abuse").render_as_string(hide_password=False)
    async with staged(tmp_path_factory.mktemp("world"), url) as made:
        yield made
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE abuse WITH (FORCE)")
