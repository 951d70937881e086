"""Maps: a delete removes what it has seen, and of concurrent writes the latest is read."""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.core.clock import wall_clock
from tests.contract.seam import Regions, contains, items, settled, size
from tests.contract.steps import in_step


async def test_a_delete_does_not_beat_a_write_that_it_has_not_seen(region: Regions) -> None:
    """Whatever the clocks say: here that of the deleting side is 20 s ahead."""
    here = region("a")
    ahead = memory.Replica(replica_id="m", shards=here.shards, clock=lambda: wall_clock() + 20_000)
    await settled(here.lww_map("m").set("k", "first"))
    await settled(here.sync(ahead))
    await settled(here.lww_map("m").set("k", "second"))
    assert ahead.lww_map("m").delete("k") is True
    await settled(here.sync(ahead))
    assert await items(here.lww_map("m")) == ahead.lww_map("m") == {"k": "second"}


async def test_a_delete_removes_all_concurrent_writes_that_it_has_seen(region: Regions) -> None:
    a, b, c = region("a"), region("b"), region("c")
    for replica in (a, b, c):
        await settled(replica.lww_map("m").set("k", replica.replica_id))
    await in_step(a, b, c)
    for replica in (a, b, c):
        assert await items(replica.lww_map("m")) == {"k": "c"}
        assert await size(replica.lww_map("m")) == 1
    assert await settled(b.lww_map("m").delete("k")) is True
    assert await settled(b.lww_map("m").delete("k")) is False
    await in_step(a, b, c)
    for replica in (a, b, c):
        assert await items(replica.lww_map("m")) == {}
        assert not await contains(replica.lww_map("m"), "k")


async def test_of_concurrent_writes_the_latest_is_read_everywhere(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(b.lww_map("m").set("k", "early"))
    now = wall_clock()
    while wall_clock() <= now + 1:
        pass
    await settled(a.lww_map("m").set("k", "late"))
    await in_step(a, b)
    for replica in (a, b):
        map_ = replica.lww_map("m")
        assert await settled(map_.get("k")) == "late"
        assert sorted(await settled(map_.values())) == ["late"]
    # A write replaces both, so deleting that leaves none of them.
    await settled(b.lww_map("m").set("k", "both seen"))
    await in_step(a, b)
    await settled(a.lww_map("m").delete("k"))
    await in_step(a, b)
    assert await items(b.lww_map("m")) == {}


async def test_where_one_of_the_concurrent_writes_is_deleted_the_other_stays(
    region: Regions,
) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.lww_map("m").set("k", "of a"))
    await settled(b.lww_map("m").set("k", "of b"))
    await settled(c.pull(b))
    await settled(c.lww_map("m").delete("k"))  # it has seen that of b alone
    await in_step(a, b, c)
    for replica in (a, b, c):
        assert await items(replica.lww_map("m")) == {"k": "of a"}


async def test_merging_maps_of_any_backend(region: Regions) -> None:
    here, there = region("a"), region("b")
    bare: memory.LWWMap[Any] = memory.LWWMap(replica_id="bare")
    bare["x"] = 1
    await settled(here.lww_map("m").set("y", 2))
    await settled(there.lww_map("m").set("z", 3))
    map_ = here.lww_map("m")
    map_ = await settled(map_.merge(bare))
    map_ = await settled(map_.merge(await settled(there.lww_map("m").dump())))
    if isinstance(here, memory.Replica) or here.blocking:
        map_ = await settled(map_.merge(there.lww_map("m")))
    assert await items(map_) == {"x": 1, "y": 2, "z": 3}
    both = bare.merge(await settled(there.lww_map("m").dump()))
    assert dict(both) == {"x": 1, "z": 3}
    assert dict(bare.merge(memory.LWWMap(replica_id="other").merge(bare))) == {"x": 1}


@pytest.mark.parametrize("collected", [False, True])
async def test_a_deleted_key_stays_deleted(region: Regions, collected: bool) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.lww_map("m").update({"k": 1, "l": 2}))
    await in_step(a, b, c)
    await settled(a.lww_map("m").delete("k"))
    await in_step(a, b)
    if collected:
        for replica in (a, b):
            await settled(replica.forget("c"))
            assert await settled(replica.gc_tombstones(older_than=0)) == 1
    await settled(c.lww_map("m").set("l", 3))
    await in_step(a, b, c)
    for replica in (a, b, c):
        assert await items(replica.lww_map("m")) == {"l": 3}
