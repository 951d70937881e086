"""Many counters in one collection, in order of what they stand at, on every backend."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Any

import pytest

from redis_crdt.errors import (
    BatchAborted,
    CounterOverflow,
    InvalidAmount,
    InvalidDump,
    InvalidValue,
)
from tests.contract.seam import Regions, in_batch, merged, settled, watched


async def ranking(scores: Any) -> list[tuple[str, int]]:
    """All of it in order, as all that reads it says."""
    found: list[tuple[str, int]] = await settled(scores.top(100))
    items = await settled(scores.items())
    assert found == sorted(items, key=lambda item: (item[1], item[0]), reverse=True)
    assert await settled(scores.bottom(100)) == found[::-1]
    assert await settled(scores.size()) == len(found)
    for place, (key, value) in enumerate(found):
        assert await settled(scores.rank(key)) == place
        assert await settled(scores.value(key)) == value
        assert await settled(scores.contains(key))
    return found


async def test_keys_are_counted_and_in_order(region: Regions) -> None:
    scores = region("a").counter_map("scores")
    await settled(scores.increment("ann", 5))
    await settled(scores.increment("bob"))
    await settled(scores.increment("cid", 7))
    await settled(scores.decrement("cid", 9))
    await settled(scores.increment("", 5))
    assert await ranking(scores) == [("ann", 5), ("", 5), ("bob", 1), ("cid", -2)]
    assert await settled(scores.top(1)) == [("ann", 5)]
    assert await settled(scores.bottom(2)) == [("cid", -2), ("bob", 1)]
    assert await settled(scores.top(0)) == await settled(scores.bottom(0)) == []
    assert await settled(scores.value("zoe")) == await settled(scores.value(5)) == 0
    assert await settled(scores.rank("zoe")) is await settled(scores.rank(5)) is None
    assert not await settled(scores.contains("zoe"))


async def test_a_removal_takes_away_what_it_has_seen(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.counter_map("s"), b.counter_map("s")
    await settled(mine.increment("ann", 5))
    await settled(theirs.increment("bob", 4))
    await settled(a.sync(b))
    assert await settled(mine.remove("ann"))
    assert not await settled(mine.remove("ann"))
    assert not await settled(mine.remove("zoe"))
    assert await ranking(mine) == [("bob", 4)]
    await settled(theirs.increment("ann", 1))
    await settled(theirs.remove("bob"))
    await settled(mine.remove("bob"))
    await settled(a.sync(b))
    assert await ranking(mine) == await ranking(theirs) == [("ann", 1)]
    await settled(mine.increment("bob", 2))
    await settled(a.gc_tombstones(older_than=0))
    await settled(a.sync(b))
    assert await ranking(theirs) == [("bob", 2), ("ann", 1)]
    assert await settled(mine.dump()) == await settled(theirs.dump())


async def test_it_stays_right_across_regions(region: Regions) -> None:
    chance = Random(7)
    regions = [region(name) for name in "abc"]
    counted: dict[str, int] = dict.fromkeys("klmnop", 0)
    for _ in range(60):
        scores = chance.choice(regions).counter_map("s")
        key, n = chance.choice(list(counted)), chance.randint(1, 9)
        if chance.random() < 0.3:
            n = -n
            await settled(scores.decrement(key, -n))
        else:
            await settled(scores.increment(key, n))
        counted[key] += n
        if chance.random() < 0.3:
            one, other = chance.sample(regions, 2)
            await settled(one.pull(other))
    for one, other in [(0, 1), (1, 2), (0, 2), (0, 1)]:
        await settled(regions[one].sync(regions[other]))
    for each in regions:
        assert dict(await ranking(each.counter_map("s"))) == counted


async def test_exact_beyond_what_scores_are(region: Regions) -> None:
    a, b = region("a"), region("b")
    scores = a.counter_map("s")
    await settled(scores.increment("x", 2**53))
    await settled(scores.increment("y", 2**53 + 1))
    await settled(scores.increment("z", 2**63 - 1))
    await settled(scores.increment("less", 3))
    assert await settled(scores.top(9)) == [
        ("z", 2**63 - 1),
        ("y", 2**53 + 1),
        ("x", 2**53),
        ("less", 3),
    ]
    with pytest.raises(CounterOverflow):
        await settled(scores.increment("z"))
    await settled(b.pull(a))
    assert await settled(b.counter_map("s").value("z")) == 2**63 - 1


async def test_bad_input_changes_nothing(region: Regions) -> None:
    scores = region("a").counter_map("s")
    for bad in (-1, 1.5, True, "1"):
        with pytest.raises(InvalidAmount):
            await settled(scores.increment("k", bad))
        with pytest.raises(InvalidAmount):
            await settled(scores.top(bad))
    for key in (5, "x" * 65_537, "\ud800"):
        with pytest.raises(InvalidValue):
            await settled(scores.increment(key))
    await settled(scores.increment("k", 0))
    assert await settled(region("a").collections()) in ([], [("s", "counter_map")])
    bad_entries = (
        "",
        "1",
        "a+1",
        "a#1",
        "a#1+0",
        "a#1+1/2",
        "a#1-1/0",
        "a#1+1 a#1+2",
        "b#1+1 a#1+1",
    )
    for entry in (*bad_entries, "a#1-1+1", "a#1+01", "a#1+1  b#1+1", f"a#1+{2**63}", "a#1+1/"):
        with pytest.raises(InvalidDump):
            await settled(scores.merge({"kind": "counter_map", "entries": {"k": entry}}))
    assert await settled(scores.size()) == 0


async def test_it_merges_with_dumps_and_files(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.counter_map("s"), b.counter_map("s")
    await settled(mine.increment("x", 2))
    await settled(theirs.increment("x", 3))
    await settled(theirs.increment("y", 1))
    await settled(theirs.remove("y"))
    both = await merged(mine, theirs)
    assert await ranking(both) == [("x", 5)]
    file = BytesIO()
    await settled(b.dump(file))
    file.seek(0)
    await settled(a.load(file))
    assert await ranking(a.counter_map("s")) == [("x", 5)]


async def test_a_batch_may_have_what_comes_to_nothing(region: Regions) -> None:
    """Also where others of it touch each other, and leave a tombstone."""
    a = region("a")
    scores = a.counter_map("scores")
    await settled(scores.increment("ann", 5))

    def record(batch: Any) -> Any:
        on = batch.on(scores)
        on.increment("ann")
        on.remove("ann")
        on.increment("bob", 2)
        return on.remove("zoe")

    assert (await in_batch(a, record)).value is False
    assert await ranking(scores) == [("bob", 2)]


async def test_batches_take_it(region: Regions) -> None:
    a = region("a")
    scores = a.counter_map("s")

    def record(batch: Any) -> Any:
        on = batch.on(scores)
        on.increment("x", 5)
        on.increment("y", 5)
        on.decrement("x", 1)
        was_there = on.remove("y")
        on.increment("y", 2)
        on.increment("z", 1)
        on.remove("z")
        return was_there

    assert (await in_batch(a, record)).value is True
    assert await ranking(scores) == [("x", 4), ("y", 2)]
    await in_batch(a, lambda batch: batch.on(scores).increment("w", 9))
    assert (await ranking(scores))[0] == ("w", 9)

    def record_what_fails(batch: Any) -> None:
        batch.on(scores).increment("x")
        batch.on(scores).remove("zoe", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record_what_fails)
    assert await settled(scores.value("x")) == 4


async def test_a_watch_tells_keys(region: Regions) -> None:
    scores = region("a").counter_map("s")
    await settled(scores.increment("x"))
    await settled(scores.remove("x"))
    changes = await watched(scores.watch("0-0", timeout=0.01))
    assert [(change.kind, change.key) for change in changes] == [("counter_map", "x")] * 2


async def test_what_is_dropped_is_in_no_order(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.counter_map("s").increment("x", 3))
    await settled(b.pull(a))
    await settled(a.drop("s"))
    await settled(a.counter_map("s").increment("y", 1))
    await settled(b.pull(a))
    for each in (a, b):
        assert await ranking(each.counter_map("s")) == [("y", 1)]
    await settled(a.reset())
    assert await settled(a.counter_map("s").top(9)) == []
