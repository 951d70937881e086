"""Bringing replicas together: deltas, full scans, dumps; any backend with any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redis_crdt import State, memory
from redis_crdt.core.clock import wall_clock
from redis_crdt.core.names import shard_of
from redis_crdt.operations import bodies
from redis_crdt.operations import requests as ask
from redis_crdt.sync.pull import Pull
from redis_crdt.transport.awaiting import drive
from tests.contract.seam import Regions, contains, settled


async def write_some(replica: Any, name: str) -> None:
    """A write to a collection of each type."""
    set_ = replica.or_set("set", str)
    await settled(set_.update([f"{name}-{i}" for i in range(5)]))
    await settled(set_.remove(f"{name}-0"))
    await settled(replica.g_counter("done").increment(5))
    await settled(replica.pn_counter("pool").decrement(2))
    await settled(replica.lww_register("config", str).set(name))
    await settled(replica.mv_register("owner", str).set(name))
    await settled(replica.lww_map("status", str).set(name, "on"))


async def state(replica: Any) -> dict[str, State]:
    """Everything that a replica holds, entry for entry."""
    kinds = {
        "set": "or_set",
        "done": "g_counter",
        "pool": "pn_counter",
        "config": "lww_register",
        "owner": "mv_register",
        "status": "lww_map",
    }
    return {name: await settled(getattr(replica, k)(name).dump()) for name, k in kinds.items()}


async def test_two_regions_write_apart_and_converge(region: Regions) -> None:
    a, b = region("a"), region("b")
    await write_some(a, "a")
    await write_some(b, "b")
    assert await state(a) != await state(b)
    report = await settled(a.sync(b))
    assert await state(a) == await state(b)
    assert await settled(a.g_counter("done").value()) == 10
    assert sorted(await settled(a.mv_register("owner").get())) == ["a", "b"]
    assert (report.changed, report.full_scan) == (20 - 1, False)
    assert report.bytes > 0
    assert report.batches >= 2
    again = await settled(a.sync(b))
    assert (again.entries, again.changed) == (0, 0)


async def test_a_change_travels_once_however_often_it_changed(region: Regions) -> None:
    a, b = region("a"), region("b")
    for i in range(50):
        await settled(a.lww_map("m", int).set("key", i))
    report = await settled(b.pull(a))
    assert (report.entries, report.changed) == (1, 1)


async def test_where_the_feed_no_longer_reaches_all_is_compared(region: Regions) -> None:
    a, b = region("a", feed_limit=100), region("b")
    set_ = a.or_set("s", int)
    await settled(set_.add(-1))
    await settled(b.pull(a))
    await settled(set_.remove(-1))
    for i in range(600):
        await settled(set_.add(i))
    report = await settled(b.pull(a))
    assert report.full_scan
    assert await settled(b.or_set("s", int).get_elements()) == set(range(600))
    assert (await settled(b.pull(a))).entries == 0


async def test_who_knows_all_is_told_that_there_is_no_more(region: Regions) -> None:
    """In memory a clock is written without a zero at its end, on servers with it."""
    a = region("a")
    clock = b""
    while not clock.removesuffix(b"-0").isdigit():
        await settled(a.g_counter("done").increment())
        found = await settled(a.execute(ask.knowledge(a.keys(0), "test")))
        clock = found.known[found.writer]
    for known in (clock, clock.removesuffix(b"-0")):
        request = ask.dump(a.keys(0), b"b#1", {found.writer: known}, b"", "test")
        delta = await settled(a.execute(request))
        assert (delta.reconcile, delta.more, delta.body) == (False, False, [])


async def test_memory_fills_itself_by_a_full_scan(region: Regions) -> None:
    """Live entries and tombstones of one collection come in one batch."""
    here = region("a", feed_limit=1)
    there = memory.Replica(replica_id="m", shards=here.shards)
    await write_some(here, "a")
    for _ in range(100):
        await settled(here.g_counter("done").increment())
    assert (await settled(here.sync(there))).full_scan
    assert await state(there) == await state(here)


async def test_a_source_that_is_written_without_end_does_not_keep_a_pull_going(
    region: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_crdt.sync.pull.MAX_CHASE", 10)

    class Busy(memory.Replica):
        """Whenever it is asked, there is more than it can tell at once."""

        def execute(self, operation: Any) -> Any:
            if getattr(operation, "name", "") == "replica/delta":
                for _ in range(2):
                    self.or_set("t", int).update(range(400))
            return super().execute(operation)

    here = region("a")
    source = Busy(replica_id="busy", shards=here.shards)
    report = await settled(here.pull(source))
    assert report.batches > 10
    assert await contains(here.or_set("t", int), 1)
    source.or_set("t", int).update([1000])
    await settled(here.pull(source))  # it goes on where it was, and gets there
    assert await contains(here.or_set("t", int), 1000)


async def test_changes_pass_on_along_a_chain_and_die_out_in_a_ring(region: Regions) -> None:
    a, b, c = (region(name) for name in "abc")
    await write_some(a, "a")
    await settled(b.pull(a))
    await settled(c.pull(b))
    assert await state(c) == await state(a)
    reports = [await settled(t.pull(s)) for t, s in ((a, c), (b, a), (c, b)) for _ in range(2)]
    assert sum(report.changed for report in reports) == 0
    assert reports[-1].entries == 0


async def test_memory_and_servers_reconcile(region: Regions) -> None:
    here = region("a")
    there = memory.Replica(replica_id="m", shards=here.shards)
    await write_some(here, "a")
    await write_some(there, "m")
    await settled(here.sync(there))
    assert await state(here) == await state(there)


async def test_a_dump_as_json_is_the_state(region: Regions) -> None:
    a, b = region("a"), region("b")
    await write_some(a, "a")
    for name, dumped in (await state(a)).items():
        collection = getattr(b, dumped.kind)(name)
        await settled(collection.merge(dumped.model_dump_json()))
        if not isinstance(b, memory.Replica):
            assert await settled(collection.dump()) == dumped


async def test_a_file_carries_a_whole_namespace(region: Regions, tmp_path: Path) -> None:
    a, b = region("a"), region("b")
    await write_some(a, "a")
    written = await settled(a.dump(tmp_path / "dump"))
    assert await settled(b.load(tmp_path / "dump")) == written == 10
    assert await settled(b.load(tmp_path / "dump")) == 0
    assert await state(a) == await state(b)


async def test_a_write_is_later_than_all_that_was_read_before_it(region: Regions) -> None:
    """Also than what a faster clock wrote elsewhere: cause before effect, whatever the clocks."""
    here = region("a")
    ahead = memory.Replica(replica_id="m", shards=here.shards, clock=lambda: wall_clock() + 20_000)
    ahead.lww_map("map").set("cause", 1)
    await settled(here.pull(ahead))
    await settled(here.lww_map("map").set("effect", 2))
    entries = (await settled(here.lww_map("map").dump())).parsed()
    assert entries[b"effect"].time > entries[b"cause"].time


@pytest.mark.filterwarnings("ignore:.*nothing that 'a' wrote")
async def test_one_pull_again_and_again(region: Regions) -> None:
    """What it knew of a target that held nothing then says nothing of what is to be asked for."""
    a, b = region("a"), region("b", feed_limit=1)
    pull = Pull(a, b)
    await settled(b.or_set("s", str).update(["kept", "removed"]))
    await drive(pull.run())
    await settled(b.or_set("s", str).remove("removed"))
    await settled(b.forget("a"))
    assert await settled(b.gc_tombstones(older_than=0)) == 1
    await drive(pull.run())
    assert await settled(a.or_set("s", str).get_elements()) == {"kept"}


async def test_what_came_of_a_replica_is_not_told_back_to_it(region: Regions) -> None:
    """Also where it asked before it wrote that, as one does whose request waits for news."""
    a, b = region("a"), region("b")
    tasks = a.or_set("tasks", str)
    await settled(tasks.add("old"))
    shard = shard_of(b"tasks", a.shards)
    await settled(b.pull(a))
    mine = await settled(a.execute(ask.knowledge(a.keys(shard), "test")))
    begun = await settled(b.execute(ask.knowledge(b.keys(shard), "test")))
    known = {**mine.known, begun.writer: begun.clock}
    await settled(tasks.add("new"))
    await settled(b.pull(a))
    await settled(b.or_set("tasks", str).add("other"))
    request = ask.dump(b.keys(shard), mine.writer, known, b"", "test")
    delta = await settled(b.execute(request))
    assert not delta.reconcile
    assert delta.source.clock > begun.clock
    assert bodies.count(delta.body) == 1
    assert b"other" in delta.body[-1]
