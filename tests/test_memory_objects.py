"""Objects in memory: forked, pickled, copied, and larger than one batch."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from redis_crdt import Replica, memory
from tests.backends import NewClient

MANY = 100_001
CLASSES: dict[type, Callable[[Any], object]] = {
    memory.ORSet: lambda c: c.add("x"),
    memory.GCounter: lambda c: c.increment(),
    memory.PNCounter: lambda c: c.decrement(),
    memory.LWWRegister: lambda c: c.set("x"),
    memory.MVRegister: lambda c: c.set("x"),
    memory.LWWMap: lambda c: c.set("k", "x"),
}


def in_child(work: Callable[[], str]) -> str:
    """What a forked process makes of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    return text


def test_a_fork_does_not_hide_what_the_other_process_counts() -> None:
    counter = memory.GCounter("agent")
    counter.increment(1)

    def work() -> str:
        counter.increment(10)
        return counter.dump().model_dump_json()

    theirs = in_child(work)
    counter.increment(10)
    merged = counter.merge(theirs)
    assert merged.value() == 21
    assert merged.by_replica() == {"agent": 21}


def test_of_two_merges_with_one_object_neither_hides_what_the_other_counts() -> None:
    counter = memory.GCounter("agent")
    counter.increment(1)
    one = counter.merge(memory.GCounter("x"))
    one.increment(5)
    other = counter.merge(memory.GCounter("y"))
    other.increment(3)
    counter.increment(2)
    assert one.merge(other).merge(counter).value() == 11


def test_a_fork_does_not_remove_what_the_other_process_adds() -> None:
    seen: memory.ORSet[str] = memory.ORSet(str, replica_id="agent")
    seen.add("seed")

    def work() -> str:
        for _ in range(20):  # so that its times pass those of the parent
            seen.add("x")
        seen.remove("x")
        return seen.dump().model_dump_json()

    theirs = in_child(work)
    seen.add("x")
    assert seen.merge(theirs).get_elements() == {"seed", "x"}


def test_a_fork_of_a_replica() -> None:
    replica, peer = memory.Replica(replica_id="agent"), memory.Replica(replica_id="peer")
    replica.g_counter("n").increment(1)
    replica.or_set("s").add("seed")
    peer.pull(replica)

    def work() -> str:
        replica.g_counter("n").increment(10)
        return replica.g_counter("n").dump().model_dump_json()

    theirs = in_child(work)
    replica.g_counter("n").increment(10)
    replica.or_set("s").remove("seed")
    peer.pull(replica)
    assert peer.g_counter("n").merge(theirs).value() == 21
    assert peer.or_set("s").get_elements() == set()


def count_up(counter: memory.GCounter) -> memory.GCounter:
    counter.increment(10)
    return counter


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_objects_travel_to_processes_and_back(method: str) -> None:
    counter = memory.GCounter(replica_id="agent")
    counter.increment()
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        for theirs in pool.map(count_up, [counter] * 2):
            counter = counter.merge(theirs)
    assert counter.value() == 21


@pytest.mark.parametrize("how", [lambda c: pickle.loads(pickle.dumps(c)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("cls", CLASSES)
def test_copies_write_under_names_of_their_own(cls: type, how: Callable[[Any], Any]) -> None:
    one = cls(replica_id="a")
    CLASSES[cls](one)
    other = how(one)
    assert other.dump() == one.dump()
    CLASSES[cls](one)
    CLASSES[cls](other)
    both = one.merge(other)
    assert both.dump() == other.merge(one).dump()
    if cls is memory.GCounter:
        assert both.value() == 3
    if cls is memory.PNCounter:
        assert both.value() == -3


def test_a_typed_object_and_a_replica_can_be_pickled() -> None:
    typed: memory.LWWMap[list[int]] = memory.LWWMap(list[int], replica_id="a")
    typed["k"] = [1, 2]
    again = pickle.loads(pickle.dumps(typed))
    again["l"] = [3]
    assert dict(typed.merge(again)) == {"k": [1, 2], "l": [3]}
    with pytest.raises(ValueError, match="list"):
        again["m"] = "no list"

    replica, peer = memory.Replica(replica_id="r"), memory.Replica(replica_id="peer")
    replica.or_set("s", int).update([1, 2])
    replica.g_counter("n").increment(5)
    peer.pull(replica)
    copied: memory.Replica = pickle.loads(pickle.dumps(replica))
    copied.g_counter("n").increment(3)
    copied.or_set("s", int).remove(1)
    peer.pull(copied)
    assert peer.or_set("s", int).get_elements() == {2}
    assert peer.g_counter("n").value() == 8
    replica.g_counter("n").increment(2)  # the first one goes on, too
    peer.pull(replica)
    assert peer.g_counter("n").value() == 10


@pytest.mark.parametrize("where", ["server", "memory"])
def test_one_update_of_more_than_anybody_takes_at_once(new_client: NewClient, where: str) -> None:
    source = memory.Replica(replica_id="source")
    source.or_set("s", int).update(range(MANY))
    target: Any = memory.Replica(replica_id="target")
    if where == "server":
        target = Replica(new_client("valkey"), replica_id="target")
    report = target.pull(source)
    assert (report.entries, report.full_scan) == (MANY, False)
    assert len(target.or_set("s", int)) == MANY
    assert target.pull(source).entries == 0


@pytest.mark.parametrize("where", ["server", "memory"])
def test_a_full_scan_of_more_than_anybody_takes_at_once(new_client: NewClient, where: str) -> None:
    source = memory.Replica(replica_id="source", feed_limit=10)
    for first in range(0, MANY, 1000):
        source.or_set("s", int).update(range(first, min(MANY, first + 1000)))
    source.or_set("s", int).remove(0)
    target: Any = memory.Replica(replica_id="target")
    if where == "server":
        target = Replica(new_client("valkey"), replica_id="target")
    target.or_set("s", int).add(-1)
    report = target.pull(source)
    assert report.full_scan
    assert len(target.or_set("s", int)) == MANY
    assert source.pull(target).changed == 1
    assert len(source.or_set("s", int)) == MANY


def test_what_dies_while_it_is_read_is_not_there() -> None:
    now = 10**12

    def hurrying() -> int:
        """Each look at it takes a millisecond."""
        nonlocal now
        now += 1
        return now

    for ttl in (0.001, 0.002, 0.003, 0.004):
        status = memory.LWWMap(str, replica_id="m", clock=hurrying)
        assert status.setdefault("k", "busy", ttl=ttl) == "busy"
        assert status.get("k", "idle") in ("busy", "idle")
        status.set("k", "busy", ttl=ttl)
        assert status.get_many(["k"]) in ({"k": "busy"}, {})
        status.set("k", "busy", ttl=ttl)
        assert status.setdefault("k", "idle") in ("busy", "idle")
