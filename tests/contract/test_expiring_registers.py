"""Registers whose value has a deadline: then they are unset, and what was before stays replaced."""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.errors import InvalidValue
from tests.contract.seam import START, Regions, in_batch, settled, watched
from tests.contract.test_expiry import LONG, SHORT, until


async def unset(register: Any) -> None:
    """Wait until there is no value."""

    async def is_unset() -> bool:
        return await settled(register.get()) is None

    await until(is_unset)


async def test_a_value_is_there_until_its_deadline(region: Regions) -> None:
    r = region("a").lww_register("r", str)
    await settled(r.set("before"))
    await settled(r.set("short", ttl=SHORT))
    await unset(r)
    assert await settled(r.timestamp) is None
    assert await settled(r.written_by) is None
    with pytest.raises(KeyError):
        await settled(r.ttl())
    assert await settled(r.expire(LONG)) is False
    assert await settled(r.persist()) is False
    await settled(r.set("a ~ in it", ttl=LONG))
    assert await settled(r.get()) == "a ~ in it"
    assert 0 < await settled(r.ttl()) <= LONG
    assert await settled(r.written_by) == "a"
    assert await settled(r.persist()) is True
    assert await settled(r.get()) == "a ~ in it"
    assert await settled(r.ttl()) is None
    assert await settled(r.expire(SHORT)) is True
    assert await settled(r.get()) == "a ~ in it"
    await unset(r)
    await settled(r.set("after"))
    assert await settled(r.get()) == "after"
    assert await settled(r.ttl()) is None


async def test_what_comes_late_does_not_take_the_place_of_what_expired(region: Regions) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.lww_register("r", str).set("early"))
    early = await settled(a.lww_register("r", str).dump())
    await settled(b.pull(a))
    await settled(b.lww_register("r", str).set("short", ttl=SHORT))
    await settled(c.pull(b))
    r = c.lww_register("r", str)
    await unset(r)
    r = await settled(r.merge(early))
    assert await settled(r.get()) is None
    await settled(a.pull(c))
    assert await settled(a.lww_register("r", str).get()) is None
    dump = await settled(r.dump())
    merged = memory.LWWRegister(str, replica_id="m").merge(early).merge(dump)
    assert merged.get() is None


async def test_no_such_time_changes_nothing(region: Regions) -> None:
    r = region("a").lww_register("r", str)
    await settled(r.set("x"))
    with pytest.raises(InvalidValue):
        await settled(r.set("y", ttl=0))
    assert await settled(r.get()) == "x"


async def test_batches_and_watchers(region: Regions) -> None:
    a = region("a")
    q, r, s = (a.lww_register("{b}" + name, str) for name in "qrs")
    await settled(r.set("old", ttl=LONG))

    def record(batch: Any) -> Any:
        batch.on(q).set("x", ttl=LONG)
        batch.on(q).set("y")
        batch.on(r).set("new")
        batch.on(s).set("z", ttl=2 * SHORT)
        return batch.on(s).expire(SHORT), batch.on(r).expire(LONG)

    results = await in_batch(a, record)
    assert [result.value for result in results] == [True, True]
    assert await settled(q.get()) == "y"
    assert await settled(q.ttl()) is None
    assert 0 < await settled(r.ttl()) <= LONG
    await unset(s)
    if a.shards == 1:
        changes = await watched(a.watch(START, timeout=1.5))
        assert [c.collection for c in changes if c.expired] == ["{b}s"]
