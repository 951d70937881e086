"""Tombstones: they go once everybody has seen them, and whoever has not is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redis_crdt.errors import ForgottenPeer, InvalidSetting, StaleDump, StaleReplica
from tests.contract.seam import Regions, contains, settled, size


async def tombstones(replica: Any) -> int:
    return await size(replica.or_set("s", str).removed)


async def removed_everywhere(a: Any, b: Any) -> None:
    """A has added x and removed it, and b has seen both."""
    await settled(a.or_set("s", str).update(["x", "y"]))
    await settled(b.pull(a))
    await settled(a.or_set("s", str).remove("x"))
    await settled(b.pull(a))


async def test_they_go_once_every_peer_has_acknowledged_them(region: Regions) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.or_set("s", str).add("y"))
    await settled(c.pull(a))
    await removed_everywhere(a, b)
    await settled(a.pull(b))
    assert await settled(a.gc_tombstones(older_than=0)) == 0  # c has not seen the removal
    assert await tombstones(a) == 1
    await settled(c.pull(a))
    assert await settled(a.gc_tombstones(older_than=0)) == 0  # nor is it known that it has
    await settled(c.pull(a))
    await settled(b.pull(a))
    assert await settled(a.gc_tombstones()) == 0  # younger than seven days
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    assert await tombstones(a) == 0
    for other in (b, c):
        await settled(a.sync(other))
        assert await settled(other.or_set("s", str).get_elements()) == {"y"}
    assert await settled(a.or_set("s", str).get_elements()) == {"y"}


async def test_of_one_collection_and_of_deleted_keys(region: Regions) -> None:
    a, b = region("a"), region("b")
    await removed_everywhere(a, b)
    map_ = a.lww_map("m", int)
    await settled(map_.set("k", 1))
    await settled(map_.delete("k"))
    for _ in range(2):
        await settled(b.pull(a))
    assert await settled(a.or_set("s", str).gc_tombstones(older_than=0)) == 1
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    with pytest.raises(InvalidSetting):
        await settled(a.gc_tombstones(older_than=-1))


async def test_many_go_in_batches(region: Regions) -> None:
    a = region("a")
    elements = [str(i) for i in range(1200)]
    await settled(a.or_set("s", str).update(elements))
    await settled(a.or_set("s", str).clear())
    assert await tombstones(a) == 1200
    assert await settled(a.gc_tombstones(older_than=0)) == 1200
    assert await tombstones(a) == 0


async def test_a_peer_that_is_gone_is_forgotten_and_taken_in_again_after_a_reset(
    region: Regions,
) -> None:
    a, b = region("a"), region("b")
    await settled(a.or_set("s", str).add("x"))
    await settled(a.sync(b))
    await settled(a.or_set("s", str).remove("x"))
    assert await settled(a.gc_tombstones(older_than=0)) == 0
    assert await settled(a.forget("b"))
    assert not await settled(a.forget("nobody"))
    assert await settled(a.gc_tombstones(older_than=0)) == 1

    before = await settled(a.or_set("s", str).dump())
    for target, source in ((a, b), (b, a)):
        with pytest.raises(ForgottenPeer, match="reset"):
            await settled(target.pull(source))
    assert await settled(a.or_set("s", str).dump()) == before
    await settled(b.reset())
    await settled(b.or_set("s", str).add("written before the first sync"))
    await settled(b.reset())
    await settled(b.pull(a))
    await settled(a.pull(b))
    assert await settled(b.or_set("s", str).get_elements()) == set()
    await settled(b.or_set("s", str).add("z"))
    await settled(a.pull(b))
    assert await contains(a.or_set("s", str), "z")


async def test_what_a_third_replica_has_passed_on_counts_as_read(region: Regions) -> None:
    """C has all of a's by way of b, so a new link from a to c is no full scan, and not stale."""
    a, b, c = region("a"), region("b"), region("c")
    await removed_everywhere(a, b)
    await settled(b.pull(a))
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    await settled(c.pull(b))
    report = await settled(c.pull(a))
    assert (report.entries, report.full_scan) == (0, False)


async def test_a_replica_that_missed_a_collected_removal_is_refused(region: Regions) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.or_set("s", str).add("x"))
    await settled(b.pull(a))
    await settled(c.pull(b))  # c has x, and a does not know of c
    await removed_everywhere(a, b)
    await settled(b.pull(a))
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    before = await settled(a.or_set("s", str).dump())
    for target, source in ((a, c), (c, a)):
        with pytest.raises(StaleReplica, match="replica 'c' has missed removals that 'a'"):
            await settled(target.pull(source))
    assert await settled(a.or_set("s", str).dump()) == before
    await settled(c.reset())
    await settled(a.sync(c))
    assert await settled(c.or_set("s", str).get_elements()) == {"y"}


async def test_a_new_region_with_writes_of_its_own_is_taken_in(region: Regions) -> None:
    a, b, d = region("a"), region("b"), region("d")
    await removed_everywhere(a, b)
    await settled(b.pull(a))
    await settled(a.gc_tombstones(older_than=0))
    await settled(d.or_set("s", str).add("d's own"))
    await settled(a.sync(d))
    assert await settled(a.or_set("s", str).get_elements()) == {"y", "d's own"}
    assert await settled(d.or_set("s", str).get_elements()) == {"y", "d's own"}


async def test_a_dump_from_before_a_collected_removal_is_refused(
    region: Regions, tmp_path: Path
) -> None:
    a = region("a")
    await settled(a.or_set("s", str).update(["x", "y"]))
    state = await settled(a.or_set("s", str).dump())
    await settled(a.dump(tmp_path / "old"))
    await settled(a.or_set("s", str).remove("x"))
    await settled(a.load(tmp_path / "old"))  # the tombstone is still there
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    with pytest.raises(StaleDump, match="force=True"):
        await settled(a.load(tmp_path / "old"))
    with pytest.raises(StaleDump, match="force=True"):
        await settled(a.or_set("s", str).merge(state))
    assert await settled(a.or_set("s", str).get_elements()) == {"y"}
    assert await settled(a.load(tmp_path / "old", force=True)) == 1
    assert await settled(a.or_set("s", str).get_elements()) == {"x", "y"}


async def test_what_a_replica_wrote_itself_may_have_been_removed_too(region: Regions) -> None:
    """B holds nothing of others, but a has removed what b wrote: a waits until b has seen that."""
    a, b = region("a", feed_limit=1), region("b")
    await settled(b.or_set("s", str).add("x"))
    await settled(a.pull(b))
    await settled(a.or_set("s", str).remove("x"))
    assert await settled(a.gc_tombstones(older_than=0)) == 0
    for _ in range(2):
        await settled(a.lww_register("r", int).set(1))
        await settled(b.pull(a))
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    await settled(a.sync(b))
    for replica in (a, b):
        assert await settled(replica.or_set("s", str).get_elements()) == set()
