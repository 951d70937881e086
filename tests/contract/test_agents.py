"""Batches and the agents' layer, on every backend."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from redis_crdt import agents, memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.asyncio import agents as awaited_agents
from redis_crdt.errors import (
    BatchAborted,
    CounterOverflow,
    Exceeded,
    FeedTrimmed,
    InvalidBatch,
    InvalidValue,
    MissingArgument,
    UnknownOperation,
)
from tests.contract.seam import Regions, contains, in_batch, items, settled


def agent(name: str, replica: Any) -> Any:
    module: Any = awaited_agents if isinstance(replica, AsyncReplica) else agents
    return module.StateManagerAgent(name, module.DistributedStateManager(replica))


async def test_a_batch_is_one_write_with_results(region: Regions) -> None:
    eu = region("eu")
    tasks, done = eu.or_set("{x}:tasks", str), eu.g_counter("{x}:done")
    status = eu.lww_map("{x}:status", str)
    await settled(tasks.add("t1"))

    def record(batch: Any) -> list[Any]:
        return [
            batch.on(tasks).remove("t1"),
            batch.on(tasks).remove("t2"),
            batch.on(done).increment(3),
            batch.on(status).set("a", "idle"),
        ]

    removed, absent, *_ = await in_batch(eu, record)
    assert (removed.value, absent.value) == (True, False)
    assert await contains(tasks, "t1") is False
    assert await settled(done.value()) == 3
    assert await settled(status.get("a")) == "idle"


async def test_a_batch_is_all_or_nothing(region: Regions) -> None:
    eu = region("eu")
    tasks, done = eu.or_set("{x}:tasks", str), eu.g_counter("{x}:done")
    await settled(done.increment(2**63 - 2))

    def too_much(batch: Any) -> None:
        batch.on(tasks).add("t1")
        batch.on(done).increment(2)

    def nothing_to_remove(batch: Any) -> None:
        batch.on(tasks).add("t1")
        batch.on(tasks).remove("t2", required=True)

    with pytest.raises(CounterOverflow):
        await in_batch(eu, too_much)
    with pytest.raises(BatchAborted):
        await in_batch(eu, nothing_to_remove)
    assert await settled(tasks.get_elements()) == set()
    assert await settled(done.value()) == 2**63 - 2


async def test_the_operations_of_a_batch_take_effect_in_their_order(region: Regions) -> None:
    eu = region("eu")
    tasks, status = eu.or_set("{x}:tasks", str), eu.lww_map("{x}:status", str)

    def record(batch: Any) -> list[Any]:
        return [
            *(batch.on(tasks).add(task) for task in ("t1", "t2", "t1", "t3")),
            batch.on(tasks).remove("t1", required=True),
            batch.on(tasks).add("t4"),
            *(batch.on(status).set("a", value) for value in ("idle", "busy")),
            batch.on(status).set("b", "idle"),
            batch.on(status).delete("b"),
            batch.on(status).set("c", "idle"),
            batch.on(tasks).remove("t5"),
        ]

    results = [result.value for result in await in_batch(eu, record)]
    assert results == [None] * 4 + [True] + [None] * 4 + [True, None, False]
    assert await settled(tasks.get_elements()) == {"t2", "t3", "t4"}
    assert await items(status) == {"a": "busy", "c": "idle"}

    def nothing_to_remove(batch: Any) -> None:
        for task in ("t6", "t7"):
            batch.on(tasks).add(task)
        batch.on(tasks).remove("t8", required=True)

    def twice(batch: Any) -> None:
        batch.on(tasks).remove("t2", required=True)
        batch.on(tasks).remove("t2", required=True)

    with pytest.raises(BatchAborted, match="operation 3 "):
        await in_batch(eu, nothing_to_remove)
    with pytest.raises(BatchAborted, match="operation 2 "):
        await in_batch(eu, twice)


async def test_a_block_that_fails_sends_nothing(region: Regions) -> None:
    eu = region("eu")
    tasks = eu.or_set("tasks", str)

    def record(batch: Any) -> None:
        batch.on(tasks).add("t1")
        raise LookupError

    with pytest.raises(LookupError):
        await in_batch(eu, record)
    assert await settled(tasks.get_elements()) == set()


async def test_a_batch_of_other_replicas_or_shards_is_refused(region: Regions) -> None:
    eu, us = region("eu", shards=8), region("us", shards=8)
    with pytest.raises(InvalidBatch):
        await in_batch(eu, lambda batch: batch.on(us.g_counter("done")).increment())
    counters = [eu.g_counter(f"count {i}") for i in range(8)]
    with pytest.raises(InvalidBatch):
        await in_batch(eu, lambda batch: [batch.on(c).increment() for c in counters])
    assert [await settled(c.value()) for c in counters] == [0] * 8
    together = [eu.g_counter(f"{{one place}}:{i}") for i in range(8)]
    await in_batch(eu, lambda batch: [batch.on(c).increment() for c in together])
    assert [await settled(c.value()) for c in together] == [1] * 8


async def test_agents_of_two_regions(region: Regions) -> None:
    a, b = agent("a", region("eu")), agent("b", region("us"))
    await settled(a.handle_state_update("add_task", task="t1"))
    await settled(b.handle_state_update("add_task", task="t2"))
    await settled(a.handle_state_update("update_config", key="model", value={"size": 3}))
    await settled(a.manager.set_status("a", "busy"))
    await settled(b.manager.set_status("b", "idle"))
    await settled(a.sync_with_peer(b))
    assert await settled(b.handle_state_update("complete_task", task="t1")) is True
    assert await settled(b.handle_state_update("complete_task", task="t1")) is False
    await settled(a.sync_with_peer(b))
    for manager in (a.manager, b.manager):
        assert await settled(manager.get_pending_tasks()) == {"t2"}
        assert await settled(manager.get_completed_count()) == 1
        assert await settled(manager.agents()) == {"a": "busy", "b": "idle"}
        assert await settled(manager.get_status("a")) == "busy"
        assert await settled(manager.get_status("nobody")) is None
        assert await settled(manager.get_config("model")) == {"size": 3}


async def test_what_agents_do_not_understand_is_named(region: Regions) -> None:
    one = agent("a", region("eu"))
    with pytest.raises(UnknownOperation, match=r"'fly'.*add_task"):
        await settled(one.handle_state_update("fly"))
    with pytest.raises(MissingArgument, match="update_config needs value"):
        await settled(one.handle_state_update("update_config", key="k"))
    with pytest.raises(MissingArgument, match="not speed"):
        await settled(one.handle_state_update("add_task", task="t", speed=1))
    with pytest.raises(InvalidValue, match=r"get_pending_tasks: limit: .*less than or equal"):
        await settled(one.handle_state_update("get_pending_tasks", limit=10_000))
    with pytest.raises(InvalidValue, match=r"add_task: task: .*string"):
        await settled(one.handle_state_update("add_task", task=5))
    assert await settled(one.manager.get_pending_tasks()) == set()


async def test_of_agents_that_claim_a_task_one_has_it(region: Regions) -> None:
    ann = agent("ann", region("eu"))
    ben = type(ann)("ben", ann.manager)
    assert await settled(ann.claim_task()) is None
    await settled(ann.add_task("t1"))
    assert await settled(ann.claim_task()) == "t1"
    assert await settled(ann.claim_task("t1")) == "t1"  # for longer
    assert await settled(ben.claim_task("t1")) is None
    assert await settled(ben.claim_task()) is None
    assert await settled(ben.claim_task("t2")) is None  # there is none
    assert await settled(ben.release_task("t1")) is False
    assert await settled(ann.release_task("t1")) is True
    assert await settled(ben.claim_task(seconds=60)) == "t1"
    assert 0 < await settled(ann.manager.claims.ttl('"t1"')) <= 60
    (pending,) = (await settled(ann.get_pending_tasks())).tasks
    assert (pending.task, pending.claimed_by) == ("t1", "ben")
    assert await settled(ben.complete_task("t1")) is True
    assert await settled(ben.get_completed_count()) == 1
    assert await items(ann.manager.claims) == {}


async def left(manager: Any) -> tuple[int, int, int, int]:
    """How many tasks wait in the queue and are claimed in it, and how many the two maps note."""
    queue, queued, claims = manager.queue, manager.queued, manager.claims
    assert {*await items(manager.again)} <= {*await items(queued)}
    return (
        await settled(queue.pending()),
        await settled(queue.claimed()),
        len(await items(queued)),
        len(await items(claims)),
    )


async def test_many_agents_of_a_region_claim_each_task_once(region: Regions, backend: str) -> None:
    eu = region("eu")
    workers = [agent(f"agent {i}", eu) for i in range(4)]
    tasks = [f"t{i}" for i in range(12)]
    for task in tasks:
        await settled(workers[0].add_task(task))
        await settled(workers[1].add_task(task))
    claimed: list[str] = []

    async def work(worker: Any) -> None:
        while (task := await settled(worker.claim_task())) is not None:
            claimed.append(task)
            assert await settled(worker.complete_task(task)) is True

    if backend == "memory":  # it is for one thread
        for worker in workers:
            await work(worker)
    elif backend.endswith("asyncio"):
        await asyncio.gather(*map(work, workers))
    else:
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, work(w)) for w in workers))
    assert sorted(claimed) == sorted(tasks)
    if backend == "memory":
        assert claimed == tasks  # what was added first comes first
    assert await settled(workers[0].get_completed_count()) == 12
    assert await left(workers[0].manager) == (0, 0, 0, 0)


async def test_regions_that_are_cut_apart_never_claim_the_same_task(region: Regions) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    here, there = ann.manager, ben.manager
    for i in range(9):
        await settled(ann.add_task(f"t{i}"))
    await settled(ann.sync_with_peer(ben))
    assert await settled(ben.claim_task()) is None  # and so it asks for some
    assert await settled(ben.claim_task("t1")) is None
    await settled(ann.sync_with_peer(ben))
    assert await settled(here.queue.share()) == 5
    await settled(ann.sync_with_peer(ben))

    claimed: dict[str, list[str]] = {"ann": [], "ben": []}
    for one in (ann, ben):  # neither hears of the other
        while (task := await settled(one.claim_task())) is not None:
            claimed[one.agent_id].append(task)
            assert await settled(one.claim_task(task)) == task
        others = {f"t{i}" for i in range(9)} - {*claimed[one.agent_id]}
        for task in others:
            assert await settled(one.claim_task(task)) is None
    assert sorted(claimed["ann"] + claimed["ben"]) == [f"t{i}" for i in range(9)]
    assert len(claimed["ben"]) == 5

    await settled(ann.sync_with_peer(ben))
    for one in (ann, ben):
        told = (await settled(one.get_pending_tasks())).tasks
        who = {each.task: each.claimed_by for each in told}
        assert who == {task: name for name, tasks in claimed.items() for task in tasks}
        for task in claimed[one.agent_id]:
            assert await settled(one.complete_task(task)) is True
    await settled(ann.sync_with_peer(ben))
    for one in (ann, ben):
        assert await settled(one.get_completed_count()) == 9
        assert await settled(one.manager.get_pending_tasks()) == set()
        assert await left(one.manager) == (0, 0, 0, 0)
    assert await settled(there.queue.elsewhere()) == 0


async def test_a_claim_ends_by_itself_and_passes_to_the_next(region: Regions) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    cem = type(ann)("cem", ann.manager)
    await settled(ann.add_task("t"))
    assert await settled(ann.claim_task(seconds=0.001)) == "t"  # and then it is lost
    assert await settled(cem.claim_task(wait=30)) == "t"
    assert await settled(ann.claim_task("t")) is None
    assert await settled(ann.release_task("t")) is False
    (pending,) = (await settled(cem.get_pending_tasks())).tasks
    assert pending.claimed_by == "cem"
    # Cem's region is gone for good, and an operator says so.
    await settled(ann.sync_with_peer(ben))
    assert await settled(ben.claim_task("t")) is None
    assert await settled(ben.manager.queue.takeover("eu")) == 1
    assert await settled(ben.claim_task()) == "t"
    assert await settled(ben.complete_task("t")) is True
    await settled(ann.sync_with_peer(ben))  # it was not
    assert await settled(cem.complete_task("t")) is False
    assert await settled(cem.get_completed_count()) == 1
    for one in (cem, ben):
        assert await left(one.manager) == (0, 0, 0, 0)


async def test_a_task_is_completed_without_a_claim_and_added_again(region: Regions) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    for _ in range(2):
        await settled(ann.add_task("t"))
        await settled(ann.sync_with_peer(ben))
        assert await settled(ben.complete_task("t")) is True
        await settled(ben.add_task("t"))
        assert await settled(ben.claim_task()) == "t"
        await settled(ann.sync_with_peer(ben))
        assert await settled(ann.claim_task()) is None
        assert await left(ann.manager) == (0, 0, 1, 1)
        assert await settled(ann.complete_task("t")) is True  # which ends the claim of ben
        await settled(ann.sync_with_peer(ben))
        assert await settled(ben.complete_task("t")) is False
        assert await settled(ben.claim_task("t")) is None
        for one in (ann, ben):
            assert await left(one.manager) == (0, 0, 0, 0)
    assert await settled(ann.get_completed_count()) == 4


async def test_a_task_that_is_claimed_while_another_region_completes_it_goes(
    region: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for face in ("awaited", "blocking"):
        monkeypatch.setattr(f"redis_crdt.agents.manager.{face}.HELD_BACK", 0.001)
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    await settled(ann.add_task("t"))
    await settled(ann.sync_with_peer(ben))
    assert await settled(ann.claim_task("t")) == "t"
    assert await settled(ben.complete_task("t")) is True
    await settled(ann.sync_with_peer(ben))
    await settled(ben.add_task("t"))
    assert await settled(ben.claim_task()) is None  # for ann is at work on it, as far as is known
    await settled(ann.sync_with_peer(ben))
    assert await settled(ann.claim_task("t", seconds=0.001)) == "t"
    await settled(ann.sync_with_peer(ben))
    assert await settled(ben.claim_task(wait=30)) == "t"  # and not for longer than that
    await settled(ann.sync_with_peer(ben))
    # What is left of the first is no task any more.
    while await settled(ann.manager.queue.claimed()):
        assert await settled(ann.claim_task()) is None
    assert await settled(ben.complete_task("t")) is True
    await settled(ann.sync_with_peer(ben))
    while await settled(ann.manager.queue.pending()):
        assert await settled(ann.claim_task()) is None
    for one in (ann, ben):
        assert await left(one.manager) == (0, 0, 0, 0)
    assert await settled(ann.get_completed_count()) == 2


async def test_who_is_told_that_a_task_was_completed_elsewhere_lets_go_of_it(
    region: Regions,
) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    await settled(ann.add_task("t"))
    await settled(ann.sync_with_peer(ben))
    assert await settled(ann.claim_task("t")) == "t"
    assert await settled(ben.complete_task("t")) is True
    await settled(ann.sync_with_peer(ben))
    assert await left(ann.manager) == (0, 1, 0, 1)
    assert await settled(ann.complete_task("t")) is False
    assert await left(ann.manager) == (0, 0, 0, 0)
    await settled(ann.sync_with_peer(ben))
    await settled(ben.add_task("t"))
    assert await settled(ben.claim_task()) == "t"
    assert await settled(ben.get_completed_count()) == 1


async def test_a_task_added_in_two_regions_at_once_is_one_once_they_have_met(
    region: Regions,
) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    others = [type(each)(f"{each.agent_id}'s", each.manager) for each in (ann, ben)]
    for one in (ann, ben):
        await settled(one.add_task("early"))
        await settled(one.add_task("late"))
        assert await settled(one.claim_task()) == "early"  # in both, for nobody can know
    await settled(ann.sync_with_peer(ben))
    for other in others:
        assert await settled(other.claim_task("early")) is None
    claims = [await settled(other.claim_task()) for other in others]
    assert sorted(map(str, claims)) == ["None", "late"]
    assert await settled(ann.complete_task("early")) is True
    assert await settled(ann.complete_task("late")) is True
    await settled(ann.sync_with_peer(ben))
    assert await settled(ben.complete_task("early")) is False
    assert await settled(ben.get_completed_count()) == 2
    assert await settled(ben.manager.get_pending_tasks()) == set()


async def test_a_task_that_is_added_while_another_region_completes_it_is_to_be_done_again(
    region: Regions,
) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    for task in ("t1", "t2"):
        await settled(ann.add_task(task))
    await settled(ann.sync_with_peer(ben))
    for task in ("t1", "t2"):
        await settled(ben.add_task(task))
        assert await settled(ann.claim_task()) == task
        assert await settled(ann.complete_task(task)) is True
    assert await settled(ben.claim_task()) is None
    await settled(ann.sync_with_peer(ben))
    for one in (ann, ben):
        assert await settled(one.manager.get_pending_tasks()) == {"t1", "t2"}
    assert await settled(ann.claim_task()) is None
    assert await settled(ann.claim_task("t1")) is None
    assert await settled(ben.claim_task("t2")) == "t2"
    assert await settled(ben.claim_task()) == "t1"
    assert await settled(ben.claim_task()) is None
    await settled(ann.sync_with_peer(ben))
    for task in ("t1", "t2"):
        assert await settled(ben.complete_task(task)) is True
    await settled(ann.sync_with_peer(ben))
    for one in (ann, ben):
        assert await left(one.manager) == (0, 0, 0, 0)
        assert await settled(one.get_completed_count()) == 4


async def test_a_process_that_was_restarted_goes_on_with_its_claims(region: Regions) -> None:
    eu = region("eu")
    ann = agent("ann", eu)
    for task in ("t1", "t2", "t3"):
        await settled(ann.add_task(task))
        assert await settled(ann.claim_task(seconds=60)) == task
    ben, again = agent("ben", eu), agent("ann", eu)
    assert await settled(ben.claim_task("t1")) is None
    assert await settled(again.claim_task("t1", seconds=3600)) == "t1"
    assert 60 < await settled(again.manager.claims.ttl('"t1"')) <= 3600
    assert await settled(again.release_task("t2")) is True
    assert await settled(ben.claim_task()) == "t2"
    assert await settled(again.complete_task("t3")) is True
    (ours,) = {
        each.task
        for each in (await settled(again.get_pending_tasks())).tasks
        if each.claimed_by == "ann"
    }
    assert ours == "t1"


async def test_what_a_program_does_with_the_set_itself_is_heeded(
    region: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = agent("ann", region("eu"))
    await settled(ann.manager.tasks.add("raw"))
    assert await settled(ann.claim_task()) is None
    assert await settled(ann.claim_task("raw")) is None
    for task in ("u", "t"):
        await settled(ann.add_task(task))
        await settled(ann.manager.tasks.remove(task))
        assert await settled(ann.claim_task(task)) is None
        assert await settled(ann.claim_task()) is None
        # For it may be that it is on the list soon; that takes no longer than this.
        monkeypatch.setattr(f"{ann.manager.__module__}.HELD_BACK", 0.001)
    while await settled(ann.manager.queue.pending()) > 1:
        assert await settled(ann.claim_task()) is None
    await settled(ann.add_task("u"))
    assert await settled(ann.claim_task("u")) is None  # in a minute
    assert await settled(ann.complete_task("u")) is True
    for task in ("t", "raw"):
        await settled(ann.add_task(task))
        assert await settled(ann.claim_task()) == task
    await settled(ann.manager.tasks.add("raw"))
    assert await settled(ann.claim_task()) is None
    for task in ("raw", "t"):
        assert await settled(ann.complete_task(task)) is True
    assert await left(ann.manager) == (0, 0, 0, 0)


async def test_who_does_not_wait_looks_at_each_task_no_more_than_twice(
    region: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = agent("ann", region("eu"))
    monkeypatch.setattr(f"{ann.manager.__module__}.HELD_BACK", 0)
    monkeypatch.setattr(f"{ann.manager.__module__}.LOOKS", 1_000)
    for task in ("t1", "t2"):
        await settled(ann.add_task(task))
        await settled(ann.manager.tasks.remove(task))
    assert await settled(ann.claim_task()) is None


async def test_an_agent_of_any_name_claims(region: Regions) -> None:
    for name in ('"ann"\\\n', "ä" * 200, ""):
        one = agent(name, region("eu"))
        await settled(one.add_task(name))
        assert await settled(one.claim_task(name)) == name
        assert await settled(one.claim_task(name)) == name
        assert await settled(one.release_task(name)) is True


async def test_agents_of_two_regions_hear_of_each_other(region: Regions) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    seen = await settled(ann.get_changes())
    read = await settled(ann.read_messages())
    assert (seen.changes, read.messages) == ([], [])
    await settled(ben.set_status("busy", seconds=60))
    await settled(ben.send_message("to all"))
    await settled(ann.send_message("to one", to="ben"))
    await settled(ben.increment_counter("steps", 5))
    await settled(ann.increment_counter("steps", -2))
    await settled(ben.write_note("plan/a", "first"))
    await settled(ben.write_note("plan/b", "second"))
    await settled(ben.update_config("model", {"size": 3}))
    await settled(ann.sync_with_peer(ben))
    assert await settled(ann.get_status("ben")) == "busy"
    assert (await settled(ann.list_agents())).agents == {"ben": "busy"}
    assert 0 < await settled(ann.manager.status.ttl("ben")) <= 60
    assert (await settled(ann.list_counters())).counters == {"steps": 3}
    assert await settled(ann.get_counter("steps")) == 3
    assert (await settled(ann.list_notes("plan/", limit=1))).model_dump() == {
        "keys": ["plan/a"],
        "after": "plan/a",
    }
    assert (await settled(ann.list_notes("plan/", after="plan/a"))).keys == ["plan/b"]
    assert (await settled(ann.list_notes("plans"))).keys == []
    assert await settled(ann.read_note("plan/a")) == "first"
    assert await settled(ann.delete_note("plan/a")) is True
    assert await settled(ann.read_note("plan/a")) is None
    assert (await settled(ann.list_config())).keys == ["model"]
    assert await settled(ann.get_config("model")) == {"size": 3}
    arrived = await settled(ann.read_messages(read.cursor))
    assert {(m.sender, m.text, m.to) for m in arrived.messages} == {
        ("ben", "to all", None),
        ("ann", "to one", "ben"),
    }
    recent = (await settled(ann.recent_messages(2))).messages
    assert recent == sorted(arrived.messages, key=lambda message: message.id)
    assert (await settled(ann.recent_messages(1))).messages == recent[1:]
    changes = (await settled(ann.get_changes(seen.cursor))).changes
    assert {(c.what, c.key, c.region) for c in changes if c.what != "messages"} == {
        ("counters", "steps", "us"),
        ("notes", "plan/a", None),
        ("notes", "plan/b", "us"),
        ("status", "ben", "us"),
        ("config", "model", "us"),
    }


async def test_agents_never_overspend(region: Regions) -> None:
    ann, ben = agent("ann", region("eu")), agent("ben", region("us"))
    await settled(ann.manager.budget("tokens").grant(10))
    await settled(ann.sync_with_peer(ben))
    await settled(ann.spend("tokens", 4))
    with pytest.raises(Exceeded):
        await settled(ben.spend("tokens", 7))
    await settled(ann.sync_with_peer(ben))
    assert (await settled(ann.get_budget("tokens"))).model_dump() == {"here": 6, "everywhere": 6}
    assert (await settled(ben.get_budget("tokens"))).everywhere == 6
    with pytest.raises(Exceeded):
        await settled(ann.spend("tokens", 7))
    assert (await settled(ann.get_budget("nothing"))).everywhere == 0


async def test_changes_that_can_no_longer_be_told(region: Regions) -> None:
    ann = agent("ann", region("eu", feed_limit=8))
    cursor = (await settled(ann.get_changes())).cursor
    for i in range(50):
        await settled(ann.add_task(f"t{i}"))
    with pytest.raises(FeedTrimmed, match="read the state anew"):
        await settled(ann.get_changes(cursor))


async def test_a_task_completed_in_two_regions_at_once_counts_twice(region: Regions) -> None:
    a, b = agent("a", region("eu")), agent("b", region("us"))
    await settled(a.manager.add_task("t"))
    await settled(a.sync_with_peer(b))
    assert await settled(a.manager.complete_task("t")) is True
    assert await settled(b.manager.complete_task("t")) is True
    await settled(a.sync_with_peer(b))
    assert await settled(a.manager.get_completed_count()) == 2
    assert await settled(b.manager.get_pending_tasks()) == set()


async def test_agents_that_complete_one_task_at_once_count_it_once(region: Regions) -> None:
    manager = agent("a", region("eu")).manager
    await settled(manager.add_task("t"))
    if isinstance(manager.replica, AsyncReplica):
        completions = [manager.complete_task("t") for _ in range(20)]
    elif isinstance(manager.replica, memory.Replica):  # it is for one thread
        completions = [asyncio.sleep(0, manager.complete_task("t")) for _ in range(20)]
    else:
        completions = [asyncio.to_thread(manager.complete_task, "t") for _ in range(20)]
    assert sorted(await asyncio.gather(*completions)) == [False] * 19 + [True]
    assert await settled(manager.get_completed_count()) == 1


async def test_a_thousand_tasks_at_once(region: Regions) -> None:
    eu = region("eu")
    if not isinstance(eu, AsyncReplica):
        pytest.skip("only where calls are awaited")
    done, tasks = eu.g_counter("done"), eu.or_set("tasks", str)

    async def work(i: int) -> bool:
        await done.increment(i)
        await tasks.add(f"task {i}")
        return await tasks.remove(f"task {i // 2 * 2}")  # each is claimed by up to two

    claimed = await asyncio.gather(*(work(i) for i in range(1_000)))
    assert await done.value() == 1_000 * 999 // 2
    assert await tasks.size() + sum(claimed) == 1_000


async def test_two_agents_that_read_then_write_keep_both_values(region: Regions) -> None:
    owner = region("eu").mv_register("owner", str)
    await settled(owner.set("nobody"))
    one, other = [await settled(owner.get_with_context()) for _ in range(2)]
    await settled(owner.set("a", context=one.context))
    await settled(owner.set("b", context=other.context))
    assert await settled(owner.get()) == ["a", "b"]
    await settled(owner.resolve(lambda values: "+".join(values)))
    assert await settled(owner.get()) == ["a+b"]


def test_managers_in_memory_and_on_servers_are_one_class() -> None:
    manager = agents.DistributedStateManager(memory.Replica(replica_id="m"))
    manager.add_task("t")
    assert manager.complete_task("t")
