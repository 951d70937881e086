"""A log, on every backend: one order in all regions, trimming, and reading by arrival."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.core.clock import wall_clock
from redis_crdt.errors import (
    BatchAborted,
    ClockDrift,
    FeedTrimmed,
    InvalidCursor,
    InvalidDump,
    InvalidSetting,
    InvalidValue,
    KindMismatch,
)
from tests.contract.seam import Regions, in_batch, merged, settled, size, watched


def a_moment_later() -> None:
    """Let the millisecond pass: what is written in the same one is in the order of the writers."""
    now = wall_clock()
    while wall_clock() == now:
        pass


async def values(log: Any) -> list[Any]:
    """What iterating gives."""
    if hasattr(log, "__aiter__"):
        return [value async for value in log]
    return list(log)


async def test_what_regions_append_is_in_one_order_in_all(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = (each.log("l", str) for each in (a, b))
    ids = [await settled(mine.append("m1"))]
    ids += await settled(theirs.extend(["t1", "t2"]))
    ids += await settled(mine.extend(f"m{i}" for i in range(2, 5)))
    await settled(a.sync(b))
    in_order = await values(mine)
    assert in_order == await values(theirs)
    assert sorted(in_order) == ["m1", "m2", "m3", "m4", "t1", "t2"]
    assert [value for value in in_order if value[0] == "m"] == ["m1", "m2", "m3", "m4"]
    assert [value for value in in_order if value[0] == "t"] == ["t1", "t2"]
    for log in (mine, theirs):
        assert await size(log) == 6
        found = await settled(log.range())
        assert [entry.id for entry in found] == sorted(ids)
        assert [entry.value for entry in found] == in_order
        assert [await settled(log.get(id_)) for id_ in sorted(ids)] == in_order


async def test_parts_of_it_are_read_either_way(region: Regions) -> None:
    log = region("a").log("l", int)
    ids = await settled(log.extend(range(12)))

    async def found(*args: Any, **options: Any) -> list[int]:
        return [entry.value for entry in await settled(log.range(*args, **options))]

    assert await found(limit=3) == [0, 1, 2]
    assert await found(ids[2], 3) == [3, 4, 5]
    assert await found(ids[10]) == [11]
    assert await found(ids[11]) == []
    assert await found(newest_first=True, limit=2) == [11, 10]
    assert await found(ids[2], newest_first=True) == [1, 0]
    assert await found("0000000000000-a0@a#1", 1) == [0]
    for bad in ("", "x", ids[0][1:], f"^{ids[0].partition('@')[2]}", "\ud800"):
        with pytest.raises(InvalidCursor):
            await found(bad)
        with pytest.raises(InvalidCursor):
            await settled(log.get(bad))
    for limit in (0, -1, True, 1.5):
        with pytest.raises(InvalidSetting):
            await found(limit=limit)
    assert await settled(region("b").log("l", int).range()) == []


async def test_more_than_a_script_reads_at_once(region: Regions) -> None:
    log = region("a").log("l", str)
    large = "x" * 200_000
    await settled(log.extend([large, "a", large, large, *map(str, range(1100)), large]))
    in_order = [large, "a", large, large, *map(str, range(1100)), large]
    assert await values(log) == in_order
    assert [entry.value for entry in await settled(log.range(limit=1005))] == in_order[:1005]
    backwards = await settled(log.range(limit=2000, newest_first=True))
    assert [entry.value for entry in backwards] == in_order[::-1]


async def test_the_oldest_go_in_all_regions_and_leave_nothing_but_a_floor(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.log("l", int, max_len=3), b.log("l", int)
    await settled(mine.extend(range(3)))
    await settled(a.sync(b))
    old = await settled(theirs.dump())
    await settled(mine.extend([3, 4]))
    assert await values(mine) == [2, 3, 4]
    await settled(b.pull(a))
    assert await values(theirs) == [2, 3, 4]
    assert await size(theirs) == 3
    assert await settled(theirs.dump()) == await settled(mine.dump())
    assert len((await settled(mine.dump())).entries) == 4
    # What is trimmed comes back by no way.
    await settled(a.pull(b))
    again = await merged(mine, memory_of(old))
    assert await values(again) == [2, 3, 4]
    await settled(mine.extend([5, 6, 7, 8, 9]))
    assert await values(mine) == [7, 8, 9]
    await settled(theirs.append(10))
    assert await values(theirs) == [2, 3, 4, 10]
    await settled(a.sync(b))
    in_order = await values(mine)
    assert await values(theirs) == in_order
    assert sorted(in_order) == [7, 8, 9, 10]
    await settled(mine.append(11))
    assert await values(mine) == [*in_order[-2:], 11]


def memory_of(state: Any) -> Any:
    """A collection in memory that has a state."""
    return memory.Log(int).merge(state)


async def test_what_was_cut_off_takes_its_place_and_is_trimmed_then(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.log("l", str, max_len=3), b.log("l", str)
    await settled(theirs.append("early"))
    a_moment_later()
    await settled(mine.extend("vwxyz"))
    assert await values(mine) == ["x", "y", "z"]
    await settled(a.pull(b))
    assert await values(mine) == ["early", "x", "y", "z"]
    await settled(mine.append("!"))
    await settled(a.sync(b))
    assert await values(mine) == await values(theirs) == ["y", "z", "!"]


async def test_what_is_too_old_goes(region: Regions) -> None:
    a = region("a")
    await settled(a.log("l", str).append("old"))
    keeps = a.log("l", str, max_age=3600)
    await settled(keeps.append("kept"))
    assert await values(keeps) == ["old", "kept"]
    strict = a.log("l", str, max_age=0.001)
    a_moment_later()
    a_moment_later()
    await settled(strict.append("new"))
    assert await values(strict) == ["new"]


async def test_limits_that_are_none(region: Regions) -> None:
    a = region("a")
    for limits in (
        {"max_len": 0},
        {"max_len": True},
        {"max_len": 1.5},
        {"max_age": 0},
        {"max_age": -1},
        {"max_age": float("nan")},
    ):
        with pytest.raises(InvalidSetting):
            a.log("l", str, **limits)


async def test_by_arrival_nothing_is_missed_that_came_late(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = (each.log("l", str) for each in (a, b))
    await settled(theirs.append("late"))
    a_moment_later()
    await settled(mine.extend("xyz"))
    first = await settled(mine.read(limit=2))
    assert [entry.value for entry in first.entries] == ["x", "y"]
    second = await settled(mine.read(first.cursor, limit=2))
    assert [entry.value for entry in second.entries] == ["z"]
    assert (await settled(mine.read(second.cursor))).entries == []
    await settled(a.pull(b))
    assert (await values(mine))[0] == "late"
    third = await settled(mine.read(second.cursor))
    assert [entry.value for entry in third.entries] == ["late"]
    await settled(a.or_set("others").update(range(20)))
    fourth = await settled(mine.read(third.cursor))
    assert fourth.entries == []
    assert fourth.cursor != third.cursor  # so that it does not read all of that again
    await settled(mine.extend("abc"))
    cursor, found = fourth.cursor, []
    for _ in range(3):
        part = await settled(mine.read(cursor, limit=1))
        found += [entry.value for entry in part.entries]
        cursor = part.cursor
    assert found == ["a", "b", "c"]
    assert (await settled(mine.read(cursor, timeout=0.01))).entries == []


async def test_what_was_trimmed_since_it_arrived_is_not_read(region: Regions) -> None:
    log = region("a").log("l", int, max_len=2)
    cursor = (await settled(log.read())).cursor
    await settled(log.extend(range(10)))
    found = []
    while (part := await settled(log.read(cursor, limit=3))).entries:
        found += [entry.value for entry in part.entries]
        cursor = part.cursor
    assert found == [8, 9]


async def test_cursors_that_are_none(region: Regions) -> None:
    log = region("a", feed_limit=10).log("l", int)
    cursor = (await settled(log.read())).cursor
    for bad in ("", "x", "!", f"{cursor}!x", f"{cursor},{cursor}", f"{cursor}!^a#1"):
        with pytest.raises(InvalidCursor):
            await settled(log.read(bad))
    for i in range(100):
        await settled(log.append(i))
    with pytest.raises(FeedTrimmed):
        await settled(log.read(cursor))
    assert len((await settled(log.read())).entries) == 100


async def test_a_watch_tells_ids_and_of_trimming(region: Regions) -> None:
    log = region("a").log("l", str, max_len=2)
    ids = await settled(log.extend("ab"))
    ids.append(await settled(log.append("c")))
    changes = await watched(log.watch("0-0", timeout=0.01))
    assert {change.kind for change in changes} == {"log"}
    assert [change.key for change in changes] == [*ids, None]
    assert not any(change.problem for change in changes)


async def test_it_merges_with_objects_in_memory_and_dumps(region: Regions) -> None:
    log = region("a").log("l", str)
    await settled(log.append("x"))
    other = memory.Log(str, max_len=2)
    other.extend("abc")
    both = await merged(log, other)
    assert set(await values(both)) == {"x", "b", "c"}
    assert await size(both) == 3
    time = "0000000000003-a0"
    bad: dict[str, str]
    for bad in (
        {f"{time}@a#1": ""},
        {f"{time}@a#1": "1\n2"},
        {f"{time}@a": "1"},
        {"3-a0@a#1": "1"},
        {"0000000000003-b0@a#1": "1"},
        {"0000000000003-a10@a#1": "1"},
        {"0000000000003-b01@a#1": "1"},
        {"^a#1": "1"},
        {"^a": time},
        {"^": time},
        {"": "1"},
        {"value": "1"},
    ):
        with pytest.raises(InvalidDump):
            await settled(log.merge({"kind": "log", "entries": bad}))
    for far in ({"9999999999999-a0@a#1": '"x"'}, {"^a#1": "9999999999999-a0"}):
        with pytest.raises(ClockDrift):
            await settled(log.merge({"kind": "log", "entries": far}))
    with pytest.raises(InvalidValue):
        await settled(log.merge({"kind": "log", "entries": {f"{time}@a#1": "1"}}))
    with pytest.raises(KindMismatch):
        await settled(log.merge({"kind": "or_set", "entries": {}}))
    # A floor that comes with what it takes away, and before it.
    dead = {f"{time}@a#1": '"dead"', "^a#1": time, "0000000000003-a1@a#1": '"first"'}
    both = await merged(both, memory.Log(str).merge({"kind": "log", "entries": dead}))
    assert (await values(both))[0] == "first"
    both = await merged(
        both, memory.Log(str).merge({"kind": "log", "entries": {f"{time}@a#1": '"dead"'}})
    )
    assert (await values(both))[0] == "first"
    assert await size(both) == 4


async def test_batches_take_it(region: Regions) -> None:
    a = region("a")
    log, tasks = a.log("{p}log", str, max_len=4), a.or_set("{p}tasks", str)
    await in_batch(a, lambda batch: [batch.on(log).append(each) for each in "xyx"])
    assert await values(log) == ["x", "y", "x"]

    def record(batch: Any) -> None:
        batch.on(log).append("z")
        batch.on(tasks).add("t")
        batch.on(log).append("z")
        batch.on(tasks).remove("t", required=True)

    await in_batch(a, record)
    assert (await values(log))[-3:] == ["x", "z", "z"]
    await settled(log.append("end"))
    assert await values(log) == ["x", "z", "z", "end"]

    def aborted(batch: Any) -> None:
        batch.on(log).append("never")
        batch.on(tasks).remove("t", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, aborted)
    assert await values(log) == ["x", "z", "z", "end"]
    assert await size(log) == 4
    b = region("b")
    await settled(b.pull(a))
    assert await values(b.log("{p}log", str)) == ["x", "z", "z", "end"]


async def test_files_take_it_and_a_drop_ends_it(region: Regions) -> None:
    a, b = region("a"), region("b")
    log = a.log("l", str, max_len=2)
    await settled(log.extend("xyz"))
    file = BytesIO()
    assert await settled(a.dump(file)) == 3
    file.seek(0)
    assert await settled(b.load(file)) == 3
    theirs = b.log("l", str)
    assert await values(theirs) == ["y", "z"]
    assert await settled(b.collections()) == [("l", "log")]
    await settled(a.sync(b))
    await settled(a.drop("l"))
    await settled(b.pull(a))
    for replica in (a, b):
        assert await values(replica.log("l", str)) == []
        assert await size(replica.log("l", str)) == 0
    await settled(a.log("l", str).append("anew"))
    await settled(b.pull(a))
    assert await values(b.log("l", str)) == ["anew"]


async def test_values_are_of_its_type_and_nothing_is_written_else(region: Regions) -> None:
    log = region("a").log("l", int)
    with pytest.raises(InvalidValue):
        await settled(log.append("x"))
    with pytest.raises(InvalidValue):
        await settled(log.extend([1, "x"]))
    assert await settled(log.extend([])) == []
    assert await size(log) == 0
    with pytest.raises(InvalidValue):
        await settled(region("b").log("l", str).append("x" * 1_100_000))


async def test_python_asks_it_what_it_asks_of_a_sequence(region: Regions) -> None:
    log = region("a").log("l", str)
    await settled(log.extend("xy"))
    if isinstance(await values(log), AsyncIterator) or hasattr(log, "__aiter__"):
        with pytest.raises(TypeError, match="size"):
            len(log)
        with pytest.raises(TypeError, match="async for"):
            list(log)
    else:
        assert len(log) == 2
        assert "y" in log
        assert [*log] == ["x", "y"]
