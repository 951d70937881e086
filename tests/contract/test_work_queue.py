"""Tasks that one worker does at a time, in all regions, on every backend."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any

import pytest

from redis_crdt.errors import (
    Fenced,
    InvalidName,
    InvalidSetting,
    InvalidValue,
)
from tests.contract.seam import START, Regions, in_batch, merged, settled, watched

SHORT = 0.001
"""A lease that is over as soon as another call is made, or nearly so."""


async def counts(queue: Any) -> tuple[int, int, int]:
    """How many tasks wait here, are claimed here, and are elsewhere."""
    return (
        await settled(queue.pending()),
        await settled(queue.claimed()),
        await settled(queue.elsewhere()),
    )


async def claimed(queue: Any, worker: str = "w", **options: Any) -> Any:
    """A claim, where one is expected."""
    claim = await settled(queue.claim(worker, **options))
    assert claim is not None
    return claim


async def test_what_is_put_is_claimed_done_and_gone(region: Regions) -> None:
    queue = region("a").work_queue("q", str)
    assert await settled(queue.claim("w")) is None
    id_ = await settled(queue.put("one"))
    assert await counts(queue) == (1, 0, 0)
    claim = await claimed(queue, "ann")
    assert (claim.id, claim.value, claim.worker) == (id_, "one", "ann")
    assert (claim.fence, claim.attempts) == (1, 1)
    assert await counts(queue) == (0, 1, 0)
    assert await settled(queue.claim("bob")) is None
    await settled(claim.done())
    assert await counts(queue) == (0, 0, 0)
    with pytest.raises(Fenced, match="done"):
        await settled(claim.done())
    for change in (claim.extend, claim.release):
        with pytest.raises(Fenced):
            await settled(change())
    assert await settled(queue.claim("bob")) is None


async def test_the_best_comes_first_and_then_what_was_put_first(region: Regions) -> None:
    queue = region("a").work_queue("q", int)
    for value, priority in [(1, 0), (2, 0), (3, -5), (4, 10**9), (5, 0), (6, 7)]:
        await settled(queue.put(value, priority=priority))
    assert [(await claimed(queue)).value for _ in range(6)] == [4, 6, 1, 2, 5, 3]


async def test_a_lease_that_is_over_passes_to_the_next_under_a_higher_fence(
    region: Regions,
) -> None:
    queue = region("a").work_queue("q", str)
    await settled(queue.put("one"))
    slow = await claimed(queue, "slow", lease=SHORT)
    quick = await claimed(queue, "quick", timeout=30)
    assert quick.id == slow.id
    assert (quick.fence, quick.attempts) == (slow.fence + 1, 2)
    for change in (slow.done, slow.extend, slow.release):
        with pytest.raises(Fenced, match="later fence"):
            await settled(change())
    await settled(quick.extend(60))
    await settled(quick.done())


async def test_who_is_late_but_not_replaced_may_still_end_it(region: Regions) -> None:
    queue = region("a").work_queue("q", str)
    await settled(queue.put("one"))
    late = await claimed(queue, lease=SHORT)
    await asyncio.sleep(2 * SHORT)
    await settled(late.extend(60))
    assert await settled(queue.claim("other")) is None
    await settled(late.done())


async def test_what_is_released_may_wait_and_its_attempts_count(region: Regions) -> None:
    queue = region("a").work_queue("q", str)
    await settled(queue.put("one"))
    first = await claimed(queue)
    await settled(first.release())
    with pytest.raises(Fenced):
        await settled(first.done())
    second = await claimed(queue)
    assert second.attempts == 2
    assert second.fence > first.fence
    await settled(second.release(delay=60))
    assert await settled(queue.claim("w")) is None
    assert await counts(queue) == (1, 0, 0)
    await settled(queue.put("later", delay=60))
    await settled(queue.put("soon", priority=5, delay=0.02))
    assert (await claimed(queue, timeout=30)).value == "soon"


async def test_what_was_attempted_too_often_is_dead(region: Regions) -> None:
    replica = region("a")
    queue = replica.work_queue("q", str, max_attempts=2)
    id_ = await settled(queue.put("bad"))
    await settled(queue.put("good"))
    for _ in range(2):
        await settled((await claimed(queue)).release())
    assert (await claimed(queue)).value == "good"
    assert await counts(queue) == (0, 1, 0)
    assert await settled(queue.dead()) == [(id_, "bad", 2)]
    assert await settled(replica.work_queue("q", str).claim("w")) is None
    for bad in (0, -1, True, 1.5, "2"):
        with pytest.raises(InvalidSetting):
            replica.work_queue("q", str, max_attempts=bad)


async def test_only_the_owner_claims_and_who_has_none_is_given_half(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.work_queue("q", int), b.work_queue("q", int)
    for value in range(5):
        await settled(mine.put(value))
    held = await claimed(mine)
    await settled(a.sync(b))
    assert await counts(theirs) == (0, 0, 5)
    assert await settled(theirs.claim("w")) is None  # it asks
    assert await settled(theirs.claim("w")) is None
    assert await settled(mine.share()) == 0  # which has not come here
    await settled(a.sync(b))
    assert await settled(mine.share()) == 2
    assert await settled(mine.share()) == 0
    assert await counts(mine) == (2, 1, 2)
    await settled(a.sync(b))
    assert await counts(theirs) == (2, 0, 3)
    given = [await claimed(theirs) for _ in range(2)]
    assert sorted(claim.value for claim in given) == [1, 2]
    assert all(claim.fence > held.fence for claim in given)
    assert [(await claimed(mine)).value for _ in range(2)] == [3, 4]
    assert await settled(mine.claim("w")) is None
    for claim in (*given, held):
        await settled(claim.done())
    await settled(a.sync(b))
    assert await counts(mine) == (0, 2, 0)
    assert await counts(theirs) == (0, 0, 2)


async def test_a_region_that_is_gone_is_taken_over(region: Regions) -> None:
    a, b = region("a"), region("b")
    mine, theirs = a.work_queue("q", str), b.work_queue("q", str)
    await settled(mine.put("one"))
    await settled(mine.put("two"))
    held = await claimed(mine)
    await settled(a.sync(b))
    assert await settled(theirs.takeover("c")) == 0
    assert await settled(theirs.takeover("a")) == 2
    claims = [await claimed(theirs) for _ in range(2)]
    assert {claim.value for claim in claims} == {"one", "two"}
    assert all(claim.fence > held.fence for claim in claims)
    await settled(a.sync(b))
    with pytest.raises(Fenced):
        await settled(held.done())
    assert await counts(mine) == (0, 0, 2)
    with pytest.raises(InvalidName):
        await settled(mine.takeover(""))


async def test_two_who_took_over_agree_once_they_have_met(region: Regions) -> None:
    a, b, c = (region(name) for name in "abc")
    queues = [replica.work_queue("q", str) for replica in (a, b, c)]
    await settled(queues[0].put("one"))
    for other in (b, c):
        await settled(other.sync(a))
    claims = []
    for queue in queues[1:]:
        assert await settled(queue.takeover("a")) == 1
        claims.append(await claimed(queue))
        await asyncio.sleep(0.002)  # not in one millisecond
    early, late = sorted(claims, key=lambda claim: int(claim.fence))
    assert early.fence < late.fence
    await settled(b.sync(c))
    with pytest.raises(Fenced):
        await settled(early.done())
    await settled(late.done())
    await settled(b.sync(c))
    for queue in queues[1:]:
        assert await counts(queue) == (0, 0, 0)


async def test_a_claim_waits_for_a_task(region: Regions, backend: str) -> None:
    queue = region("a").work_queue("q", str)
    assert await settled(queue.claim("w", timeout=0.02)) is None
    if backend.endswith("asyncio"):
        waiting = [asyncio.create_task(claimed(queue, f"w{i}", timeout=30)) for i in range(3)]
        for value in "abc":
            await settled(queue.put(value))
        found = await asyncio.gather(*waiting)
    else:
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(queue.claim("w", timeout=30)))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for value in "abc":
            queue.put(value)
        for thread in threads:
            thread.join(30)
    assert sorted(claim.value for claim in found) == ["a", "b", "c"]


async def test_many_workers_share_without_any_task_twice(region: Regions, backend: str) -> None:
    queue = region("a").work_queue("q", int)
    for value in range(20):
        await settled(queue.put(value))
    found: list[int] = []

    async def work() -> None:
        while claim := await settled(queue.claim("w")):
            found.append(claim.value)
            await settled(claim.done())

    if backend == "memory":
        await work()
    elif backend.endswith("asyncio"):
        await asyncio.gather(*(work() for _ in range(4)))
    else:
        threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(found) == list(range(20))


async def test_a_batch_puts_and_ends_tasks_or_does_nothing(region: Regions) -> None:
    replica = region("a")
    queue, done = replica.work_queue("{q}", str), replica.g_counter("{q}-done")
    await settled(queue.put("one"))
    claim = await claimed(queue)

    def end(batch: Any) -> None:
        batch.on(queue).done(claim)
        batch.on(queue).put("two", priority=3)
        batch.on(queue).put("three")
        batch.on(done).increment()

    await in_batch(replica, end)
    assert await counts(queue) == (2, 0, 0)
    with pytest.raises(Fenced):
        await in_batch(replica, end)
    assert await counts(queue) == (2, 0, 0)
    assert await settled(done.value()) == 1
    assert [(await claimed(queue)).value for _ in range(2)] == ["two", "three"]


async def test_what_is_no_task_is_refused(region: Regions) -> None:
    queue = region("a").work_queue("q", int)
    with pytest.raises(InvalidValue):
        await settled(queue.put("one"))
    for options in ({"priority": 1.5}, {"priority": 10**9 + 1}, {"delay": -1}, {"delay": "1"}):
        with pytest.raises(InvalidSetting):
            await settled(queue.put(1, **options))
    await settled(queue.put(1))
    for lease in (0, -1, "1", 1e9, float("nan")):
        with pytest.raises(InvalidSetting):
            await settled(queue.claim("w", lease=lease))
    for worker in ("", 'a"b', "a\\b", "a\nb", 5, "w" * 65):
        with pytest.raises(InvalidName):
            await settled(queue.claim(worker))
    assert await counts(queue) == (1, 0, 0)
    claim = await claimed(queue, "wörker {1}")
    for change in (claim.extend, claim.release):
        with pytest.raises(InvalidSetting):
            await settled(change(-1))
    assert claim.worker == "wörker {1}"


async def test_its_state_is_dumped_merged_and_watched(region: Regions) -> None:
    a, b = region("a"), region("b")
    queue = a.work_queue("q", str)
    id_ = await settled(queue.put("one", priority=4))
    await settled(queue.put("two"))
    changes = await watched(queue.watch(START, timeout=0))
    assert (changes[0].kind, changes[0].key) == ("work_queue", id_)
    await settled((await claimed(queue, "w")).done())
    dump = await settled(queue.dump())
    copy = await merged(b.work_queue("q", str), queue)
    assert (await settled(copy.dump())).entries == dump.entries
    assert await counts(copy) == (0, 0, 1)
    with pytest.raises(InvalidValue):
        await merged(b.work_queue("q", int), queue)
    if copy is not b.work_queue("q", str) and hasattr(copy, "_replica"):
        other = await merged(b.work_queue("other", str), queue)
        assert await counts(other) == (1, 0, 0)  # it is written anew, and so this region's
        assert (await claimed(other)).value == "two"


async def test_a_put_that_is_repeated_puts_one_task(region: Regions) -> None:
    a = region("a")
    queue, done = a.work_queue("{q}", str), a.g_counter("{q}-done")
    ids = [queue.new_id() for _ in range(3)]
    assert len(set(ids)) == 3
    for value in ("one", "another"):
        assert await settled(queue.put(value, task_id=ids[0])) == ids[0]
    assert await counts(queue) == (1, 0, 0)

    def put(batch: Any) -> None:
        for task_id in ids:
            batch.on(queue).put(task_id, task_id=task_id)
        batch.on(done).increment()

    for _ in range(2):
        await in_batch(a, put)
    assert await counts(queue) == (3, 0, 0)
    claim = await claimed(queue, lease=60)
    assert (claim.id, claim.value, claim.fence) == (ids[0], "one", 1)
    await settled(queue.put("again", task_id=ids[0]))
    await settled(claim.done())
    await settled(queue.put("again", task_id=ids[0]))  # it was there
    assert await counts(queue) == (2, 0, 0)
    for bad in ("", "one", ids[0] + "!", "?a", "^a#1", 5, b"x", "\udc80"):
        for call in (
            partial(queue.put, "x", task_id=bad),
            partial(queue.claim, "w", task_id=bad),
            partial(queue.discard, bad),
            partial(queue.resume, bad, 1),
        ):
            with pytest.raises(InvalidName, match="no id of a task"):
                await settled(call())
    assert await counts(queue) == (2, 0, 0)


async def test_a_task_is_claimed_by_its_id_where_it_may_be(region: Regions) -> None:
    a, b = region("a"), region("b")
    queue, theirs = a.work_queue("q", str, max_attempts=3), b.work_queue("q", str)
    ids = [await settled(queue.put(value)) for value in ("one", "two", "three")]
    later = await settled(queue.put("later", delay=60))
    await settled(a.sync(b))
    assert await settled(theirs.claim("w", task_id=ids[1])) is None
    await settled(a.sync(b))
    assert await settled(queue.share()) == 0  # for nobody was asked
    slow = await claimed(queue, "slow", lease=SHORT, task_id=ids[1])
    assert (slow.id, slow.value, slow.attempts) == (ids[1], "two", 1)
    second = await claimed(queue, "w", lease=60, timeout=30, task_id=ids[1])
    assert second.fence > slow.fence
    for missing in (ids[1], later, queue.new_id()):
        assert await settled(queue.claim("w", timeout=0.02, task_id=missing)) is None
    await settled(second.release())
    third = await claimed(queue, task_id=ids[1])
    await settled(third.release())
    assert await settled(queue.claim("w", task_id=ids[1])) is None  # once too often
    assert [task.id for task in await settled(queue.dead())] == [ids[1]]
    assert await settled(queue.claim("w", task_id=ids[1])) is None
    soon = await settled(queue.put("soon", delay=0.02))
    assert (await claimed(queue, timeout=30, task_id=soon)).value == "soon"
    assert [(await claimed(queue)).value for _ in range(2)] == ["one", "three"]


async def test_a_claim_is_taken_up_again_by_its_id_and_fence(region: Regions) -> None:
    a, b = region("a"), region("b")
    queue, theirs = a.work_queue("q", str), b.work_queue("q", str)
    await settled(queue.put("one"))
    first = await claimed(queue, "ann")
    again = await settled(queue.resume(first.id, first.fence, lease=30))
    found = (again.id, again.value, again.worker, again.fence, again.attempts, again.lease)
    assert found == (first.id, "one", "ann", first.fence, 1, 30)
    await settled(again.extend())
    await settled(a.sync(b))
    afar = await settled(theirs.resume(first.id, first.fence))
    with pytest.raises(Fenced, match="region a"):
        await settled(afar.done())
    with pytest.raises(Fenced):
        await settled(queue.resume(first.id, first.fence + 1))
    await settled(again.release())
    with pytest.raises(Fenced):
        await settled(queue.resume(first.id, first.fence))
    second = await claimed(queue)
    await settled((await settled(queue.resume(second.id, second.fence))).done())
    with pytest.raises(Fenced, match="done"):
        await settled(queue.resume(second.id, second.fence))
    with pytest.raises(InvalidSetting):
        await settled(queue.resume(second.id, second.fence, lease=0))


async def test_anybody_may_discard_a_task_but_who_works_on_it_wins(region: Regions) -> None:
    a, b = region("a"), region("b")
    queue, theirs = a.work_queue("{q}", str, max_attempts=1), b.work_queue("{q}", str)
    done = b.g_counter("{q}-done")
    ids = [await settled(queue.put(value)) for value in "abcde"]
    assert await settled(queue.discard(queue.new_id())) is False
    held = await claimed(queue, task_id=ids[0])
    await settled((await claimed(queue, task_id=ids[1])).release())
    assert await settled(queue.claim("w", task_id=ids[1])) is None  # it is dead
    await settled(a.sync(b))
    for task_id in ids[:3]:
        assert await settled(theirs.discard(task_id)) is True
        assert await settled(theirs.discard(task_id)) is False
    results = await in_batch(
        b,
        lambda batch: [
            batch.on(theirs).discard(ids[3]),
            batch.on(theirs).discard(ids[3]),
            batch.on(done).increment(),
        ],
    )
    assert [result.value for result in results[:2]] == [True, False]
    assert await counts(theirs) == (0, 0, 1)
    winner = await claimed(queue, task_id=ids[3])  # before it hears of that
    await settled(a.sync(b))
    assert await settled(queue.dead()) == []
    assert await counts(queue) == (1, 1, 0)
    with pytest.raises(Fenced, match="done"):
        await settled(held.done())
    await settled(winner.done())
    assert (await claimed(queue)).value == "e"


async def test_a_dead_task_is_retried_where_it_is(region: Regions) -> None:
    a, b = region("a"), region("b")
    queue = a.work_queue("q", str, max_attempts=1)
    theirs = b.work_queue("q", str, max_attempts=1)
    id_ = await settled(queue.put("bad", priority=2))
    first = await claimed(queue)
    assert await settled(queue.retry(id_)) is False  # it is claimed
    await settled(first.release())
    assert await settled(queue.retry(id_)) is False  # it waits
    assert await settled(queue.claim("w")) is None
    await settled(a.sync(b))
    assert await settled(theirs.retry(id_)) is False  # it is not theirs
    assert await settled(queue.retry(id_)) is True
    assert await settled(queue.retry(id_)) is False
    assert await settled(queue.dead()) == []
    assert await counts(queue) == (1, 0, 0)
    second = await claimed(queue)
    assert (second.id, second.value, second.attempts) == (id_, "bad", 1)
    assert second.fence > first.fence
    with pytest.raises(Fenced):
        await settled(first.done())
    await settled(second.done())
    assert await settled(queue.retry(id_)) is False
    with pytest.raises(InvalidName, match="no id of a task"):
        await settled(queue.retry("bad"))
