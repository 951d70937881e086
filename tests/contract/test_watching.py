"""Watching, on every backend: each change once, from the cursor on, whoever made it."""

from __future__ import annotations

import asyncio

import pytest

from redis_crdt import memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import FeedTrimmed, InvalidCursor, InvalidSetting
from tests.contract.seam import START, Regions, contains, settled, watched


async def test_changes_of_a_replica(region: Regions) -> None:
    eu = region("eu")
    peer = memory.Replica(replica_id="peer", shards=eu.shards)
    await settled(eu.or_set("{x}:tasks", str).add("t1"))
    await settled(eu.lww_map("{x}:status").set("a", "busy"))
    await settled(eu.g_counter("{x}:done").increment())
    peer.or_set("{x}:tasks", str).add("t2")
    await settled(eu.pull(peer))
    start = ",".join([START] * eu.shards)
    changes = await watched(eu.watch(start, timeout=0.01))
    assert [(c.collection, c.kind, c.key, c.source) for c in changes] == [
        ("{x}:tasks", "or_set", "t1", None),
        ("{x}:status", "lww_map", "a", None),
        ("{x}:done", "g_counter", "eu", None),
        ("{x}:tasks", "or_set", "t2", "peer"),
    ]
    assert [c.time for c in changes] == sorted(c.time for c in changes)


async def test_changes_of_one_collection(region: Regions) -> None:
    eu = region("eu")
    numbers = eu.or_set("numbers", int)
    await settled(numbers.add(1))
    await settled(eu.or_set("other", int).add(2))
    await settled(numbers.remove(1))
    assert [c.key for c in await watched(numbers.watch(START, timeout=0.01))] == [1, 1]


async def test_a_watch_goes_on_after_each_of_its_changes(region: Regions) -> None:
    """Also in the middle of what was written at once."""
    eu = region("eu")
    tasks = eu.or_set("tasks", int)
    await settled(tasks.update(range(700)))
    await settled(tasks.add(700))
    all_of_it = await watched(tasks.watch(START, timeout=0.01))
    assert [c.key for c in all_of_it] == list(range(701))
    for at in (0, 1, 255, 256, 499, 500, 699):
        rest = await watched(tasks.watch(all_of_it[at].cursor, timeout=0.01))
        assert [c.key for c in rest] == list(range(at + 1, 701))


async def test_changes_by_parts(region: Regions) -> None:
    """From now on, with a cursor also where there is nothing, and none left out."""
    eu = region("eu")
    tasks = eu.or_set("tasks", int)
    await settled(tasks.add(-1))
    none, cursor = await settled(eu.changes())
    assert none == []
    await settled(tasks.update(range(700)))
    found: list[int] = []
    while part := await settled(eu.changes(cursor, 300)):
        changes, cursor = part
        if not changes:
            break
        assert len(changes) <= 300
        found += [change.key for change in changes]
    assert found == list(range(700))
    none, same = await settled(eu.changes(cursor, timeout=0.01))
    assert (none, same) == ([], cursor)
    await settled(tasks.add(700))
    assert [c.key for c in (await settled(eu.changes(same, timeout=None))).changes] == [700]
    cursor = (await settled(eu.changes(same))).cursor
    await settled(tasks.add(701, ttl=0.001))
    assert [c.key for c in (await settled(eu.changes(cursor, timeout=None))).changes] == [701]
    while await contains(tasks, 701):
        pass
    cursor = (await settled(eu.changes(cursor))).cursor
    assert (await settled(eu.changes(cursor, timeout=0.01))).changes == []
    for limit in (0, True, 1.5):
        with pytest.raises(InvalidSetting, match="limit: at least 1"):
            await settled(eu.changes(cursor, limit))
    with pytest.raises(InvalidCursor):
        await settled(eu.changes("no cursor"))


async def test_a_watch_begins_now(region: Regions) -> None:
    tasks = region("eu").or_set("tasks", str)
    await settled(tasks.add("before"))
    assert await watched(tasks.watch(timeout=0.01)) == []


async def test_a_change_wakes_a_watcher(region: Regions) -> None:
    eu = region("eu")
    tasks = eu.or_set("tasks", str)
    await settled(tasks.add("first"))
    if isinstance(eu, AsyncReplica):
        watching = tasks.watch(START)
        assert (await anext(watching)).key == "first"
        waiting = asyncio.create_task(anext(watching))
        await tasks.add("second")
        assert (await waiting).key == "second"
        await watching.aclose()
    else:
        watching = tasks.watch(START)
        assert next(watching).key == "first"
        waiting_ = asyncio.get_running_loop().run_in_executor(None, next, watching)
        tasks.add("second")
        assert (await waiting_).key == "second"


async def test_a_feed_that_no_longer_reaches_back(region: Regions) -> None:
    eu = region("eu", feed_limit=8)
    tasks = eu.or_set("tasks", int)
    for i in range(50):
        await settled(tasks.add(i))
    with pytest.raises(FeedTrimmed, match="read the state anew"):
        await watched(tasks.watch(START, timeout=0.01))


async def test_a_cursor_names_the_life_that_it_is_of(region: Regions) -> None:
    """Over a reset, changes would else be passed over in silence, for clocks go on."""
    eu = region("eu")
    tasks = eu.or_set("tasks", str)
    await settled(tasks.add("before"))
    (change,) = await watched(tasks.watch(START, timeout=0.01))
    assert "@eu#" in change.cursor
    assert await watched(tasks.watch(change.cursor, timeout=0.01)) == []
    await settled(eu.reset())
    await settled(tasks.add("after"))
    with pytest.raises(FeedTrimmed, match="begun anew"):
        await watched(tasks.watch(change.cursor, timeout=0.01))
    everything = ",".join([change.cursor] * eu.shards)
    with pytest.raises(FeedTrimmed, match="begun anew"):
        await watched(eu.watch(everything, timeout=0.01))
    assert [c.key for c in await watched(tasks.watch(START, timeout=0.01))] == ["after"]


async def test_a_change_that_does_not_fit_can_be_passed(region: Regions) -> None:
    eu = region("eu")
    numbers = eu.or_set("numbers", int)
    await settled(numbers.add(1))
    await settled(eu.or_set("numbers", str).add("poison"))
    await settled(numbers.add(2))
    changes = await watched(numbers.watch(START, timeout=0.01))
    assert [change.key for change in changes] == [1, None, 2]
    assert [change.problem is None for change in changes] == [True, False, True]
    assert "poison" in str(changes[1].problem)
    rest = await watched(numbers.watch(changes[1].cursor, timeout=0.01))
    assert [change.key for change in rest] == [2]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1-1,2-2", "1-1/x", "-", "1-1@", "1-1@a b"])
async def test_what_is_no_cursor(region: Regions, cursor: str) -> None:
    eu = region("eu")
    with pytest.raises(InvalidCursor):
        await watched(eu.watch(cursor, timeout=0.01))
