"""One name that two regions gave two kinds before they had met: both exist, and nothing stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.errors import KindMismatch
from tests.contract.seam import Regions, items, settled
from tests.contract.steps import elements, in_step


async def apart(region: Regions) -> tuple[Any, Any]:
    eu, us = region("eu"), region("us")
    await settled(eu.or_set("stats").add("x"))
    await settled(us.g_counter("stats").increment(3))
    await settled(eu.lww_register("other").set(1))
    await settled(us.lww_map("more").set("k", 2))
    return eu, us


async def both_are_there(*replicas: Any) -> None:
    for replica in replicas:
        assert await elements(replica, "stats") == {"x"}
        assert await settled(replica.g_counter("stats").value()) == 3
        assert await settled(replica.lww_register("other").get()) == 1
        assert await items(replica.lww_map("more")) == {"k": 2}


async def test_everything_is_exchanged(region: Regions) -> None:
    eu, us = await apart(region)
    await in_step(eu, us)
    await both_are_there(eu, us)
    await settled(eu.g_counter("stats").increment(4))
    await settled(us.or_set("stats").remove("x"))
    await in_step(eu, us)
    for replica in (eu, us):
        assert await elements(replica, "stats") == set()
        assert await settled(replica.g_counter("stats").value()) == 7


async def test_by_a_full_scan_too(region: Regions) -> None:
    eu, us = await apart(region)
    await in_step(eu, us)
    ap = region("ap", feed_limit=1)
    await settled(ap.or_set("mine").add("y"))
    await settled(eu.gc_tombstones(older_than=0))
    await in_step(ap, us)
    await both_are_there(ap)


async def test_a_third_kind_is_refused(region: Regions) -> None:
    eu, us = await apart(region)
    await in_step(eu, us)
    for replica in (eu, us):
        with pytest.raises(KindMismatch, match="'stats'") as raised:
            await settled(replica.lww_map("stats").set("k", 1))
        assert "or_set" in str(raised.value)
        assert "g_counter" in str(raised.value)
    await both_are_there(eu, us)


async def test_status_tells(region: Regions, backend: str) -> None:
    eu, us = await apart(region)
    if isinstance(eu, memory.Replica):
        pytest.skip("memory has no status")
    await in_step(eu, us)
    for replica in (eu, us):
        found = [c.kind for c in (await settled(replica.status())).collections if c.name == "stats"]
        assert sorted(found) == ["g_counter", "or_set"]
    if not backend.startswith("fakeredis"):  # it has no digests
        assert await settled(eu.verify(us)) == []


async def test_a_file_has_both(region: Regions, tmp_path: Path) -> None:
    eu, us = await apart(region)
    await settled(us.dump(tmp_path / "us"))
    await settled(eu.load(tmp_path / "us"))
    await both_are_there(eu)
    await settled(eu.dump(tmp_path / "eu"))
    ap = region("ap")
    await settled(ap.load(tmp_path / "eu"))
    await both_are_there(ap)


async def test_dropping_the_name_ends_it(region: Regions) -> None:
    eu, us = await apart(region)
    await in_step(eu, us)
    assert await settled(us.drop("stats")) is True
    await in_step(eu, us)
    for replica in (eu, us):
        await settled(replica.lww_map("stats").set(replica.replica_id, 1))
    await in_step(eu, us)
    for replica in (eu, us):
        assert await items(replica.lww_map("stats")) == {"eu": 1, "us": 1}
        with pytest.raises(KindMismatch):
            await settled(replica.or_set("stats").add("y"))
