"""Registers of the largest and of the smallest, on every backend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.errors import BatchAborted, InvalidDump, InvalidValue, KindMismatch
from tests.contract.seam import START, Regions, in_batch, merged, settled, watched

both = pytest.mark.parametrize("kind", ["max_register", "min_register"])

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)

RISING: dict[Any, list[Any]] = {
    int: [-(10**30), -7, 0, 2**53, 2**53 + 1, 2**70],
    float: [-1e300, -1.5, -1.25, 5e-324, 0.1, 3, 1e300],
    str: ["", "\x00", " ", "a", "a b", "ab", "é", "\uffff", "🚀"],
    datetime: [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=400)],
}


def register(replica: Any, kind: str, type_: Any = int, name: str = "r") -> Any:
    return getattr(replica, kind)(name, type_)


def further(kind: str, values: list[Any]) -> list[Any]:
    """The values, each further than the one before it."""
    return values if kind == "max_register" else values[::-1]


@both
@pytest.mark.parametrize("type_", RISING)
async def test_it_keeps_what_goes_furthest(region: Regions, kind: str, type_: Any) -> None:
    mine = register(region("a"), kind, type_)
    assert await settled(mine.get()) is None
    values = further(kind, RISING[type_])
    for i, value in enumerate(values):
        await settled(mine.set(value))
        assert await settled(mine.get()) == value
        await settled(mine.set(values[i // 2]))
        assert await settled(mine.get()) == value


@both
async def test_regions_come_to_the_furthest_of_all(region: Regions, kind: str) -> None:
    a, b = region("a"), region("b")
    mine, theirs = register(a, kind, float), register(b, kind, float)
    near, far = further(kind, [2, 10])
    await settled(mine.set(near))
    await settled(theirs.set(far))
    await settled(a.sync(b))
    assert await settled(mine.get()) == await settled(theirs.get()) == far


@both
async def test_what_does_not_go_further_is_no_write(region: Regions, kind: str) -> None:
    a, b = region("a"), region("b")
    mine = register(a, kind)
    near, far = further(kind, [2, 10])
    await settled(mine.set(far))
    await settled(b.pull(a))
    for value in (near, far):
        await settled(mine.set(value))
    assert (await settled(b.pull(a))).entries == 0
    assert len(await watched(mine.watch(START, timeout=0.01))) == 1


@both
async def test_it_merges_with_objects_in_memory_and_dumps(region: Regions, kind: str) -> None:
    here = register(region("a"), kind)
    bare = {"max_register": memory.MaxRegister, "min_register": memory.MinRegister}[kind](int)
    near, far = further(kind, [-3, 4])
    bare.set(far)
    await settled(here.set(near))
    here = await merged(here, bare)
    assert await settled(here.get()) == far
    bare.set(near)
    here = await merged(here, bare)
    assert await settled(here.get()) == far
    for bad in ("", "4", "n", "n150000", "x", "t1", "s\n"):
        with pytest.raises(InvalidDump):
            await settled(here.merge({"kind": kind, "entries": {"value": bad}}))
    with pytest.raises(InvalidDump):
        await settled(here.merge({"kind": kind, "entries": {"x": "n0"}}))
    for other_type in ("sword", "n149995", "t063845000000000000"):
        with pytest.raises(InvalidValue):
            await settled(here.merge({"kind": kind, "entries": {"value": other_type}}))
    other = {"max_register": "min_register", "min_register": "max_register"}[kind]
    with pytest.raises(KindMismatch):
        await settled(here.merge({"kind": other, "entries": {"value": "n0"}}))
    assert await settled(here.get()) == far


@both
async def test_what_has_no_order_is_refused(region: Regions, kind: str) -> None:
    replica = region("a")
    for type_, value in (
        (Any, None),
        (Any, True),
        (int, 1.5),
        (float, float("nan")),
        (float, float("inf")),
        (datetime, datetime(2024, 1, 1)),
        (str, " " * 40_000),
    ):
        with pytest.raises(InvalidValue):
            await settled(register(replica, kind, type_).set(value))
    assert await settled(register(replica, kind).get()) is None
    await settled(register(replica, kind, str).set("x"))
    with pytest.raises(InvalidValue):
        await settled(register(replica, kind).get())


@both
async def test_batches_files_and_watches_take_it(region: Regions, kind: str) -> None:
    a, b = region("a"), region("b")
    high, tasks = register(a, kind, name="{p}high"), a.or_set("{p}tasks", str)
    first, second, third = further(kind, [1, 2, 3])
    await in_batch(a, lambda batch: [batch.on(high).set(v) for v in (second, first)])
    assert await settled(high.get()) == second
    await in_batch(a, lambda batch: [batch.on(high).set(v) for v in (first, second, third, second)])
    assert await settled(high.get()) == third

    def record(batch: Any) -> None:
        batch.on(high).set(further(kind, [third - 10, third + 10])[1])
        batch.on(tasks).remove("t", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record)
    assert await settled(high.get()) == third
    file = BytesIO()
    assert await settled(a.dump(file)) == 1
    file.seek(0)
    assert await settled(b.load(file)) == 1
    assert await settled(register(b, kind, name="{p}high").get()) == third
    changes = await watched(high.watch(START, timeout=0.01))
    assert {(change.kind, change.key) for change in changes} == {(kind, None)}
    assert await settled(a.collections()) == [("{p}high", kind)]
