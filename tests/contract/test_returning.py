"""Regions that come back: empty, forgotten, lagging, or with writes of their own.

Nobody is refused, nobody has to act, nothing acknowledged that survives anywhere is lost, and what
was removed does not come back.
"""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt import memory
from tests.contract.seam import Regions, items, settled
from tests.contract.steps import Steps, elements, in_step


async def add(replica: Any, *items: Any) -> None:
    await settled(replica.or_set("s").update(items))


async def remove(replica: Any, item: Any) -> None:
    assert await settled(replica.or_set("s").remove(item))


async def collect(replica: Any) -> int:
    return int(await settled(replica.gc_tombstones(older_than=0)))


async def collected(a: Any, b: Any) -> None:
    """A and b have x, y and z, x is removed, and both have collected that."""
    await add(a, "x", "y")
    await add(b, "z")
    await in_step(a, b)
    await remove(a, "x")
    await in_step(a, b)
    assert await collect(a) == await collect(b) == 1


@pytest.mark.parametrize("first", ["pulls", "is pulled"])
async def test_an_empty_region_that_writes_before_its_first_contact(
    region: Regions, first: str
) -> None:
    a, b = region("a"), region("b")
    await collected(a, b)
    await settled(b.reset())
    await add(b, "new")
    await settled(b.g_counter("n").increment(7))
    for target, source in ((b, a), (a, b)) if first == "pulls" else ((a, b), (b, a)):
        await settled(target.pull(source))
    assert await elements(a) == await elements(b) == {"y", "z", "new"}
    assert await settled(a.g_counter("n").value()) == 7
    await remove(b, "y")
    await in_step(a, b)
    assert await elements(a) == await elements(b) == {"z", "new"}


async def test_a_new_region_that_merged_an_object_in_memory(region: Regions) -> None:
    a, b, c = region("a"), region("b"), region("c")
    if isinstance(c, memory.Replica):
        pytest.skip("what is merged in memory is a new object")
    await collected(a, b)
    tasks: memory.ORSet[str] = memory.ORSet(replica_id="agent")
    tasks.update(["of an agent", "x"])
    await settled(c.or_set("s").merge(tasks))
    await in_step(c, a, b)
    for replica in (a, b, c):
        assert await elements(replica) == {"x", "y", "z", "of an agent"}  # that x was never removed


async def test_an_empty_region_in_the_midst_of_a_chain(region: Regions) -> None:
    """What s has removed and collected leaves u, too, though t no longer tells of it."""
    s, t, u = region("s"), region("t"), region("u")
    await add(s, "x", "y")
    await in_step(s, t, u)
    await remove(s, "x")
    await in_step(s, t)  # u has not heard of it
    await collect(s)
    await collect(t)
    await settled(t.reset())
    await settled(t.pull(s))
    assert await elements(t) == {"y"}
    await add(u, "new")
    await in_step(s, t, u)
    for replica in (s, t, u):
        assert await elements(replica) == {"y", "new"}


async def test_an_empty_centre_that_is_filled_from_a_lagging_leaf_first(region: Regions) -> None:
    centre, lagging, leaf = region("centre"), region("lagging"), region("leaf")
    await add(centre, "x", "y")
    await in_step(lagging, centre, leaf)
    await remove(leaf, "x")
    await in_step(centre, leaf)
    await settled(centre.forget("lagging"))
    assert (await collect(centre), await collect(leaf)) == (1, 1)
    await settled(centre.reset())
    await settled(centre.pull(lagging))
    assert await elements(centre) == {"x", "y"}
    await in_step(centre, leaf)
    await in_step(lagging, centre)
    for replica in (centre, lagging, leaf):
        assert await elements(replica) == {"y"}


@pytest.mark.parametrize("feed_limit", [100_000, 5])
async def test_a_long_gone_replica_meets_one_that_was_filled_after_the_removal(
    region: Regions, feed_limit: int
) -> None:
    """The one that was filled has never heard of the removed elements; it must not take them in."""
    a, b, gone = region("a"), region("b"), region("gone", feed_limit=feed_limit)
    await add(a, *range(5), "keep")
    await in_step(a, b, gone)
    for replica in (a, b):
        await settled(replica.forget("gone"))
    for item in range(5):
        await remove(a, item)
    await in_step(a, b)
    await settled(a.forget("gone"))
    await settled(b.forget("gone"))
    assert (await collect(a), await collect(b)) == (5, 5)
    for _ in range(30):
        await settled(gone.g_counter("n").increment())  # its own programs have gone on
    await settled(a.reset())
    await settled(a.pull(b))
    await in_step(gone, a, b)
    for replica in (a, b, gone):
        assert await elements(replica) == {"keep"}
        assert await settled(replica.g_counter("n").value()) == 30


async def test_a_forgotten_region_that_comes_back_by_a_peer_that_did_not_forget_it(
    region: Regions,
) -> None:
    a, b, c = region("a"), region("b"), region("c")
    await add(a, "x", "y")
    await in_step(a, b, c)
    assert await settled(a.forget("c")) is False  # they are no neighbours
    assert await settled(b.forget("c"))
    await remove(a, "x")
    await in_step(a, b)
    assert (await collect(a), await collect(b)) == (1, 1)
    # A fourth one has all of the old state, and has forgotten nobody.
    d = region("d")
    await settled(d.pull(c))
    await add(c, "new")
    await in_step(a, b, d, c)
    for replica in (a, b, c, d):
        assert await elements(replica) == {"y", "new"}


async def test_reset_after_being_forgotten_and_one_write(region: Regions) -> None:
    """Also with a second peer that had forgotten it."""
    a, b, c = region("a"), region("b"), region("c")
    await add(a, "x", "y")
    await in_step(a, c, b)
    for peer in (a, c):
        await settled(peer.forget("b"))
    await remove(a, "x")
    await in_step(a, c)
    for peer in (a, c):
        await settled(peer.forget("b"))
        await collect(peer)
    await settled(b.reset())
    await settled(b.g_counter("done").increment())
    await in_step(a, b, c)
    for replica in (a, b, c):
        assert await elements(replica) == {"y"}
        assert await settled(replica.g_counter("done").value()) == 1


@pytest.mark.parametrize(("feed_limit", "many"), [(40, 60), (100_000, 1100)])
async def test_a_first_fill_that_breaks_off_anywhere_while_the_source_collects(
    region: Regions, feed_limit: int, many: int
) -> None:
    """By a full scan and by deltas: the next pull goes on, whatever was collected meanwhile."""
    a, b = region("a", feed_limit=feed_limit), region("b")
    for most in range(1, 400, a.shards):
        for replica in (a, b):
            await settled(replica.reset())
        await add(a, *range(many + 1))
        await remove(a, many)
        await settled(a.lww_map("m").set("k", 1))
        await settled(b.g_counter("n").increment())
        steps = Steps(most)
        whole = await steps.pull(b, a)
        await settled(a.or_set("s").remove_all(range(30)))
        await settled(a.lww_map("m").delete("k"))
        await collect(a)
        assert await Steps().pull(b, a)
        await settled(a.pull(b))
        assert await elements(b) == await elements(a) == {*range(30, many)}, f"after {most} steps"
        for replica in (a, b):
            assert await items(replica.lww_map("m")) == {}
            assert await settled(replica.g_counter("n").value()) == 1
        if whole:
            break
    else:
        pytest.fail("the pull never came to its end")


async def test_a_first_fill_during_which_the_source_is_written_and_collects(
    region: Regions,
) -> None:
    a, b = region("a", feed_limit=20), region("b")
    await add(a, *range(100))
    await add(b, "of b")
    removed: list[int] = []

    async def meanwhile(step: int) -> None:
        if step % 2 and len(removed) < 40:
            removed.append(len(removed))
            await remove(a, removed[-1])
            await add(a, f"new {step}")
            await collect(a)

    await Steps(between=meanwhile).pull(b, a)
    await in_step(a, b)
    assert await elements(a) == await elements(b)
    assert not {*removed} & await elements(b)
    assert {*range(len(removed), 100), "of b"} <= await elements(b)


@pytest.mark.parametrize("limit", [100_000, 5])
async def test_what_was_asked_for_by_a_former_self_is_not_joined(
    region: Regions, limit: int
) -> None:
    """Nor what arrives twice, or late, when all that it tells of is removed and collected."""
    a, b = region("a", feed_limit=limit), region("b")
    await add(a, *range(20))
    first = Steps()
    assert await first.pull(b, a)
    await settled(a.or_set("s").remove_all(range(10)))
    await in_step(a, b)
    assert await collect(a) == 10
    await collect(b)
    await first.deliver_again()
    assert await elements(b) == {*range(10, 20)}
    await settled(b.reset())
    await add(b, "of its new self")
    await first.deliver_again()
    assert await elements(b) == {"of its new self"}
    await in_step(a, b)
    assert await elements(a) == await elements(b) == {*range(10, 20), "of its new self"}


async def test_a_pull_that_its_target_does_not_survive(region: Regions) -> None:
    """The target is emptied at any moment of it; a pull after that brings everything."""
    a, b = region("a", feed_limit=30), region("b")
    for at in range(0, 200, a.shards):
        for replica in (a, b):
            await settled(replica.reset())
        await add(a, *range(50))
        await remove(a, 0)
        await collect(a)
        done = False

        async def wiped(step: int, at: int = at) -> None:
            nonlocal done
            if step == at:
                done = True
                await settled(b.reset())
                await add(b, "after")

        await Steps(between=wiped).pull(b, a)
        await in_step(a, b, rounds=2)
        expected = {*range(1, 50), *(["after"] if done else [])}
        assert await elements(b) == await elements(a) == expected, f"at step {at}"
        if not done:
            break
