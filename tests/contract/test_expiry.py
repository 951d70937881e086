"""What is written with a deadline: gone for all readers of a region, with nothing said about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.core.clock import wall_clock
from redis_crdt.errors import InvalidValue
from tests.contract.seam import (
    START,
    Regions,
    contains,
    in_batch,
    items,
    settled,
    size,
    watched,
)
from tests.contract.steps import elements, in_step

SHORT = 0.15
LONG = 1000


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something holds."""
    for _ in range(500):
        if await holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to be")


def put(collection: Any, item: str, **options: Any) -> Any:
    """Add an element, or write a key."""
    if hasattr(collection, "add"):
        return collection.add(item, **options)
    return collection.set(item, 1, **options)


async def gone(collection: Any, item: Any) -> None:
    """Wait until an element or key is not there any more."""

    async def is_gone() -> bool:
        return not await contains(collection, item)

    await until(is_gone)


async def test_an_element_is_there_until_its_deadline(region: Regions) -> None:
    s = region("a").or_set("s", str)
    await settled(s.add("before"))
    await settled(s.update(["short", "shorter"], ttl=timedelta(seconds=SHORT)))
    await settled(s.add("long", ttl=LONG))
    await settled(s.add("after"))
    await gone(s, "short")
    assert await settled(s.get_elements()) == {"before", "long", "after"}
    assert await size(s) == 3
    assert await settled(s.contains_many(["short", "long"])) == [False, True]
    assert await settled(s.remove("short")) is False
    assert 0 < await settled(s.ttl("long")) <= LONG
    assert await settled(s.ttl("after")) is None
    with pytest.raises(KeyError):
        await settled(s.ttl("short"))
    assert await settled(s.removed.size()) == 0


async def test_elements_that_expire_are_removed_as_others_are(region: Regions) -> None:
    s = region("a").or_set("s", str)
    await settled(s.update(["x", "y", "z"], ttl=LONG))
    assert await settled(s.remove("x")) is True
    assert await settled(s.remove_all(["x", "y"])) == 1
    assert await settled(s.pop()) == "z"
    with pytest.raises(KeyError):
        await settled(s.pop())
    await settled(s.update(["x", "y", "z"], ttl=LONG))
    await settled(s.clear())
    assert await size(s) == 0
    assert await settled(s.get_elements()) == set()


async def test_the_dead_are_never_popped(region: Regions) -> None:
    s = region("a").or_set("s", str)
    await settled(s.update(map(str, range(40)), ttl=SHORT))
    await settled(s.add("left"))
    await gone(s, "0")
    assert await settled(s.pop()) == "left"
    with pytest.raises(KeyError):
        await settled(s.pop())


async def test_of_those_who_set_a_default_one_has_it_for_a_while(region: Regions) -> None:
    m = region("a").lww_map("m", str)
    assert await settled(m.setdefault("lease", "ann", ttl=LONG)) == "ann"
    assert await settled(m.setdefault("lease", "ben", ttl=1)) == "ann"
    assert 1 < await settled(m.ttl("lease")) <= LONG
    await settled(m.set("lease", "ann", ttl=SHORT))
    await gone(m, "lease")
    assert await settled(m.setdefault("lease", "ben", ttl=SHORT)) == "ben"
    await gone(m, "lease")
    assert await settled(m.setdefault("lease", "cem")) == "cem"
    assert await settled(m.ttl("lease")) is None
    for ttl in (0, -1, "1"):
        with pytest.raises(InvalidValue):
            await settled(m.setdefault("lease", "ann", ttl=ttl))


async def test_a_deadline_is_put_off_and_taken_away(region: Regions) -> None:
    s, m = region("a").or_set("s", str), region("a").lww_map("m", int)
    for collection in (s, m):
        for item in ("put off", "kept"):
            await settled(put(collection, item, ttl=2))
    await settled(s.add("mark", ttl=2.2))
    for collection in (s, m):
        assert await settled(collection.expire("put off", LONG)) is True
        assert await settled(collection.persist("kept")) is True
        assert await settled(collection.expire("absent", LONG)) is False
        assert await settled(collection.persist("absent")) is False
    await gone(s, "mark")
    assert await settled(s.get_elements()) == {"put off", "kept"}
    assert await items(m) == {"put off": 1, "kept": 1}
    for collection in (s, m):
        assert await settled(collection.ttl("kept")) is None
        assert await settled(collection.expire("kept", SHORT)) is True
        await gone(collection, "kept")
        assert await settled(collection.persist("kept")) is False


async def test_a_key_is_there_until_its_deadline(region: Regions) -> None:
    m = region("a").lww_map("m", int)
    await settled(m.set("before", 0))
    await settled(m.set("short", 1, ttl=SHORT))
    await settled(m.set("long", 2, ttl=LONG))
    assert await settled(m.setdefault("long", 5)) == 2
    await gone(m, "short")
    assert await settled(m.get("short")) is None
    assert await items(m) == await settled(m.to_dict()) == {"before": 0, "long": 2}
    assert await size(m) == 2
    assert await settled(m.get_many(["short", "long"])) == {"long": 2}
    assert await settled(m.pop("short", None)) is None
    assert await settled(m.delete("short")) is False
    assert await settled(m.setdefault("short", 3)) == 3
    assert await settled(m.pop("long")) == 2
    assert await settled(m.delete("before")) is True
    assert await settled(m.popitem()) == ("short", 3)
    with pytest.raises(KeyError):
        await settled(m.popitem())


async def test_what_has_expired_is_told_to_nobody(region: Regions) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.or_set("s").update(["x", "y"], ttl=SHORT))
    await settled(b.lww_map("m").set("k", 1, ttl=SHORT))
    await in_step(a, b, c)
    for replica in (a, b, c):
        await gone(replica.or_set("s"), "x")
        await gone(replica.lww_map("m"), "k")
    for one in (a, b, c):
        for other in (a, b, c):
            if one is not other:
                assert (await settled(one.pull(other))).entries == 0
        assert await settled(one.or_set("s").removed.size()) == 0
        assert await elements(one) == set()


async def test_of_concurrent_deadlines_the_latest_holds(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.or_set("s").add("x", ttl=SHORT))
    await settled(b.or_set("s").add("x", ttl=LONG))
    await settled(a.lww_map("m").set("k", "short", ttl=LONG))
    await settled(b.lww_map("m").set("k", "for ever"))
    await settled(a.or_set("s").add("mark", ttl=2 * SHORT))
    await in_step(a, b)
    await gone(a.or_set("s"), "mark")
    for replica in (a, b):
        assert await elements(replica) == {"x"}
        assert await settled(replica.lww_map("m").ttl("k")) is None


async def test_the_latest_of_the_values_that_live_is_read(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.lww_map("m").set("k", "lasting"))
    began = wall_clock()
    while wall_clock() <= began + 1:
        pass
    await settled(b.lww_map("m").set("k", "latest", ttl=3 * SHORT))
    await in_step(a, b)

    for replica in (a, b):
        m = replica.lww_map("m")

        async def is_lasting(m: Any = m) -> bool:
            return bool(await settled(m.get("k")) == "lasting")

        await until(is_lasting)
        assert await items(m) == {"k": "lasting"}


async def test_what_was_replaced_does_not_come_back(region: Regions) -> None:
    """Something for ever, replaced by something short: a region that was away has the former."""
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.or_set("s").add("x"))
    await in_step(a, b, c)
    await settled(a.or_set("s").add("x", ttl=SHORT))
    await settled(a.sync(b))
    await gone(a.or_set("s"), "x")
    await gone(b.or_set("s"), "x")
    await in_step(b, c, a)
    for replica in (a, b, c):
        await gone(replica.or_set("s"), "x")


async def test_a_removal_holds_against_what_would_live_longer(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.or_set("s").add("x", ttl=LONG))
    await settled(a.sync(b))
    await settled(b.or_set("s").remove("x"))
    await settled(a.sync(b))
    assert await elements(a) == await elements(b) == set()
    await settled(a.or_set("s").add("x", ttl=LONG))
    await settled(a.sync(b))
    assert await elements(a) == await elements(b) == {"x"}


async def test_dumps_have_deadlines(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.or_set("s", str).update(["short", "long"], ttl=LONG))
    await settled(a.or_set("s", str).expire("short", SHORT))
    dump = await settled(a.or_set("s", str).dump())
    b_set = await settled(b.or_set("s", str).merge(dump))
    merged = memory.ORSet(str, replica_id="m").merge(dump)
    await gone(b_set, "short")
    assert await settled(b_set.get_elements()) == {"long"}
    assert 0 < await settled(b_set.ttl("long")) <= LONG
    await gone(merged, "short")
    assert merged == {"long"}
    # Long after, an old dump brings nothing of it back.
    b_set = await settled(b.or_set("s", str).merge(dump))
    assert await settled(b_set.get_elements()) == {"long"}


@pytest.mark.parametrize("ttl", [0, -1, True, "1", float("nan"), 1e30, timedelta(0)])
async def test_what_is_no_time_to_live_changes_nothing(region: Regions, ttl: Any) -> None:
    a = region("a")
    with pytest.raises(InvalidValue):
        await settled(a.or_set("s").add("x", ttl=ttl))
    with pytest.raises(InvalidValue):
        await settled(a.lww_map("m").set("k", 1, ttl=ttl))
    assert await size(a.or_set("s")) == await size(a.lww_map("m")) == 0


async def test_batches_take_deadlines(region: Regions) -> None:
    a = region("a")
    s, m = a.or_set("{b}s", str), a.lww_map("{b}m", int)
    n = a.g_counter("{b}n")
    await settled(s.add("there", ttl=LONG))

    def record(batch: Any) -> Any:
        sets, maps = batch.on(s), batch.on(m)
        sets.add("x", ttl=2)
        sets.add("for ever")
        sets.add("y", ttl=LONG)
        gone = sets.remove("there")
        removed = sets.remove("y")
        sets.add("z", ttl=LONG)
        sets.add("z")
        maps.set("k", 1, ttl=2)
        maps.set("l", 1)
        maps.set("l", 2, ttl=LONG)
        held, absent = maps.expire("k", 3), maps.expire("none", 3)
        batch.on(n).increment(2)
        return gone, removed, held, absent

    results = await in_batch(a, record)
    assert [result.value for result in results] == [True, True, True, False]
    assert await settled(s.get_elements()) == {"x", "for ever", "z"}
    assert await items(m) == {"k": 1, "l": 2}
    assert await settled(s.ttl("z")) is None
    assert 3 < await settled(m.ttl("l")) <= LONG
    await gone(s, "x")
    await gone(m, "k")
    assert await settled(n.value()) == 2

    def record_more(batch: Any) -> None:
        batch.on(s).add("w")
        batch.on(s).add("v")
        batch.on(m).delete("l")

    await in_batch(a, record_more)
    assert await settled(s.get_elements()) == {"for ever", "z", "w", "v"}
    assert await items(m) == {}


async def test_watchers_are_told_of_what_expires(region: Regions) -> None:
    a = region("a")
    s, m = a.or_set("s", str), a.lww_map("m", int)
    await settled(s.add("old", ttl=LONG))
    start = START if a.shards == 1 else None
    if start is None:
        pytest.skip("a cursor of several shards")
    await settled(s.update(["x", "y"], ttl=SHORT))
    await settled(m.set("k", 1, ttl=2 * SHORT))
    await settled(s.add("z"))
    changes = await watched(a.watch(start, timeout=1.5))
    ended = {(c.collection, c.key) for c in changes if c.expired}
    assert ended == {("s", "x"), ("s", "y"), ("m", "k")}
    assert sum(c.expired for c in changes) == 3
    # Of one collection; and what has expired in the last minute, to one who goes on.
    changes = await watched(m.watch(start, timeout=0.3))
    assert [(c.key, c.expired) for c in changes] == [("k", False), ("k", True)]
    again = await watched(m.watch(changes[-1].cursor, timeout=0.3))
    assert [(c.key, c.expired) for c in again] == [("k", True)]
