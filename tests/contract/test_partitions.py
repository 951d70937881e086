"""Collections in partitions: the same as any, wherever their parts are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from redis_crdt import State, memory
from redis_crdt.errors import (
    ClockDrift,
    InvalidBatch,
    InvalidName,
    InvalidSetting,
    KindMismatch,
)
from tests.contract.seam import (
    START,
    Regions,
    contains,
    in_batch,
    items,
    merged,
    settled,
    size,
    watched,
)

MANY = 1200
PARTS = 5


async def listed(collection: Any) -> list[Any]:
    """What iterating gives."""
    if hasattr(collection, "__aiter__"):
        iterator = collection.__aiter__()
        assert isinstance(iterator, AsyncIterator)
        return [item async for item in iterator]
    return list(collection)


def both(region: Regions, shards: int = 3) -> tuple[Any, Any]:
    return region("a", shards=shards), region("b", shards=shards)


async def test_a_set(region: Regions) -> None:
    a, b = both(region)
    whole = a.or_set("big", int, partitions=PARTS)
    await settled(whole.update(range(MANY)))
    assert await size(whole) == MANY
    assert sorted(await listed(whole)) == list(range(MANY))
    assert await contains(whole, 7)
    assert await settled(whole.remove(7)) is True
    assert await settled(whole.remove(7)) is False
    assert await settled(whole.remove_all([7, 8, 9])) == 2
    await settled(whole.discard(10))
    await settled(whole.add(7))
    assert await settled(whole.removed.size()) == 3
    popped = await settled(whole.pop())
    left = set(range(MANY)) - {8, 9, 10, popped}
    assert await settled(whole.get_elements()) == left
    await settled(b.sync(a))
    theirs = b.or_set("big", int, partitions=PARTS)
    assert await settled(theirs.dump()) == await settled(whole.dump())
    assert await settled(theirs.get_elements()) == left
    await settled(theirs.clear())
    assert await size(theirs) == 0
    assert await listed(theirs) == []
    await settled(a.sync(b))
    assert await size(whole) == 0
    for replica in (a, b, a, b):
        await settled(replica.sync(b if replica is a else a))
    assert await settled(whole.gc_tombstones(older_than=0)) == MANY


async def test_a_map(region: Regions) -> None:
    a, b = both(region)
    whole = a.lww_map("big", int, partitions=PARTS)
    expected = {f"k{i}": i for i in range(MANY)}
    await settled(whole.update(expected))
    assert await items(whole) == expected
    assert await size(whole) == MANY
    assert sorted(await listed(whole)) == sorted(expected)
    assert sorted(await settled(whole.values())) == sorted(expected.values())
    await settled(whole.set("k1", -1))
    assert await settled(whole.get("k1")) == -1
    assert await settled(whole.get("nothing", 3)) == 3
    assert await settled(whole.delete("k2")) is True
    assert await settled(whole.delete_all(["k2", "k3", "k4"])) == 2
    assert not await contains(whole, "k3")
    await settled(b.pull(a))
    theirs = b.lww_map("big", int, partitions=PARTS)
    assert await items(theirs) == await items(whole)
    await settled(theirs.clear())
    assert await size(theirs) == 0


async def test_merging_with_any_number_of_parts(region: Regions) -> None:
    """State of another collection is written anew, for its dots tell of that collection alone."""
    a, b = both(region)
    one = b.or_set("whole", int)
    await settled(one.update(range(MANY)))
    await settled(one.remove(1))
    elements = set(range(MANY)) - {1}
    many = await merged(a.or_set("big", int, partitions=PARTS), one)
    assert await settled(many.get_elements()) == elements
    again = await merged(b.or_set("other", int), many)
    assert await settled(again.get_elements()) == elements
    other = await merged(a.or_set("more", int, partitions=PARTS + 1), many)
    assert await settled(other.get_elements()) == elements
    theirs = await merged(b.or_set("big", int, partitions=PARTS + 1), many)
    if not isinstance(b, memory.Replica):
        assert await settled(theirs.dump()) == await settled(many.dump())


async def test_what_is_refused_is_refused_whole(region: Regions) -> None:
    a, _ = both(region)
    big = a.or_set("big", int, partitions=PARTS)
    for late in range(10):  # in whichever part it is
        entries = {str(i): "1000@b#1" for i in range(20)} | {str(late): "99999999999999@b#1"}
        with pytest.raises(ClockDrift):
            await settled(big.merge(State(kind="or_set", entries=entries)))
        assert await size(big) == 0


async def test_an_old_dump_brings_nothing_back(region: Regions) -> None:
    a = region("a", shards=3)
    big = a.or_set("big", int, partitions=PARTS)
    await settled(big.update(range(20)))
    old = await settled(big.dump())
    for gone in range(10):  # in whichever part it is
        await settled(big.remove(gone))
        assert await settled(big.gc_tombstones(older_than=0)) == 1
        await settled(big.merge(old))
        assert await settled(big.get_elements()) == set(range(gone + 1, 20))


async def test_another_number_of_partitions_is_an_error(region: Regions) -> None:
    a, b = both(region)
    await settled(a.or_set("big", int, partitions=PARTS).add(1))
    await settled(b.pull(a))
    for replica in (a, b):
        with pytest.raises(KindMismatch, match=f"in {PARTS} partitions, not a or_set in 3"):
            await settled(replica.or_set("big", int, partitions=3).add(2))
        with pytest.raises(KindMismatch, match=f"or_set in {PARTS} partitions, not a lww_map"):
            await settled(replica.lww_map("big", int, partitions=PARTS).set("k", 2))
        with pytest.raises(KindMismatch, match="in partitions"):
            await settled(replica.or_set("big", int).add(2))
    assert await settled(a.or_set("big", int, partitions=PARTS).get_elements()) == {1}
    await settled(a.or_set("small", int).add(1))
    with pytest.raises(KindMismatch, match="not in partitions"):
        await settled(a.or_set("small", int, partitions=2).add(2))


@pytest.mark.parametrize("partitions", [0, -1, 1025, 1.5, True, "2", None])
async def test_what_is_no_number_of_partitions(region: Regions, partitions: Any) -> None:
    a = region("a")
    for open_ in (a.or_set, a.lww_map):
        with pytest.raises(InvalidSetting, match="partitions"):
            open_("big", int, partitions=partitions)


async def test_names_cannot_clash_with_parts(region: Regions) -> None:
    a = region("a")
    for name in ("big\u241f0/5", "\u241f", "x\u241f"):
        with pytest.raises(InvalidName, match="marks the parts"):
            a.or_set(name)
    with pytest.raises(InvalidName):
        await settled(a.or_set("x" * 255, partitions=2).add(1))


async def test_a_batch_takes_no_partitions(region: Regions) -> None:
    a = region("a")
    big = a.or_set("big", int, partitions=PARTS)
    with pytest.raises(InvalidBatch, match="partitions"):
        await in_batch(a, lambda batch: batch.on(big).add(1))


async def test_watching(region: Regions) -> None:
    a, _ = both(region)
    big, other = a.or_set("big", int, partitions=PARTS), a.or_set("other", int)
    await settled(other.add(-1))
    await settled(big.update(range(20)))
    start = ",".join([START] * 3)
    changes = await watched(big.watch(start, timeout=0.01))
    assert sorted(change.key for change in changes) == list(range(20))
    assert {change.collection for change in changes} == {"big"}
    everything = await watched(a.watch(start, timeout=0.01))
    assert sorted(change.key for change in everything) == list(range(-1, 20))
    assert {change.collection for change in everything} == {"big", "other"}
    rest = await watched(big.watch(changes[9].cursor, timeout=0.01))
    assert [c.key for c in rest] == [c.key for c in changes[10:]]


async def test_a_file_carries_parts(region: Regions, tmp_path: Any) -> None:
    a, b = both(region)
    await settled(a.or_set("big", int, partitions=PARTS).update(range(100)))
    await settled(a.dump(tmp_path / "dump"))
    await settled(b.load(tmp_path / "dump"))
    theirs = b.or_set("big", int, partitions=PARTS)
    assert await settled(theirs.get_elements()) == set(range(100))
