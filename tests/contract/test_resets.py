"""A counter that is reset, on every backend."""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt.errors import InvalidDump
from tests.contract.seam import Regions, in_batch, merged, settled


async def test_a_reset_takes_away_what_it_has_seen(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.pn_counter("n"), b.pn_counter("n")
    await settled(mine.increment(5))
    await settled(mine.decrement(1))
    await settled(a.sync(b))
    await settled(mine.reset())
    await settled(theirs.increment(3))
    assert await settled(mine.value()) == 0
    assert await settled(theirs.value()) == 7
    await settled(a.sync(b))
    assert await settled(mine.value()) == await settled(theirs.value()) == 3
    assert await settled(mine.by_replica()) == {"a": 0, "b": 3}
    await settled(mine.increment(2))
    await settled(a.sync(b))
    assert await settled(theirs.value()) == 5
    assert await settled(mine.dump()) == await settled(theirs.dump())


async def test_resets_at_once_take_nothing_away_twice(region: Regions) -> None:
    a, b, c = (region(name) for name in "abc")
    for each in (a, b):
        await settled(each.pn_counter("n").increment(10))
    await settled(a.sync(b))
    for each in (a, b):
        await settled(each.pn_counter("n").reset())
        await settled(each.pn_counter("n").increment(1))
    await settled(c.pn_counter("n").decrement(4))
    for each, other in ((a, b), (b, c), (a, c)):
        await settled(each.sync(other))
    for each in (a, b, c):
        assert await settled(each.pn_counter("n").value()) == -2


async def test_a_reset_of_nothing_writes_nothing(region: Regions) -> None:
    a, b = region("a"), region("b")
    n = a.pn_counter("n")
    await settled(n.reset())
    assert await settled(a.collections()) == []
    await settled(n.increment(2))
    await settled(n.reset())
    await settled(b.pull(a))
    await settled(n.reset())
    assert (await settled(b.pull(a))).entries == 0


async def test_counters_without_resets_are_stored_as_ever(region: Regions) -> None:
    n = region("a").pn_counter("n")
    await settled(n.increment(2))
    assert list((await settled(n.dump())).entries.values()) == ["2"]
    await settled(n.reset())
    assert list((await settled(n.dump())).entries.values()) == ["2|2"]
    await settled(n.increment(2**62))
    assert list((await settled(n.dump())).entries.values()) == [f"{2**62 + 2}|2"]


async def test_batches_reset_in_order(region: Regions) -> None:
    a = region("a")
    n = a.pn_counter("n")

    def record(batch: Any) -> None:
        batch.on(n).increment(1)
        batch.on(n).decrement(7)
        batch.on(n).reset()
        batch.on(n).increment(2)
        batch.on(n).increment(3)

    for _ in range(2):  # of a counter that is new, and of one that was reset
        await in_batch(a, record)
        assert await settled(n.value()) == 5


async def test_many_writers_are_reset(region: Regions) -> None:
    n = region("a").pn_counter("n")
    entries = {f"+w{i}#1": "3" for i in range(1200)}
    n = await settled(n.merge({"kind": "pn_counter", "entries": entries}))
    assert await settled(n.value()) == 3600
    await settled(n.reset())
    assert await settled(n.value()) == 0


async def test_dumps_hold_what_was_reset(region: Regions) -> None:
    a, b = (region(name).pn_counter("n") for name in "ab")
    await settled(a.increment(4))
    await settled(b.merge(await settled(a.dump())))
    await settled(a.reset())
    both = await merged(b, a)
    assert await settled(both.value()) == 0
    for bad in ("2|3", "2|", "|2", "2|1|1", "2|0", "2 |1"):
        with pytest.raises(InvalidDump):
            await settled(a.merge({"kind": "pn_counter", "entries": {"+x#1": bad}}))


async def test_a_counter_that_only_grows_is_never_reset(region: Regions) -> None:
    n = region("a").g_counter("n")
    await settled(n.increment(4))
    assert not hasattr(n, "reset")
    with pytest.raises(InvalidDump):
        await settled(n.merge({"kind": "g_counter", "entries": {"x#1": "2|1"}}))
