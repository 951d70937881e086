"""Tombstones: they go once everybody has seen them, and whoever has not is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redis_crdt import Replica, memory
from redis_crdt.core.clock import wall_clock
from redis_crdt.errors import InvalidSetting
from tests.backends import Flavour, NewClient
from tests.contract.seam import Regions, settled, size


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


async def test_a_peer_that_is_forgotten_no_longer_holds_collection_up(region: Regions) -> None:
    """Should it come back, it is reconciled: what is new of it is kept, and nothing old returns."""
    a, b = region("a"), region("b")
    await settled(a.or_set("s", str).add("x"))
    await settled(a.sync(b))
    await settled(a.or_set("s", str).remove("x"))
    assert await settled(a.gc_tombstones(older_than=0)) == 0
    assert await settled(a.forget("b"))
    assert not await settled(a.forget("nobody"))
    assert await settled(a.gc_tombstones(older_than=0)) == 1

    await settled(b.or_set("s", str).add("written while it was forgotten"))
    for _ in range(2):
        await settled(a.sync(b))
        for replica in (a, b):
            elements = await settled(replica.or_set("s", str).get_elements())
            assert elements == {"written while it was forgotten"}
    await settled(a.or_set("s", str).clear())
    assert await settled(a.gc_tombstones(older_than=0)) == 0  # b is a peer again
    for _ in range(2):
        await settled(a.sync(b))
    assert await settled(a.gc_tombstones(older_than=0)) == 1


async def test_what_a_third_replica_has_passed_on_counts_as_read(region: Regions) -> None:
    """C has all of a's by way of b, so a new link from a to c is no full scan."""
    a, b, c = region("a"), region("b"), region("c")
    await removed_everywhere(a, b)
    await settled(b.pull(a))
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    await settled(c.pull(b))
    report = await settled(c.pull(a))
    assert (report.entries, report.full_scan) == (0, False)


@pytest.mark.parametrize("first", ["a", "c"])
async def test_a_replica_that_missed_a_collected_removal_hears_of_it(
    region: Regions, first: str
) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await settled(a.or_set("s", str).add("x"))
    await settled(b.pull(a))
    await settled(c.pull(b))  # c has x, and a does not know of c
    await removed_everywhere(a, b)
    await settled(b.pull(a))
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    await settled(c.or_set("s", str).add("z"))
    for target, source in ((a, c), (c, a)) if first == "a" else ((c, a), (a, c)):
        await settled(target.pull(source))
    await settled(a.sync(b))
    for replica in (a, b, c):
        assert await settled(replica.or_set("s", str).get_elements()) == {"y", "z"}


async def test_a_new_region_with_writes_of_its_own_is_taken_in(region: Regions) -> None:
    a, b, d = region("a"), region("b"), region("d")
    await removed_everywhere(a, b)
    await settled(b.pull(a))
    await settled(a.gc_tombstones(older_than=0))
    await settled(d.or_set("s", str).add("d's own"))
    await settled(a.sync(d))
    assert await settled(a.or_set("s", str).get_elements()) == {"y", "d's own"}
    assert await settled(d.or_set("s", str).get_elements()) == {"y", "d's own"}


async def test_a_dump_from_before_a_collected_removal_brings_nothing_back(
    region: Regions, tmp_path: Path
) -> None:
    """Neither a file nor the state of one collection, whatever was added since."""
    a = region("a")
    set_ = a.or_set("s", str)
    await settled(set_.update(["x", "y"]))
    state = await settled(set_.dump())
    await settled(a.dump(tmp_path / "old"))
    await settled(set_.remove("x"))
    await settled(a.load(tmp_path / "old"))  # the tombstone is still there
    assert await settled(a.gc_tombstones(older_than=0)) == 1
    assert await settled(a.load(tmp_path / "old")) == 0
    assert await settled((await settled(set_.merge(state))).get_elements()) == {"y"}
    await settled(set_.add("x"))
    assert await settled(a.load(tmp_path / "old")) == 0
    await settled(set_.merge(state))
    assert await settled(set_.remove("x"))
    assert await settled(set_.get_elements()) == {"y"}


async def test_what_an_old_dump_has_and_nobody_knows_is_taken(
    region: Regions, tmp_path: Path
) -> None:
    """A region is lost with what none had pulled of it, but for its backup."""
    a, b = region("a"), region("b")
    await settled(a.or_set("s", str).update(["x", "y"]))
    await settled(a.sync(b))
    await settled(a.or_set("s", str).add("pulled by none"))
    await settled(a.g_counter("n").increment(3))
    await settled(a.dump(tmp_path / "backup"))
    await settled(b.or_set("s", str).remove("x"))
    await settled(b.forget("a"))
    assert await settled(b.gc_tombstones(older_than=0)) == 1
    assert await settled(b.load(tmp_path / "backup")) == 2
    assert await settled(b.or_set("s", str).get_elements()) == {"y", "pulled by none"}
    assert await settled(b.g_counter("n").value()) == 3


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


def test_what_is_written_again_and_again_forgets_whom_all_know(
    flavour: Flavour, new_client: NewClient
) -> None:
    client: Any = new_client(flavour)
    replica = Replica(client, replica_id="server")
    writers = [memory.Replica(replica_id=f"m{n}") for n in range(12)]
    for writer in writers:
        writer.pull(replica)
        writer.or_set("hot", str).add("x")
        replica.pull(writer)
    for writer in writers + writers:  # the second time they tell how far they have come
        writer.pull(replica)
    key, wide = "crdt:{default:0}:or_set:hot", "crdt:{default:0}:wide"
    replica.gc_tombstones()
    assert b"|" in client.hget(key, '"x"')  # it changed within the last minute
    (field,) = client.hkeys(wide)
    client.hset(wide, field, f"{wall_clock() - 120_000}-0")
    replica.gc_tombstones()
    assert b"|" not in client.hget(key, '"x"')
    for writer in writers:
        writer.pull(replica)
        assert writer.or_set("hot", str) == {"x"}
