"""How many different values were added, on every backend."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from redis_crdt import Replica, memory
from redis_crdt.errors import BatchAborted, InvalidDump, InvalidValue, KindMismatch
from redis_crdt.types.cardinality.registers import MOST, entries_of, estimate
from tests.backends import NewClient
from tests.contract.seam import Regions, in_batch, merged, settled, watched

SOME = [f"visitor {i}" for i in range(3000)]


async def test_what_regions_add_counts_once(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = (each.cardinality("c", str) for each in (a, b))
    assert await settled(mine.count()) == 0
    await settled(mine.add("x", "y", "x"))
    await settled(theirs.add("y", "z"))
    assert await settled(mine.count()) == await settled(theirs.count()) == 2
    await settled(a.sync(b))
    assert await settled(mine.count()) == await settled(theirs.count()) == 3
    await settled(mine.add(*SOME[:2000]))
    await settled(theirs.add(*SOME[1000:]))
    await settled(a.sync(b))
    count = await settled(mine.count())
    assert count == await settled(theirs.count())
    assert abs(count - 3003) < 3003 * 0.03
    assert await settled(mine.dump()) == await settled(theirs.dump())


async def test_what_changes_nothing_is_not_written(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine = a.cardinality("c", str)
    await settled(mine.add(*"abc"))
    await settled(b.pull(a))
    await settled(mine.add(*"cab"))
    await settled(mine.add())
    assert (await settled(b.pull(a))).entries == 0


async def test_it_merges_with_objects_in_memory_and_dumps(region: Regions) -> None:
    mine = region("a").cardinality("c", str)
    await settled(mine.add("x"))
    other = memory.Cardinality(str)
    other.add("x", "y", *SOME)
    both = await merged(mine, other)
    assert await settled(both.count()) == other.count()
    zeros = "0" * 63
    for bad in (
        {"0": "0" * 64},
        {"0": zeros},
        {"0": zeros + "00"},
        {"0": zeros + "d"},
        {"0": zeros + "/"},
        {"256": zeros + "1"},
        {"00": zeros + "1"},
        {"": zeros + "1"},
        {"-1": zeros + "1"},
        {"x": zeros + "1"},
    ):
        with pytest.raises(InvalidDump):
            await settled(mine.merge({"kind": "cardinality", "entries": bad}))
    most = {str(i): "c" * 64 for i in range(256)}
    both = await merged(
        both, memory.Cardinality(str).merge({"kind": "cardinality", "entries": most})
    )
    assert await settled(both.count()) == MOST
    with pytest.raises(KindMismatch):
        await settled(mine.merge({"kind": "or_set", "entries": {}}))
    with pytest.raises(InvalidValue):
        await settled(mine.add("x", 1))


async def test_batches_take_it(region: Regions) -> None:
    a = region("a")
    mine, tasks = a.cardinality("{p}c", str), a.or_set("{p}tasks", str)
    await in_batch(a, lambda batch: [batch.on(mine).add(each) for each in "xyx"])
    assert await settled(mine.count()) == 2
    await in_batch(a, lambda batch: [batch.on(mine).add(*SOME[i : i + 50]) for i in (0, 25, 50)])
    assert abs(await settled(mine.count()) - 102) <= 2

    def record(batch: Any) -> None:
        batch.on(mine).add(*SOME)
        batch.on(tasks).remove("t", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record)
    assert abs(await settled(mine.count()) - 102) <= 2


async def test_files_take_it_and_a_drop_ends_it(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine = a.cardinality("c", str)
    await settled(mine.add("x", "y"))
    file = BytesIO()
    assert await settled(a.dump(file)) == 2
    file.seek(0)
    assert await settled(b.load(file)) == 2
    theirs = b.cardinality("c", str)
    assert await settled(theirs.count()) == 2
    assert await settled(b.collections()) == [("c", "cardinality")]
    await settled(a.sync(b))
    await settled(a.drop("c"))
    await settled(b.pull(a))
    assert await settled(b.cardinality("c", str).count()) == 0
    await settled(a.cardinality("c", str).add("z"))
    await settled(b.pull(a))
    for replica in (a, b):
        assert await settled(replica.cardinality("c", str).count()) == 1


async def test_a_watch_tells_that_it_changed(region: Regions) -> None:
    mine = region("a").cardinality("c", str)
    await settled(mine.add("x"))
    await settled(mine.add("x"))
    changes = await watched(mine.watch("0-0", timeout=0.01))
    assert [(change.kind, change.key) for change in changes] == [("cardinality", None)]


@pytest.mark.parametrize("flavour", ["valkey", "redis62", "redis"])
def test_it_is_the_servers_own(new_client: NewClient, flavour: Any) -> None:
    """The registers that we write are those of PFADD, and merge with them; so is the estimate."""
    values = [f'"{value}"'.encode() for value in (*SOME, "", "ä", "1234567", "12345678")]
    with Replica(new_client(flavour), replica_id="a") as a:
        mine, client = a.cardinality("c", str), a._client
        for size in (1, 10, 500, len(values)):
            mine.add(*(value[1:-1].decode() for value in values[:size]))
            client.delete("raw", "both")
            client.pfadd("raw", *values[:size])
            assert mine.count() == client.pfcount("raw")
            assert abs(estimate(entries_of(values[:size])) - mine.count()) <= 1
            client.pfmerge("both", "raw", mine._sketch)
            assert client.getrange("both", 16, -1) == client.getrange(mine._sketch, 16, -1)
