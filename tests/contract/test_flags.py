"""Flags, on every backend: in one enabling wins, in the other disabling."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.errors import BatchAborted, InvalidDump, KindMismatch
from tests.contract.seam import START, Regions, in_batch, merged, settled, watched

both = pytest.mark.parametrize("kind", ["ew_flag", "dw_flag"])


def flag(replica: Any, kind: str, name: str = "f") -> Any:
    return getattr(replica, kind)(name)


async def value(of: Any) -> bool:
    found = await settled(of.value())
    assert isinstance(found, bool)
    return found


@both
async def test_it_is_as_it_was_switched_last_where_all_is_known(region: Regions, kind: str) -> None:
    a, b = region("a"), region("b")
    mine, theirs = flag(a, kind), flag(b, kind)
    assert not await value(mine)
    await settled(mine.disable())
    assert not await value(mine)
    await settled(mine.enable())
    assert await value(mine)
    await settled(a.sync(b))
    assert await value(theirs)
    await settled(theirs.disable())
    await settled(a.sync(b))
    assert not await value(mine)
    await settled(mine.enable())
    await settled(a.sync(b))
    assert await value(theirs)
    assert len((await settled(theirs.dump())).entries["value"].splitlines()) == 2  # of one write


@both
async def test_of_what_did_not_know_of_each_other_one_wins(region: Regions, kind: str) -> None:
    a, b = region("a"), region("b")
    mine, theirs = flag(a, kind), flag(b, kind)
    for first, second in (("enable", "disable"), ("disable", "enable")):
        await settled(getattr(mine, first)())
        await settled(getattr(theirs, second)())
        assert await value(mine) is (first == "enable")
        await settled(a.sync(b))
        assert await value(mine) is await value(theirs) is (kind == "ew_flag")
        # Whoever has seen both decides.
        for switch, enabled in (("disable", False), ("enable", True)):
            await settled(getattr(theirs, switch)())
            await settled(a.sync(b))
            assert await value(mine) is await value(theirs) is enabled


@both
async def test_what_wins_does_so_among_three(region: Regions, kind: str) -> None:
    regions = [region(name) for name in "abc"]
    await settled(flag(regions[0], kind).enable())
    for each in regions[1:]:
        await settled(each.pull(regions[0]))
    await settled(flag(regions[0], kind).disable())
    await settled(flag(regions[1], kind).enable())
    await settled(flag(regions[2], kind).disable())
    for _ in range(2):
        for each in regions[1:]:
            await settled(regions[0].sync(each))
    assert [await value(flag(each, kind)) for each in regions] == [kind == "ew_flag"] * 3
    # One that has seen two of the three leaves the third beside its own.
    assert len((await settled(flag(regions[1], kind).dump())).entries["value"].splitlines()) == 4


@both
async def test_it_merges_with_objects_in_memory_and_dumps(region: Regions, kind: str) -> None:
    here = flag(region("a"), kind)
    bare = {"ew_flag": memory.EWFlag, "dw_flag": memory.DWFlag}[kind]("bare")
    bare.enable()
    here = await merged(here, bare)
    assert await value(here)
    for switch in ("disable", "enable"):
        getattr(bare, switch)()
        here = await merged(here, bare)
        assert await value(here) is (switch == "enable")
    for bad in ({"value": "1@a#1"}, {"value": "1@a#1\n1"}, {"x": "1@a#1\ntrue"}):
        with pytest.raises(InvalidDump):
            await settled(here.merge({"kind": kind, "entries": bad}))
    with pytest.raises(KindMismatch):
        await settled(here.merge({"kind": "mv_register", "entries": {"value": "1@a#1\ntrue"}}))


@both
async def test_the_state_of_another_flag_is_beside_its_own(region: Regions, kind: str) -> None:
    one, other = flag(region("a"), kind, "one"), flag(region("b"), kind, "other")
    await settled(one.enable())
    await settled(other.disable())
    assert await value(await merged(one, other)) is (kind == "ew_flag")


@both
async def test_batches_files_and_watches_take_it(region: Regions, kind: str) -> None:
    a, b = region("a"), region("b")
    open_, tasks = flag(a, kind, "{p}open"), a.or_set("{p}tasks", str)
    await in_batch(a, lambda batch: [batch.on(open_).disable(), batch.on(open_).enable()])
    assert await value(open_)

    def record(batch: Any) -> None:
        batch.on(open_).disable()
        batch.on(tasks).remove("t", required=True)

    with pytest.raises(BatchAborted):
        await in_batch(a, record)
    assert await value(open_)
    file = BytesIO()
    assert await settled(a.dump(file)) == 1
    file.seek(0)
    assert await settled(b.load(file)) == 1
    assert await value(flag(b, kind, "{p}open"))
    await settled(open_.disable())
    changes = await watched(open_.watch(START, timeout=0.01))
    told = {(change.collection, change.kind, change.key) for change in changes}
    assert told == {("{p}open", kind, None)}
    assert await settled(a.collections()) == [("{p}open", kind)]
