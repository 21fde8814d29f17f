"""The inbox: saved before it is acknowledged, in one commit for many, and never twice."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from bot import inbox as inbox_
from bot.inbox import Full, Inbox, Item, mark_done, storable, waiting
from incidents.clock import travel
from incidents.db import reading, writing
from incidents.models import InboxItem

NASTY = '%_\' OR 1=1; -- \\u0000 \x00 \ud83d 😀 {"a": 1} \u202e ${x} $.a[*]'


def _item(key: str, **payload: Any) -> Item:
    return Item(key, "note", "T0SANDBOX1", "U0ONCALL01", payload)


def _saved(engine: Engine) -> dict[str, Any]:
    with reading(engine) as session:
        return {row.key: row.payload for row in session.scalars(sa.select(InboxItem))}


@pytest.fixture
def dispatched() -> list[str]:
    return []


@pytest.fixture
def inbox(engine: Engine, dispatched: list[str]) -> Iterator[Inbox]:
    """An inbox whose writer has not started yet."""
    made = Inbox(engine, lambda item: dispatched.append(item.key))
    yield made
    if made._thread.ident is not None:
        made.stop()


async def test_an_item_is_saved_before_put_returns_and_dispatched_after(
    engine: Engine, inbox: Inbox, dispatched: list[str]
) -> None:
    inbox.start()
    assert await inbox.put(_item("a", text="x"))
    assert _saved(engine) == {"a": {"text": "x"}}
    inbox.stop()
    assert dispatched == ["a"]


async def test_the_same_item_again_is_not_new_and_not_done_again(inbox: Inbox, dispatched: list[str]) -> None:
    inbox.start()
    assert await inbox.put(_item("a", text="first"))
    assert not await inbox.put(_item("a", text="second"))
    inbox.stop()
    assert dispatched == ["a"]


async def test_abuse_03_of_the_same_item_many_times_at_once_one_is_new(
    engine: Engine, inbox: Inbox, dispatched: list[str]
) -> None:
    many = [asyncio.create_task(inbox.put(_item("a", number=number))) for number in range(20)]
    await asyncio.sleep(0)  # all are queued: they make one batch
    inbox.start()
    assert sorted(await asyncio.gather(*many)) == [False] * 19 + [True]
    inbox.stop()
    assert dispatched == ["a"]
    assert len(_saved(engine)) == 1


async def test_what_waits_together_is_one_commit(engine: Engine, inbox: Inbox) -> None:
    commits: list[None] = []
    sa.event.listen(engine, "commit", lambda _: commits.append(None))
    tasks = [asyncio.create_task(inbox.put(_item(f"k{number}"))) for number in range(150)]
    await asyncio.sleep(0)
    inbox.start()
    assert all(await asyncio.gather(*tasks))
    assert len(commits) == 1
    assert len(_saved(engine)) == 150


async def test_a_full_inbox_says_so_and_loses_nothing_it_took(
    engine: Engine, dispatched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_, "CAPACITY", 3)
    inbox = Inbox(engine, lambda item: dispatched.append(item.key))
    taken = [asyncio.create_task(inbox.put(_item(f"k{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await inbox.put(_item("one too many"))
    inbox.start()
    assert all(await asyncio.gather(*taken))
    inbox.stop()
    assert sorted(_saved(engine)) == sorted(dispatched) == ["k0", "k1", "k2"]


async def test_a_sender_who_gives_up_does_not_stop_the_writer(inbox: Inbox, dispatched: list[str]) -> None:
    impatient = asyncio.create_task(inbox.put(_item("gone")))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    inbox.start()
    assert await inbox.put(_item("patient"))
    inbox.stop()
    assert dispatched == ["patient"]


async def test_a_database_that_fails_is_told_to_every_sender_and_the_writer_lives(
    engine: Engine, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(
            inbox, "_insert", lambda items: (_ for _ in ()).throw(sa.exc.OperationalError("", {}, OSError()))
        )
        inbox.start()
        with pytest.raises(sa.exc.OperationalError):
            await inbox.put(_item("a"))
    assert await inbox.put(_item("a"))


async def test_stopping_saves_what_is_queued(engine: Engine, inbox: Inbox) -> None:
    tasks = [asyncio.create_task(inbox.put(_item(f"k{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    inbox.start()
    await asyncio.to_thread(inbox.stop)
    assert all(await asyncio.gather(*tasks))
    assert len(_saved(engine)) == 5


async def test_senders_of_many_threads_are_all_served(engine: Engine, inbox: Inbox) -> None:
    inbox.start()
    new: list[bool] = []

    def send(worker: int) -> None:
        async def burst() -> list[bool]:
            return await asyncio.gather(*(inbox.put(_item(f"{worker}/{number}")) for number in range(20)))

        new.extend(asyncio.run(burst()))

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join, 30)
    assert new == [True] * 80
    assert len(_saved(engine)) == 80


async def test_abuse_39_any_text_in_a_payload_is_saved_and_spoils_no_other_item(engine: Engine, inbox: Inbox) -> None:
    tasks = [
        asyncio.create_task(inbox.put(item))
        for item in (_item("nasty", text=NASTY, values={NASTY: [NASTY, {"deep": NASTY}]}), _item("plain", text="x"))
    ]
    await asyncio.sleep(0)
    inbox.start()
    assert all(await asyncio.gather(*tasks))
    kept = NASTY.replace("\x00", "").replace("\ud83d", "?")
    assert _saved(engine) == {
        "nasty": {"text": kept, "values": {kept: [kept, {"deep": kept}]}},
        "plain": {"text": "x"},
    }


def test_what_can_be_stored_is_left_as_it_is() -> None:
    value = {"a": [1, 2.5, None, True, "ä😀\u202e\ufffd%"], "b": {}}
    assert storable(value) == value


async def test_only_old_items_that_nobody_finished_wait(engine: Engine, inbox: Inbox) -> None:
    inbox.start()
    for key in ("done", "open"):
        await inbox.put(_item(key, text=key))
    with writing(engine) as session:
        mark_done(session, "done")
    with reading(engine) as session:
        assert waiting(session, 5) == []
    with travel(timedelta(seconds=6)), reading(engine) as session:
        assert waiting(session, 5) == [_item("open", text="open")]
