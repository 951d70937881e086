"""One entry that cannot be joined holds nothing else up; what is not held is not claimed."""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt import State, memory
from redis_crdt.core.dots import MAX_DOTS
from redis_crdt.operations import requests as ask
from tests.contract.seam import Regions, settled
from tests.contract.steps import elements

MANY = MAX_DOTS // 2 + 50


def seen_by_many(prefix: str) -> State:
    """An element that many objects in memory have added, as honest merges of them give it."""
    writers = sorted(f"{prefix}{i:04}#1" for i in range(MANY))
    dots = " ".join(f"{1000 + i}@{writer}" for i, writer in enumerate(writers))
    known = {writer: str(1000 + i) for i, writer in enumerate(writers)}
    return State(kind="or_set", entries={'"hot"': dots}, known=known)


async def known(replica: Any, shard: int = 0) -> dict[bytes, bytes]:
    found = await settled(replica.execute(ask.knowledge(replica.keys(shard), "test")))
    return dict(found.known)


async def too_much(region: Regions) -> tuple[Any, Any]:
    """Each of two regions has an entry that is fine, and they cannot be joined."""
    a, b = region("a", shards=1), region("b", shards=1)
    if isinstance(a, memory.Replica):
        pytest.skip("what is merged in memory is a new object")
    for replica in (a, b):
        await settled(replica.or_set("s").add(f"early in {replica.replica_id}"))
    await settled(a.sync(b))
    for replica in (a, b):
        await settled(replica.or_set("s").merge(seen_by_many(replica.replica_id)))
    return a, b


async def test_the_rest_is_joined_and_the_cursor_stays(region: Regions) -> None:
    a, b = await too_much(region)
    await settled(a.or_set("s").update(range(700)))
    await settled(a.g_counter("n").increment(3))
    before = {w: c for w, c in (await known(b)).items() if w.startswith(b"a#")}
    assert before
    for _ in range(2):
        report = await settled(b.pull(a))
        (refused,) = report.refused
        assert (refused.collection, refused.kind, refused.field) == ("s", "or_set", '"hot"')
        assert "dots" in refused.reason
    assert {w: c for w, c in (await known(b)).items() if w.startswith(b"a#")} == before
    expected = {"early in a", "early in b", "hot", *range(700)}
    assert await elements(b) == expected
    assert await settled(b.g_counter("n").value()) == 3
    # What b has not joined it must not tell others to be gone.
    c = region("c", shards=1)
    for _ in range(2):
        await settled(c.sync(b))
    assert await elements(c) == expected
    await settled(a.or_set("s").remove(1))
    await settled(b.pull(a))
    assert await elements(b) == expected - {1}


async def test_once_mended_the_cursor_moves_on(region: Regions) -> None:
    """Where the element is removed on both sides, or written anew, collection makes room."""
    a, b = await too_much(region)
    for target, source in ((b, a), (a, b)):
        assert (await settled(target.pull(source))).refused
    assert await settled(a.or_set("s").remove("hot"))
    assert await settled(b.or_set("s").remove("hot"))
    await settled(b.or_set("s").add("hot"))
    for replica in (a, b):
        await settled(replica.gc_tombstones(older_than=0))
    for _ in range(2):
        report = await settled(a.sync(b))
    assert report.refused == ()
    assert await elements(a) == await elements(b) == {"early in a", "early in b", "hot"}
    assert (await settled(a.sync(b))).entries == 0


async def test_a_fresh_region_takes_what_it_can(region: Regions) -> None:
    """By a full scan: all but the entry is joined, and so it goes on with the next pull."""
    a, b = await too_much(region)
    await settled(a.or_set("s").update(range(600)))
    await settled(a.gc_tombstones(older_than=0))
    await settled(b.reset())
    await settled(b.or_set("s").merge(seen_by_many("b")))
    await settled(b.or_set("s").add("of b"))
    assert len((await settled(b.pull(a))).refused) == 1
    assert {*range(600), "of b", "hot"} <= await elements(b)
    await settled(a.or_set("s").add("later"))
    assert len((await settled(b.pull(a))).refused) == 1
    assert "later" in await elements(b)
