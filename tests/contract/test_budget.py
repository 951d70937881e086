"""Budgets, on every backend: never is more spent than was granted."""

from __future__ import annotations

import pickle
from io import BytesIO
from random import Random
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.errors import (
    CounterOverflow,
    Exceeded,
    HoldLapsed,
    InvalidAmount,
    InvalidDump,
    UnknownReplica,
)
from tests.contract.seam import Regions, in_batch, merged, settled, watched

LONG = 600
"""For how many seconds something is held that is not to lapse."""


async def two(region: Regions, granted: int = 100, moved: int = 40) -> tuple[Any, Any, Any, Any]:
    """Two regions that have heard of each other, and their budgets: b may spend what was moved."""
    a, b = region("a"), region("b")
    mine, theirs = a.budget("x"), b.budget("x")
    await settled(theirs.grant(1))
    await settled(theirs.spend(1))
    await settled(a.sync(b))
    await settled(mine.grant(granted))
    await settled(mine.move(moved, "b"))
    await settled(a.sync(b))
    return a, b, mine, theirs


async def test_each_region_spends_what_it_has(region: Regions) -> None:
    a, b, mine, theirs = await two(region)
    assert await settled(mine.available()) == 60
    assert await settled(theirs.available()) == 40
    await settled(mine.spend(50))
    with pytest.raises(Exceeded, match=r"20 asked for, 10 may be spent here; others have: b 40"):
        await settled(mine.spend(20))
    with pytest.raises(Exceeded) as refused:
        await settled(mine.spend(11))
    assert (refused.value.available, dict(refused.value.elsewhere)) == (10, {"b": 40})
    await settled(mine.spend(10))
    await settled(mine.spend(0))
    await settled(theirs.spend(40))
    await settled(a.sync(b))
    for each in (mine, theirs):
        assert await settled(each.remaining()) == await settled(each.available()) == 0
        with pytest.raises(Exceeded, match="nobody else that is known of here has any"):
            await settled(each.spend(1))
    assert await settled(mine.by_replica()) == {"a": 0, "b": 0}
    assert await settled(mine.frozen()) == {}


async def test_what_is_spent_may_be_given_back_once(region: Regions) -> None:
    a, b, mine, theirs = await two(region)
    await settled(mine.spend(10))
    await settled(mine.refund(4))
    assert await settled(mine.available()) == 54
    with pytest.raises(InvalidAmount, match="6 was spent here"):
        await settled(mine.refund(7))
    await settled(mine.refund(6))
    with pytest.raises(InvalidAmount):
        await settled(theirs.refund(2))  # it has spent 1
    await settled(a.sync(b))
    assert await settled(theirs.remaining()) == 100
    assert await settled(theirs.by_replica()) == {"a": 60, "b": 40}


async def test_what_is_held_cannot_be_spent_and_is_settled(region: Regions) -> None:
    a, b, mine, theirs = await two(region)
    hold = await settled(mine.spend(50, hold=LONG))
    assert hold.amount == 50
    assert await settled(mine.available()) == 10
    with pytest.raises(Exceeded):
        await settled(mine.spend(11))
    with pytest.raises(InvalidAmount):
        await settled(mine.refund(1))  # nothing is spent yet
    await settled(a.sync(b))
    assert await settled(theirs.remaining()) == 50
    await settled(hold.settle(20))
    assert await settled(mine.available()) == 40
    with pytest.raises(HoldLapsed):
        await settled(hold.settle(20))
    with pytest.raises(HoldLapsed):
        await settled(hold.release())
    more = await settled(mine.spend(30, hold=LONG))
    with pytest.raises(Exceeded, match="41 asked for, 40 may be spent"):
        await settled(more.settle(41))
    await settled(more.settle(35))
    given_up = await settled(mine.spend(5, hold=LONG))
    await settled(given_up.release())
    assert await settled(mine.available()) == 5
    await settled(mine.refund(55))
    await settled(a.sync(b))
    assert await settled(theirs.remaining()) == 100


async def test_what_is_not_settled_in_time_comes_back(region: Regions) -> None:
    _, _, mine, _ = await two(region)
    late = await settled(mine.spend(50, hold=0.001))
    kept = await settled(mine.spend(5, hold=LONG))
    while await settled(mine.available()) < 55:
        pass
    await settled(mine.spend(52))  # which takes it back
    with pytest.raises(HoldLapsed):
        await settled(late.settle(1))
    assert await settled(mine.available()) == 3
    await settled(kept.settle(5))
    assert await settled(mine.available()) == 3


async def test_what_is_late_but_was_not_given_to_anybody_may_be_settled(region: Regions) -> None:
    _, _, mine, _ = await two(region)
    late = await settled(mine.spend(50, hold=0.001))
    while await settled(mine.available()) < 60:
        pass
    await settled(late.settle(50))
    assert await settled(mine.available()) == 10


async def test_rights_are_moved_to_whom_one_has_heard_of(region: Regions) -> None:
    a, b, mine, theirs = await two(region)
    for nobody in ("zoe", "a"):
        with pytest.raises(UnknownReplica, match=nobody):
            await settled(mine.move(1, nobody))
    with pytest.raises(Exceeded):
        await settled(mine.move(61, "b"))
    await settled(mine.move(0, "b"))
    await settled(mine.move(60, "b"))
    assert await settled(mine.available()) == 0
    assert await settled(theirs.available()) == 40  # until it has heard
    await settled(a.sync(b))
    await settled(theirs.spend(100))
    assert await settled(theirs.remaining()) == 0


async def test_it_is_never_overspent_however_it_is_synced(region: Regions) -> None:
    chance = Random(5)
    regions = {name: region(name) for name in "abc"}
    budgets = {name: each.budget("x") for name, each in regions.items()}
    granted = spent = refused = 0
    holds: list[tuple[Any, int]] = []
    for step in range(120):
        name = chance.choice("abc")
        budget, n = budgets[name], chance.choice([1, 3, 10, 2**60 // 7])
        try:
            match chance.choice(["grant", "spend", "spend", "hold", "settle", "move", "sync"]):
                case "grant" if step < 60:
                    await settled(budget.grant(n))
                    granted += n
                case "spend":
                    await settled(budget.spend(n))
                    spent += n
                case "hold":
                    holds.append((await settled(budget.spend(n, hold=LONG)), n))
                    spent += n
                case "settle" if holds:
                    hold, held = holds.pop()
                    await settled(hold.settle(held // 2))
                    spent -= held - held // 2
                case "move":
                    await settled(budget.move(n, chance.choice("abc")))
                case "sync":
                    one, other = chance.sample("abc", 2)
                    await settled(regions[one].pull(regions[other]))
        except (Exceeded, UnknownReplica):
            refused += 1
        assert spent <= granted
    for one, other in ("ab", "bc", "ac", "ab"):
        await settled(regions[one].sync(regions[other]))
    assert refused
    assert spent
    for budget in budgets.values():
        assert await settled(budget.remaining()) == granted - spent
        assert sum((await settled(budget.by_replica())).values()) == granted - spent
    for budget in budgets.values():
        await settled(budget.spend(await settled(budget.available())))


async def test_bad_input_changes_nothing(region: Regions) -> None:
    _, _, mine, _ = await two(region)
    for bad in (-1, 1.5, True, "1"):
        for act in (mine.grant, mine.spend, mine.refund):
            with pytest.raises(InvalidAmount):
                await settled(act(bad))
        with pytest.raises(InvalidAmount):
            await settled(mine.move(bad, "b"))
        with pytest.raises(InvalidAmount):
            await settled(mine.spend(bad, hold=1))
    for bad in (0, -1, float("nan"), float("inf"), "1", True):
        with pytest.raises(InvalidAmount):
            await settled(mine.spend(1, hold=bad))
    with pytest.raises(InvalidAmount):
        await settled(mine.spend(0, hold=1))
    with pytest.raises(CounterOverflow):
        await settled(mine.grant(2**63 - 100))
    fields = ("", "g", "g:a", "a#1", "x:a#1", "m:a#1", "m:a#1>a#1", "m:a#1>", "g:a#1>b#1", "G:a#1")
    for field in fields:
        with pytest.raises(InvalidDump):
            await settled(mine.merge({"kind": "budget", "entries": {field: "1"}}))
    for entry in ("", "0", "-1", "01", "1 2", "17 1=5", "17|12", str(2**63)):
        with pytest.raises(InvalidDump):
            await settled(mine.merge({"kind": "budget", "entries": {"g:a#1": entry}}))
    assert await settled(mine.remaining()) == 100


async def test_batches_spend_all_or_nothing(region: Regions) -> None:
    a, _, mine, _ = await two(region)
    scores = a.counter_map("{x}:s") if a.shards == 1 else None

    def buy(batch: Any) -> None:
        on = batch.on(mine)
        on.grant(7)
        on.spend(30)
        on.spend(37)
        on.refund(2)
        if scores is not None:
            batch.on(scores).increment("bought", 2)

    await in_batch(a, buy)
    assert await settled(mine.available()) == 2
    with pytest.raises(Exceeded):
        await in_batch(a, lambda batch: [batch.on(mine).spend(2), batch.on(mine).spend(1)])
    with pytest.raises(InvalidAmount):
        await in_batch(a, lambda batch: batch.on(mine).refund(1000))
    assert await settled(mine.available()) == 2
    await in_batch(a, lambda batch: [batch.on(mine).grant(3), batch.on(mine).spend(5)])
    assert await settled(mine.available()) == 0


async def test_it_goes_through_dumps_and_files(region: Regions) -> None:
    a, b, mine, theirs = await two(region)
    await settled(theirs.spend(15))
    both = await merged(mine, theirs)
    assert await settled(both.remaining()) == 85
    assert (await settled(both.by_replica()))["b"] == 25
    file = BytesIO()
    await settled(b.dump(file))
    file.seek(0)
    await settled(a.load(file))
    assert await settled(mine.remaining()) == 85
    assert await settled(mine.dump()) == await settled(theirs.dump())


async def test_a_watch_tells_whose_rights_change(region: Regions) -> None:
    a, b, mine, theirs = await two(region)
    await settled(theirs.spend(1))
    await settled(a.pull(b))
    changes = await watched(mine.watch("0-0", timeout=0.01))
    assert [change.key for change in changes] == ["b", "b", "a", "a", "b"]
    assert {change.kind for change in changes} == {"budget"}


async def test_what_is_dropped_is_nobodys(region: Regions) -> None:
    a, b, mine, _ = await two(region)
    hold = await settled(mine.spend(5, hold=LONG))
    await settled(a.drop("x"))
    await settled(a.sync(b))
    for each in (a, b):
        assert await settled(each.budget("x").available()) == 0
    await settled(a.budget("x").grant(3))
    with pytest.raises(HoldLapsed):
        await settled(hold.settle(5))
    assert await settled(a.budget("x").remaining()) == 3


def test_of_two_objects_that_go_on_from_one_state_one_has_the_rights() -> None:
    budget = memory.Budget("a")
    budget.grant(10)
    copied = pickle.loads(pickle.dumps(budget))
    one, other = budget.merge(memory.Budget("x")), budget.merge(memory.Budget("y"))
    assert one.available() == other.available() == budget.available() == 10
    one.spend(7)
    for late in (other, budget, copied):
        assert late.available() == 0
        with pytest.raises(Exceeded):
            late.spend(4)
    assert other.merge(one).frozen() == {"a": 3}
    one.spend(3)
    assert one.merge(other).merge(budget).merge(copied).remaining() == 0
