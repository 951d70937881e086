"""A set in which a removal wins over a concurrent add, on every backend."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.errors import BatchAborted, InvalidDump, InvalidValue, KindMismatch
from tests.contract.seam import (
    START,
    Regions,
    contains,
    in_batch,
    merged,
    settled,
    size,
    watched,
)


async def elements(of: Any) -> Any:
    return await settled(of.get_elements())


@pytest.mark.parametrize("partitions", [1, 3])
async def test_what_is_added_is_there_until_it_is_removed(region: Regions, partitions: int) -> None:
    a, b = region("a"), region("b")
    mine, theirs = (each.rw_set("s", int, partitions=partitions) for each in (a, b))
    await settled(mine.add(1))
    await settled(mine.update([2, 3], [3, 4, 5]))
    await settled(a.sync(b))
    assert await elements(theirs) == {1, 2, 3, 4, 5}
    assert await settled(theirs.remove(1)) is True
    assert await settled(theirs.remove(1)) is False
    assert await settled(theirs.remove_all([2, 3, 7])) == 2
    await settled(theirs.add(3))
    await settled(a.sync(b))
    for each in (mine, theirs):
        assert await elements(each) == {3, 4, 5}
        assert await size(each) == 3
        assert await settled(each.contains_many([1, 3, 7, "x"])) == [False, True, False, False]
        assert await contains(each, 5)
        assert await size(each.removed) == 3
    await settled(mine.clear())
    await settled(a.sync(b))
    assert await elements(theirs) == set()


async def test_a_removal_wins_over_an_add_that_had_not_seen_it(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.rw_set("s", str), b.rw_set("s", str)
    await settled(mine.add("x"))
    await settled(a.sync(b))
    await settled(mine.remove("x"))
    await settled(mine.add("x"))  # which has seen its own removal
    await settled(theirs.remove("x"))  # but not this
    await settled(theirs.remove("y"))  # nor is y there yet
    await settled(mine.add("y"))
    await settled(mine.add("z"))
    await settled(a.sync(b))
    for each in (mine, theirs):
        assert await elements(each) == {"z"}
    await settled(mine.update("xy"))  # whoever has seen the removal can add again
    await settled(a.sync(b))
    for each in (mine, theirs):
        assert await elements(each) == {"x", "y", "z"}


async def test_a_removal_wins_however_late_the_add_comes(region: Regions) -> None:
    a, b, c = (region(name) for name in "abc")
    late = c.rw_set("s", str)
    await settled(late.add("x"))
    await settled(a.rw_set("s", str).add("x"))
    await settled(a.sync(b))
    await settled(a.rw_set("s", str).remove("x"))
    for _ in range(2):
        await settled(a.sync(b))
        for each in (a, b):
            await settled(each.gc_tombstones(older_than=0))
    await settled(b.sync(c))
    await settled(a.sync(b))
    for each in (a, b, c):
        assert await elements(each.rw_set("s", str)) == set()


async def test_what_is_there_is_not_written_again(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine = a.rw_set("s", str)
    await settled(mine.update(["x", "y"]))
    await settled(b.pull(a))
    await settled(mine.add("x"))
    await settled(mine.update(["x", "y"]))
    assert (await settled(b.pull(a))).entries == 0
    await settled(mine.update(["y", "z"]))
    assert (await settled(b.pull(a))).entries == 1


async def test_a_region_that_was_forgotten_or_is_new_comes_to_the_same(region: Regions) -> None:
    a, b, c = region("a", feed_limit=1), region("b"), region("c")
    mine, theirs = a.rw_set("s", int), b.rw_set("s", int)
    await settled(mine.update(range(20)))
    await settled(a.sync(b))
    await settled(mine.remove_all(range(0, 10)))
    await settled(theirs.remove_all(range(5, 15)))
    await settled(theirs.add(30))
    await settled(mine.add(3))
    await settled(a.forget("b"))
    await settled(a.gc_tombstones(older_than=0))
    await settled(b.sync(a))
    await settled(c.sync(b))
    for each in (a, b, c):
        assert await elements(each.rw_set("s", int)) == {3, *range(15, 20), 30}


async def test_pop_gives_each_element_once(region: Regions) -> None:
    mine = region("a").rw_set("s", int)
    await settled(mine.update(range(5)))
    popped = [await settled(mine.pop()) for _ in range(5)]
    assert sorted(popped) == list(range(5))
    with pytest.raises(KeyError):
        await settled(mine.pop())
    assert await size(mine) == 0


async def test_it_merges_with_objects_in_memory_and_dumps(region: Regions) -> None:
    here = region("a").rw_set("s", str)
    bare = memory.RWSet(str, replica_id="bare")
    bare.update("xy")
    bare.remove("y")
    await settled(here.update("yz"))
    here = await merged(here, bare)
    assert await elements(here) == {"x", "z"}
    state = await settled(here.dump())
    assert state.entries['"y"'].count("@") == 2
    assert state.entries['"y"'].startswith("|") is False
    assert state.entries['"x"'].startswith("|")
    for bad in ({'"x"': "1"}, {'"x"': "|"}, {"": "|1@a#1"}, {'"x"': "1@a#1\n1"}):
        with pytest.raises(InvalidDump):
            await settled(here.merge({"kind": "rw_set", "entries": bad}))
    with pytest.raises(InvalidValue):
        await settled(here.merge({"kind": "rw_set", "entries": {"1": "|1@a#1"}}))
    with pytest.raises(KindMismatch):
        await settled(here.merge({"kind": "or_set", "entries": {}}))


async def test_the_state_of_another_set_is_added_and_removed(region: Regions) -> None:
    one, other = region("a").rw_set("one", str), region("b").rw_set("other", str)
    await settled(one.update("xyz"))
    await settled(one.remove("z"))
    await settled(other.update("wxyz"))
    await settled(other.remove("y"))
    assert await elements(await merged(one, other)) == {"w", "x"}


async def test_batches_take_it(region: Regions) -> None:
    a = region("a")
    banned, tasks = a.rw_set("{p}banned", str), a.or_set("{p}tasks", str)

    def first(batch: Any) -> list[Any]:
        on = batch.on(banned)
        on.add("x")
        on.add("y")
        results = [on.remove("x"), on.remove("z")]
        on.add("z")
        return results

    results = await in_batch(a, first)
    assert [result.value for result in results] == [True, False]
    assert await elements(banned) == {"y", "z"}

    def record(batch: Any) -> None:
        batch.on(banned).remove("y")
        batch.on(tasks).remove("t", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record)
    with pytest.raises(BatchAborted):
        await in_batch(a, lambda batch: batch.on(banned).remove("x", required=True))
    await in_batch(a, lambda batch: batch.on(banned).remove("y", required=True))
    assert await elements(banned) == {"z"}


async def test_files_and_watches_take_it(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine = a.rw_set("s", str)
    await settled(mine.update("xy"))
    await settled(mine.remove("y"))
    file = BytesIO()
    assert await settled(a.dump(file)) == 2
    file.seek(0)
    theirs = b.rw_set("s", str)
    await settled(theirs.add("y"))
    await settled(b.load(file))
    assert await elements(theirs) == {"x"}
    changes = await watched(mine.watch(START, timeout=0.01))
    assert {(change.kind, change.key) for change in changes} == {("rw_set", "x"), ("rw_set", "y")}
    assert await settled(a.collections()) == [("s", "rw_set")]


async def test_verifying_compares_what_is_there(region: Regions, backend: str) -> None:
    if backend == "memory" or backend.startswith("fakeredis"):
        pytest.skip("digests are made by servers")
    a, b = region("a"), region("b")
    await settled(a.rw_set("s", str).update("xyz"))
    await settled(a.rw_set("s", str).remove("z"))
    await settled(a.sync(b))
    assert await settled(a.verify(b)) == []
    (told,) = (await settled(a.status())).collections
    assert (told.entries, told.tombstones) == (2, 1)
    await settled(b.rw_set("s", str).remove("y"))
    assert [found.collection for found in await settled(a.verify(b))] == ["s"]


async def test_its_operators_are_those_of_sets(region: Regions, backend: str) -> None:
    s = region("a").rw_set("s", int)
    await settled(s.update([1, 2, 3, 4]))
    await settled(s.difference_update([1], [7]))
    await settled(s.intersection_update([2, 3]))
    await settled(s.symmetric_difference_update([3, 5]))
    assert await elements(s) == {2, 5}
    assert await settled(s.issuperset([5]))
    with pytest.raises(InvalidValue):
        await settled(s.add("x"))
    if not backend.endswith("asyncio"):
        s |= {6}
        s -= {2}
        assert s == {5, 6}
