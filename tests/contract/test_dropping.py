"""Dropping a collection: everywhere, and its name is free again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redis_crdt import memory
from tests.contract.seam import START, Regions, items, settled, size, watched
from tests.contract.steps import elements, in_step


async def filled(region: Regions, *names: str, **options: Any) -> list[Any]:
    replicas = [region(name, **options) for name in names]
    await settled(replicas[0].or_set("s").update(["x", "y"]))
    await settled(replicas[0].or_set("other").add("o"))
    await in_step(*replicas)
    return replicas


async def test_it_is_gone_in_all_regions_and_the_name_is_free(region: Regions) -> None:
    a, b, c = await filled(region, "a", "b", "c")
    assert await settled(b.drop("s")) is True
    assert await settled(b.drop("s")) is False
    assert await settled(b.drop("nothing")) is False
    await in_step(a, b, c)
    for replica in (a, b, c):
        await settled(replica.lww_map("s").set(replica.replica_id, 1))
        assert await elements(replica, "other") == {"o"}
    await in_step(a, b, c)
    for replica in (a, b, c):
        assert await items(replica.lww_map("s")) == {"a": 1, "b": 1, "c": 1}
        assert (await settled(a.sync(replica))).changed == 0 if replica is not a else True


async def test_the_same_kind_begins_anew(region: Regions) -> None:
    a, b = await filled(region, "a", "b")
    await settled(a.g_counter("n").increment(5))
    await in_step(a, b)
    assert await settled(a.drop("s"))
    assert await settled(b.drop("n"))
    await settled(a.or_set("s").add("x"))
    await settled(b.g_counter("n").increment(2))
    await in_step(a, b)
    for replica in (a, b):
        assert await elements(replica) == {"x"}
        assert await settled(replica.g_counter("n").value()) == 2


async def test_what_others_write_before_they_hear_of_it_is_lost(region: Regions) -> None:
    a, b, c = await filled(region, "a", "b", "c")
    assert await settled(a.drop("s"))
    await settled(b.or_set("s").add("too late"))
    await settled(b.or_set("s").remove("x"))
    await settled(c.or_set("s").add("later still"))
    await settled(a.or_set("s").add("new"))
    await in_step(c, b, a)
    for replica in (a, b, c):
        assert await elements(replica) == {"new"}


async def test_dropped_in_two_regions_at_once(region: Regions) -> None:
    a, b = await filled(region, "a", "b")
    assert await settled(a.drop("s"))
    assert await settled(b.drop("s"))
    await settled(a.or_set("s").add("of a"))
    await settled(b.or_set("s").add("of b"))
    await in_step(a, b)
    assert await elements(a) == await elements(b) == {"of a", "of b"}
    assert await settled(a.drop("s"))
    assert await settled(a.or_set("s").add("again")) is None
    assert await settled(a.drop("s"))
    await in_step(a, b)
    assert await elements(a) == await elements(b) == set()


@pytest.mark.parametrize("feed_limit", [100_000, 1])
async def test_a_region_that_was_away_hears_of_it(region: Regions, feed_limit: int) -> None:
    """Also by a full scan, and by one that was empty when it was filled."""
    a, b, away = await filled(region, "a", "b", "away", feed_limit=feed_limit)
    await settled(away.or_set("s").add("while away"))
    assert await settled(a.drop("s"))
    await in_step(a, b)
    for _ in range(30):
        await settled(a.g_counter("n").increment())
        await settled(b.g_counter("n").increment())
    await in_step(a, b)
    for replica in (a, b):
        await settled(replica.gc_tombstones(older_than=0))
    await settled(b.reset())
    await settled(b.pull(a))
    await in_step(away, b, a)
    for replica in (a, b, away):
        assert await elements(replica) == set()
        assert await settled(replica.g_counter("n").value()) == 60
    await settled(away.or_set("s").add("new"))
    await in_step(away, b, a)
    for replica in (a, b, away):
        assert await elements(replica) == {"new"}


async def test_an_old_file_does_not_bring_it_back(region: Regions, tmp_path: Path) -> None:
    a, b = await filled(region, "a", "b")
    await settled(a.dump(tmp_path / "old"))
    assert await settled(a.drop("s"))
    await settled(a.or_set("s").add("new"))
    await in_step(a, b)
    for replica in (a, b):
        assert await settled(replica.load(tmp_path / "old")) == 0
        assert await elements(replica) == {"new"}


async def test_while_another_region_writes(region: Regions) -> None:
    a, b = await filled(region, "a", "b")
    for i in range(5):
        await settled(b.or_set("s").add(i))
        if i == 2:
            assert await settled(a.drop("s"))
        await settled(b.pull(a) if i % 2 else a.pull(b))
    await in_step(a, b)
    # The pull at 3 told b of it, so what b wrote before is dead, and what it wrote after lives.
    assert await elements(a) == await elements(b) == {4}


async def test_in_partitions(region: Regions) -> None:
    a, b = region("a", shards=3), region("b", shards=3)
    await settled(a.or_set("big", int, partitions=5).update(range(100)))
    await settled(a.lww_map("map", int, partitions=2).set("k", 1))
    await in_step(a, b)
    assert await settled(b.drop("big"))
    await in_step(a, b)
    for replica in (a, b):
        assert await size(replica.or_set("big", int, partitions=2)) == 0
        assert await items(replica.lww_map("map", int, partitions=2)) == {"k": 1}
    await settled(a.or_set("big", int, partitions=2).add(1))
    await in_step(a, b)
    assert await settled(b.or_set("big", int, partitions=2).get_elements()) == {1}


async def test_watchers_are_told(region: Regions) -> None:
    a, b = await filled(region, "a", "b")
    assert await settled(a.drop("s"))
    await settled(b.pull(a))
    start = ",".join([START] * a.shards)
    for replica, source in ((a, None), (b, "a")):
        changes = await watched(replica.watch(start, timeout=0.01))
        (change,) = [c for c in changes if c.kind == "dropped"]
        assert (change.collection, change.key, change.source) == ("s", None, source)


async def test_collections_that_are_open_go_on(region: Regions) -> None:
    a, b = await filled(region, "a", "b")
    tasks = a.or_set("s")
    assert await settled(a.drop("s"))
    assert await size(tasks) == 0
    assert await settled(tasks.remove("x")) is False
    await settled(tasks.add("z"))
    await in_step(a, b)
    assert await elements(b) == {"z"}
    if not isinstance(a, memory.Replica):
        kinds = [(c.name, c.kind) for c in (await settled(a.status())).collections]
        assert ("s", "or_set") in kinds
