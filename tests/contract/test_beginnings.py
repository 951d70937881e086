"""The examples that the project began from, on every backend."""

from __future__ import annotations

import pytest

from redis_crdt import memory
from tests.contract.seam import Regions, contains, items, merged, settled


async def test_task_sets_of_two_agents_merge_to_hold_both(region: Regions) -> None:
    a, b = (region(name).or_set("tasks", str) for name in "ab")
    await settled(a.add("task-1"))
    await settled(b.add("task-2"))
    both = await merged(a, b)
    assert await settled(both.get_elements()) == {"task-1", "task-2"}


@pytest.mark.parametrize("amounts", [(5, 3, 7), (2, 5, 7)])
async def test_g_counters_merge_to_their_sum(region: Regions, amounts: tuple[int, ...]) -> None:
    counters = [region(f"agent-{i}").g_counter("done") for i in range(len(amounts))]
    for counter, amount in zip(counters, amounts, strict=True):
        await settled(counter.increment(amount))
    total = counters[0]
    for other in counters[1:]:
        total = await merged(total, other)
    assert await settled(total.value()) == sum(amounts)


async def test_a_pool_of_plus_10_and_minus_3_merges_to_7(region: Regions) -> None:
    a, b = (region(name).pn_counter("pool") for name in "ab")
    await settled(a.increment(10))
    await settled(b.decrement(3))
    assert await settled((await merged(a, b)).value()) == 7


def written_at(time: int, name: str) -> memory.LWWRegister[str]:
    register = memory.LWWRegister[str](str, replica_id=name, clock=lambda: time)
    register.set(name)
    return register


@pytest.mark.parametrize(("times", "winner"), [((1000, 1001), "b"), ((1001, 1000), "a")])
async def test_the_later_write_of_a_register_wins(
    region: Regions, times: tuple[int, int], winner: str
) -> None:
    a, b = (written_at(time, name) for name, time in zip("ab", times, strict=True))
    for first, second in ((a, b), (b, a)):
        register = region("c").lww_register("config", str)
        register = await merged(await merged(register, first), second)
        assert await settled(register.get()) == winner


async def test_of_equal_times_the_larger_replica_id_wins_on_both_sides(region: Regions) -> None:
    a, b = (written_at(1000, name) for name in "ab")
    assert a.timestamp == b.timestamp
    for first, second in ((a, b), (b, a)):
        register = region("c").lww_register("config", str)
        register = await merged(await merged(register, first), second)
        assert await settled(register.get()) == "b"
        assert await settled(register.written_by) == "b"
        assert register.replica_id == "c"


async def test_a_map_keeps_the_later_write_of_each_key(region: Regions) -> None:
    a, b = (region(name).lww_map("status", str) for name in "ab")
    await settled(a.set("x", "early"))
    await settled(a.set("only a", "1"))
    b = await merged(b, a)
    await settled(b.set("x", "late"))
    await settled(b.set("only b", "2"))
    assert await items(await merged(a, b)) == {"x": "late", "only a": "1", "only b": "2"}


async def test_a_multi_value_register_keeps_what_no_write_has_seen(region: Regions) -> None:
    a, b = (region(name).mv_register("owner", str) for name in "ab")
    await settled(a.set("ann"))
    await settled(b.set("bob"))
    b = await merged(b, a)
    assert sorted(await settled(b.get())) == ["ann", "bob"]
    await settled(b.set("cid"))
    assert await settled((await merged(a, b)).get()) == ["cid"]


async def test_a_removal_takes_what_it_has_seen(region: Regions) -> None:
    a, b, c = (region(name).or_set("tasks", str) for name in "abc")
    await settled(a.update(["implement-auth", "write-tests"]))
    await settled(b.add("update-docs"))
    c = await merged(c, a)
    await settled(c.remove("implement-auth"))
    total = await merged(await merged(a, b), c)
    assert await settled(total.get_elements()) == {"write-tests", "update-docs"}


async def test_an_add_that_a_removal_has_not_seen_survives(region: Regions) -> None:
    a, c = (region(name).or_set("tasks", str) for name in "ac")
    await settled(a.add("implement-auth"))
    await settled(c.add("implement-auth"))
    await settled(c.remove("implement-auth"))
    assert not await contains(c, "implement-auth")
    assert await contains(await merged(c, a), "implement-auth")
    assert await contains(await merged(a, c), "implement-auth")
