"""What implementations of these types get wrong, on every backend."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import BaseModel

from redis_crdt import memory
from redis_crdt.errors import CounterOverflow, InvalidAmount, InvalidValue, KindMismatch
from tests.contract.seam import Regions, contains, items, merged, settled, size

TYPES = ("or_set", "g_counter", "pn_counter", "lww_register", "mv_register", "lww_map")


class Task(BaseModel):
    name: str
    tags: tuple[str, ...] = ()


@pytest.mark.parametrize("amount", [-1, True, 1.0, "1", None, 2**63])
@pytest.mark.parametrize(
    ("kind", "method"),
    [("g_counter", "increment"), ("pn_counter", "increment"), ("pn_counter", "decrement")],
)
async def test_a_counter_counts_natural_numbers_alone(
    region: Regions, kind: str, method: str, amount: Any
) -> None:
    counter = getattr(region("a"), kind)("count")
    await settled(counter.increment(3))
    with pytest.raises((InvalidAmount, CounterOverflow)):
        await settled(getattr(counter, method)(amount))
    assert await settled(counter.value()) == 3


async def test_a_counter_is_exact_up_to_its_limit_and_does_not_pass_it(region: Regions) -> None:
    counter = region("a").g_counter("count")
    for n in (2**53 + 1, 2**63 - 1 - 2**53 - 2):
        await settled(counter.increment(n))
    assert await settled(counter.value()) == 2**63 - 2
    with pytest.raises(CounterOverflow):
        await settled(counter.increment(2))
    await settled(counter.increment())
    assert await settled(counter.value()) == 2**63 - 1


async def test_both_halves_of_a_pn_counter_belong_to_one_replica(region: Regions) -> None:
    a, b = (region(name).pn_counter("pool") for name in "ab")
    await settled(a.increment(10))
    await settled(a.decrement(4))
    await settled(b.decrement(1))
    assert await settled((await merged(a, b)).by_replica()) == {"a": 6, "b": -1}


@pytest.mark.parametrize("kind", TYPES)
async def test_merging_keeps_the_identity_of_the_left_side(region: Regions, kind: str) -> None:
    a, b = (getattr(region(name), kind)("x") for name in "ab")
    assert (await merged(a, b)).replica_id == "a"


@pytest.mark.parametrize("value", ["", 0, False, None, [], {}, 0.5, "\n", "é", [1, [2]]])
async def test_no_value_is_lost_for_being_falsy_or_odd(region: Regions, value: Any) -> None:
    replica = region("a")
    multi, last, map_ = replica.mv_register("m"), replica.lww_register("l"), replica.lww_map("k")
    await settled(multi.set(value))
    await settled(last.set(value))
    await settled(map_.set("", value))
    assert await settled(multi.get()) == [value]
    assert await settled(last.get()) == value
    assert await items(map_) == {"": value}
    assert await contains(map_, "")


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (str, ["", "a", "ü\n"]),
        (int, [0, -1, 2**80]),
        (float, [0.0, 1.5, -1e300]),
        (bool, [True, False]),
        (bytes, [b"", b"\x00\xff"]),
        (tuple[int, str], [(1, "a"), (2, "")]),
        (Task, [Task(name="a"), Task(name="b", tags=("x", "y"))]),
    ],
)
async def test_values_of_a_type_come_back_as_they_went(
    region: Regions, type_: Any, values: list[Any]
) -> None:
    replica = region("a")
    map_ = replica.lww_map("map", type_)
    for i, value in enumerate(values):
        await settled(map_.set(str(i), value))
    assert [value for _, value in sorted((await items(map_)).items())] == values
    if type_ is not Task:  # models that are not frozen cannot be hashed
        set_ = replica.or_set("set", type_)
        await settled(set_.update(values))
        assert await settled(set_.get_elements()) == set(values)
        assert await size(set_) == len(values)


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", object(), {1: {2}}])
async def test_what_json_cannot_hold_is_refused(region: Regions, value: Any) -> None:
    replica = region("a")
    for write in (
        replica.or_set("s").add,
        replica.lww_register("l").set,
        replica.mv_register("m").set,
        lambda v: replica.lww_map("k").set("key", v),
    ):
        with pytest.raises(InvalidValue):
            await settled(write(value))
    assert await size(replica.or_set("s")) == 0


async def test_a_value_of_another_type_is_refused(region: Regions) -> None:
    numbers = region("a").or_set("numbers", int)
    await settled(numbers.add(1))
    with pytest.raises(InvalidValue):
        await settled(numbers.add("1"))
    words: memory.ORSet[str] = memory.ORSet(str, replica_id="b")
    words.add("word")
    with pytest.raises(InvalidValue):
        await merged(numbers, words)
    assert await settled(numbers.get_elements()) == {1}


async def test_a_collection_of_another_kind_is_refused(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.g_counter("x").increment())
    with pytest.raises(KindMismatch):
        await settled(a.or_set("x").add("y"))
    with pytest.raises(KindMismatch):
        await merged(a.g_counter("x"), b.or_set("y"))
    assert await settled(a.g_counter("x").value()) == 1


async def test_removing_what_is_not_there_does_nothing(region: Regions) -> None:
    set_ = region("a").or_set("s", str)
    assert await settled(set_.remove("x")) is False
    await settled(set_.add("x"))
    assert await settled(set_.remove("x")) is True
    assert await settled(set_.removed.size()) == 1
    await settled(set_.add("x"))
    assert await settled(set_.removed.size()) == 0


def test_a_clock_that_steps_back_does_not_lose_the_next_write() -> None:
    now = 2_000
    register: memory.LWWRegister[str] = memory.LWWRegister(str, replica_id="a", clock=lambda: now)
    register.set("before")
    now = 1_000
    register.set("after")
    assert register.get() == "after"


async def test_pop_takes_each_element_once(region: Regions) -> None:
    a, b = region("a"), region("b")
    tasks = a.or_set("tasks", str)
    await settled(tasks.update(["t1", "t2", "t3"]))
    await settled(a.sync(b))
    popped = [await settled(tasks.pop()) for _ in range(3)]
    assert sorted(popped) == ["t1", "t2", "t3"]
    with pytest.raises(KeyError):
        await settled(tasks.pop())
    await settled(a.sync(b))
    assert await size(b.or_set("tasks", str)) == 0
