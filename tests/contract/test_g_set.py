"""A set that only grows, on every backend."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from redis_crdt.errors import BatchAborted, InvalidDump, InvalidValue, KindMismatch
from tests.contract.seam import Regions, contains, in_batch, merged, settled, size, watched


@pytest.mark.parametrize("partitions", [1, 3])
async def test_what_regions_add_is_there_in_all_and_stays(region: Regions, partitions: int) -> None:
    a, b = region("a"), region("b")
    mine, theirs = (each.g_set("s", int, partitions=partitions) for each in (a, b))
    await settled(mine.add(1))
    await settled(mine.update([2, 3], [3, 4]))
    await settled(theirs.update([4, 5]))
    await settled(a.sync(b))
    for each in (mine, theirs):
        assert await settled(each.get_elements()) == {1, 2, 3, 4, 5}
        assert await size(each) == 5
        assert await settled(each.contains_many([1, 6, "x"])) == [True, False, False]
        assert await contains(each, 5)
    assert not any(hasattr(mine, name) for name in ("remove", "discard", "clear", "pop", "removed"))


async def test_what_is_there_is_not_written_again(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine = a.g_set("s", str)
    await settled(mine.update(["x", "y"]))
    await settled(b.pull(a))
    await settled(mine.add("x"))
    await settled(mine.update(["x", "y"]))
    assert (await settled(b.pull(a))).entries == 0
    await settled(mine.update(["y", "z"]))
    assert (await settled(b.pull(a))).entries == 1


async def test_it_merges_with_objects_in_memory_and_dumps(region: Regions) -> None:
    a, b = (region(name).g_set("s", str) for name in "ab")
    await settled(a.add("x"))
    await settled(b.add("y"))
    both = await merged(a, b)
    assert await settled(both.get_elements()) == {"x", "y"}
    assert (await settled(both.dump())).entries == {'"x"': "1", '"y"': "1"}
    for bad in ({'"x"': "2"}, {'"x"': "1 a=1"}, {"": "1"}, {'"x"': "1@a#1"}):
        with pytest.raises(InvalidDump):
            await settled(a.merge({"kind": "g_set", "entries": bad}))
    with pytest.raises(InvalidValue):
        await settled(a.merge({"kind": "g_set", "entries": {"1": "1"}}))
    with pytest.raises(KindMismatch):
        await settled(a.merge({"kind": "or_set", "entries": {}}))


async def test_batches_take_it(region: Regions) -> None:
    a = region("a")
    seen, tasks = a.g_set("{p}seen", str), a.or_set("{p}tasks", str)
    await in_batch(a, lambda batch: [batch.on(seen).add(each) for each in "xyx"])
    assert await settled(seen.get_elements()) == {"x", "y"}

    def record(batch: Any) -> None:
        batch.on(seen).add("z")
        batch.on(tasks).remove("t", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record)
    assert await settled(seen.get_elements()) == {"x", "y"}


async def test_files_take_it(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.g_set("seen", str).update("xy"))
    file = BytesIO()
    assert await settled(a.dump(file)) == 2
    file.seek(0)
    assert await settled(b.load(file)) == 2
    assert await settled(b.g_set("seen", str).get_elements()) == {"x", "y"}
    assert await settled(b.collections()) == [("seen", "g_set")]


async def test_a_watch_tells_its_elements(region: Regions) -> None:
    seen = region("a").g_set("s", int)
    await settled(seen.update([1, 2]))
    await settled(seen.update([2, 3]))
    changes = await watched(seen.watch("0-0", timeout=0.01))
    assert [(change.kind, change.key) for change in changes] == [
        ("g_set", 1),
        ("g_set", 2),
        ("g_set", 3),
    ]


async def test_its_operators_are_those_of_sets(region: Regions, backend: str) -> None:
    s = region("a").g_set("s", int)
    await settled(s.update([1, 2, 3]))
    assert await settled(s.intersection([2, 3, 4])) == {2, 3}
    assert await settled(s.union([4])) == {1, 2, 3, 4}
    assert await settled(s.issuperset([1, 2]))
    with pytest.raises(InvalidValue):
        await settled(s.add("x"))
    if not backend.endswith("asyncio"):
        assert s - {1} == {2, 3}
        assert s >= {1}
        assert s == {1, 2, 3}
