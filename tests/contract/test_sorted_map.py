"""Keys in order of their scores, of which the latest is read, on every backend."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from redis_crdt.errors import BatchAborted, InvalidAmount, InvalidDump, InvalidValue
from tests.contract.seam import Regions, in_batch, merged, settled, watched


async def ranking(scores: Any) -> list[tuple[str, float]]:
    """All of it in order, as all that reads it says."""
    found: list[tuple[str, float]] = await settled(scores.top(100))
    items = await settled(scores.items())
    assert found == sorted(items, key=lambda item: (item[1], item[0]), reverse=True)
    assert await settled(scores.bottom(100)) == found[::-1]
    assert await settled(scores.between(-1e308, 1e308)) == found[::-1]
    assert await settled(scores.count(-1e308, 1e308)) == len(found)
    assert await settled(scores.size()) == len(found)
    for place, (key, score) in enumerate(found):
        assert await settled(scores.rank(key)) == place
        assert await settled(scores.score(key)) == score
    return found


async def test_keys_are_in_order(region: Regions) -> None:
    scores = region("a").sorted_map("s")
    await settled(scores.update({"ann": 5, "bob": -1.5, "cid": 5.0, "": 0, "dot": 1e300}))
    await settled(scores.set("ann", 7.25))
    assert await ranking(scores) == [
        ("dot", 1e300),
        ("ann", 7.25),
        ("cid", 5),
        ("", 0),
        ("bob", -1.5),
    ]
    assert await settled(scores.top(2, skip=1)) == [("ann", 7.25), ("cid", 5)]
    assert await settled(scores.bottom(1, skip=1)) == [("", 0)]
    assert await settled(scores.between(-1.5, 5)) == [("bob", -1.5), ("", 0), ("cid", 5)]
    assert await settled(scores.count(0, 5)) == 2
    assert await settled(scores.delete("ann"))
    assert not await settled(scores.delete("ann"))
    assert await settled(scores.rank("ann")) is None
    assert await settled(scores.score("ann")) is await settled(scores.score(5)) is None
    assert len(await ranking(scores)) == 4


async def test_the_latest_score_wins_and_a_deletion_takes_what_it_has_seen(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.sorted_map("s"), b.sorted_map("s")
    await settled(mine.update({"ann": 5, "bob": 4}))
    await settled(a.sync(b))
    await settled(mine.set("ann", 1))
    while (await settled(theirs.dump())).time <= (await settled(mine.dump())).time:
        await settled(theirs.set("ann", 9))
    await settled(mine.delete("bob"))
    await settled(theirs.set("bob", 6))
    await settled(a.sync(b))
    assert await ranking(mine) == await ranking(theirs) == [("ann", 9), ("bob", 6)]
    await settled(mine.delete("ann"))
    await settled(a.sync(b))
    assert await ranking(theirs) == [("bob", 6)]


async def test_it_stays_right_across_regions(region: Regions) -> None:
    chance = Random(3)
    regions = [region(name) for name in "abc"]
    for _ in range(60):
        scores, key = chance.choice(regions).sorted_map("s"), chance.choice("klmnop")
        if chance.random() < 0.3:
            await settled(scores.delete(key))
        else:
            await settled(scores.set(key, chance.randint(-9, 9) / 4))
        if chance.random() < 0.3:
            one, other = chance.sample(regions, 2)
            await settled(one.pull(other))
    for one, other in [(0, 1), (1, 2), (0, 2), (0, 1)]:
        await settled(regions[one].sync(regions[other]))
    first, *others = [await ranking(each.sorted_map("s")) for each in regions]
    assert first
    assert others == [first, first]


async def test_bad_input_changes_nothing(region: Regions) -> None:
    scores = region("a").sorted_map("s")
    for bad in ("1", None, float("nan"), float("inf"), True):
        with pytest.raises(InvalidValue):
            await settled(scores.set("k", bad))
        with pytest.raises(InvalidValue):
            await settled(scores.between(0, bad))
    for key in (5, "x" * 65_537):
        with pytest.raises(InvalidValue):
            await settled(scores.set(key, 1))
    with pytest.raises(InvalidAmount):
        await settled(scores.top(1, skip=-1))
    for value in ('"a"', "[]", "true"):
        entries = {"k": f"1000@b#1\n{value}"}
        with pytest.raises(InvalidValue):
            await settled(scores.merge({"kind": "sorted_map", "entries": entries}))
    with pytest.raises(InvalidDump):
        await settled(scores.merge({"kind": "sorted_map", "entries": {"k": "1000@b#1"}}))
    assert await settled(scores.size()) == 0


async def test_it_merges_with_dumps_of_others(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, other = a.sorted_map("s"), b.sorted_map("other")
    await settled(mine.set("x", 2))
    await settled(other.update({"x": 3, "y": 1}))
    assert await ranking(await merged(mine, other)) == [("x", 3), ("y", 1)]


async def test_a_batch_may_have_what_comes_to_nothing(region: Regions) -> None:
    """Also where others of it touch each other, and leave a tombstone."""
    a = region("a")
    scores = a.sorted_map("scores")
    await settled(scores.set("ann", 5))

    def record(batch: Any) -> Any:
        on = batch.on(scores)
        on.set("ann", 6)
        on.delete("ann")
        on.set("bob", 2)
        return on.delete("zoe")

    assert (await in_batch(a, record)).value is False
    assert await settled(scores.top(10)) == [("bob", 2)]


async def test_batches_take_it(region: Regions) -> None:
    a = region("a")
    scores = a.sorted_map("s")

    def record(batch: Any) -> Any:
        on = batch.on(scores)
        on.set("x", 5)
        on.set("y", 5)
        on.set("x", 1)
        was_there = on.delete("y")
        on.set("z", 2)
        return was_there

    assert (await in_batch(a, record)).value is True
    assert await ranking(scores) == [("z", 2), ("x", 1)]

    def record_what_fails(batch: Any) -> None:
        batch.on(scores).set("x", 9)
        batch.on(scores).delete("zoe", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record_what_fails)
    assert await settled(scores.score("x")) == 1


async def test_a_watch_tells_keys_and_a_drop_drops_the_order(region: Regions) -> None:
    a, b = region("a"), region("b")
    scores = a.sorted_map("s")
    await settled(scores.set("x", 1))
    changes = await watched(scores.watch("0-0", timeout=0.01))
    assert [(change.kind, change.key) for change in changes] == [("sorted_map", "x")]
    await settled(b.pull(a))
    await settled(a.drop("s"))
    await settled(a.sorted_map("s").set("y", 1))
    await settled(b.pull(a))
    for each in (a, b):
        assert await ranking(each.sorted_map("s")) == [("y", 1)]
