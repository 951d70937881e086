"""What past incarnations counted is counted in with the present one: counters do not slow down."""

from __future__ import annotations

import pickle
import time
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.core.clock import wall_clock
from redis_crdt.core.entries import MAX_HISTORY, Total
from redis_crdt.core.state import State
from redis_crdt.errors import CounterOverflow
from tests.backends import NewClient

META = "crdt:{default:0}:meta"
LIVE = "crdt:{default:0}:pn_counter:n"


def restart(client: redis.Redis) -> None:
    """Let the server seem to be another process, which begins a new incarnation."""
    began = wall_clock()
    while wall_clock() == began:
        time.sleep(0)
    client.hset(META, mapping={"run": "other", "checked": 0})


def live_again(replica: Replica, client: redis.Redis, times: int) -> None:
    n = replica.pn_counter("n")
    for _ in range(times):
        restart(client)
        # A replica object that has not looked yet.
        fresh = Replica(client, replica_id=replica.replica_id).pn_counter("n")
        fresh.increment(3)
        fresh.decrement(1)
    assert n.value() > 0


@pytest.fixture
def clients(flavour: Any, new_client: NewClient) -> tuple[redis.Redis, redis.Redis]:
    if flavour == "fakeredis":
        pytest.skip("fakeredis is no server that begins new incarnations")
    return new_client(flavour), new_client(flavour)


def test_fields_of_past_incarnations_go_everywhere(
    clients: tuple[redis.Redis, redis.Redis],
) -> None:
    a, b = (Replica(client, replica_id=name) for client, name in zip(clients, "ab", strict=True))
    inside = memory.Replica(replica_id="m")
    live_again(a, clients[0], 20)
    for reader in (b, inside):
        reader.pull(a)
    assert clients[0].hlen(LIVE) == clients[1].hlen(LIVE) == 40
    a.gc_tombstones(older_than=0)
    assert clients[0].hlen(LIVE) == 2
    for reader in (b, inside):
        reader.pull(a)
        assert reader.pn_counter("n").value() == a.pn_counter("n").value() == 40
        assert reader.pn_counter("n").by_replica() == {"a": 40}
    assert clients[1].hlen(LIVE) == len(inside.pn_counter("n").dump().entries) == 2
    Replica(clients[0]).pn_counter("n").increment(5)
    b.pull(a)
    assert b.pn_counter("n").value() == 45
    assert a.verify(b) == []


def test_what_was_not_known_then_still_counts(clients: tuple[redis.Redis, redis.Redis]) -> None:
    """A peer remembers more of an incarnation than its server had as it counted that in."""
    a, b = (Replica(client, replica_id=name) for client, name in zip(clients, "ab", strict=True))
    live_again(a, clients[0], 12)
    state = a.pn_counter("n").dump()
    field = next(name for name in state.entries if name.startswith("+"))
    more = State(kind="pn_counter", entries={field: "10"})
    b.pn_counter("n").merge(more)
    a.gc_tombstones(older_than=0)
    for _ in range(2):
        b.pull(a)
        a.pull(b)
    assert a.pn_counter("n").value() == b.pn_counter("n").value() == 12 * 2 + 7
    live_again(a, clients[0], 12)
    a.gc_tombstones(older_than=0)
    b.pull(a)
    assert a.pn_counter("n").value() == b.pn_counter("n").value() == 24 * 2 + 7
    assert clients[0].hlen(LIVE) == clients[1].hlen(LIVE) == 2


def test_what_is_counted_in_again_counts_once(clients: tuple[redis.Redis, redis.Redis]) -> None:
    """A server forgets that it had counted past incarnations in, and does so once more."""
    a, b = (Replica(client, replica_id=name) for client, name in zip(clients, "ab", strict=True))
    live_again(a, clients[0], 12)
    saved: dict[Any, Any] = {key: clients[0].dump(key) for key in clients[0].scan_iter()}
    a.gc_tombstones(older_than=0)
    b.pull(a)
    clients[0].flushdb()
    for key, value in saved.items():
        clients[0].restore(key, 0, value)
    live_again(a, clients[0], 2)
    a.gc_tombstones(older_than=0)
    for _ in range(2):
        b.pull(a)
        a.pull(b)
    assert a.pn_counter("n").value() == b.pn_counter("n").value() == 14 * 2
    assert a.verify(b) == []
    live_again(a, clients[0], 9)
    a.gc_tombstones(older_than=0)
    b.pull(a)
    assert a.pn_counter("n").value() == b.pn_counter("n").value() == 23 * 2
    assert clients[0].hlen(LIVE) == clients[1].hlen(LIVE) == 2


def test_the_list_is_bounded(clients: tuple[redis.Redis, redis.Redis]) -> None:
    client, _ = clients
    a = Replica(client, replica_id="a")
    for _ in range(4):
        live_again(a, client, MAX_HISTORY // 3)
        a.gc_tombstones(older_than=0)
    count = 4 * (MAX_HISTORY // 3)
    assert a.pn_counter("n").value() == 2 * count
    texts: Any = client.hvals(LIVE)
    total = Total.parse(texts[0])
    assert len(total.folded) == MAX_HISTORY
    assert total.settled


def test_a_counter_near_its_limit(clients: tuple[redis.Redis, redis.Redis]) -> None:
    client, _ = clients
    a = Replica(client, replica_id="a")
    live_again(a, client, 10)
    a.gc_tombstones(older_than=0)
    n = Replica(client).pn_counter("n")
    with pytest.raises(CounterOverflow):
        n.increment(2**63 - 1)
    n.increment(2**63 - 100)
    assert n.by_replica() == {"a": 2**63 - 100 + 20}
    with a.batch() as batch:
        batch.on(a.pn_counter("n")).increment(7)
    assert n.by_replica() == {"a": 2**63 - 100 + 27}


def test_what_is_counted_in_again_counts_once_in_memory() -> None:
    a: Any = memory.Replica(replica_id="a")
    b = memory.Replica(replica_id="b")
    for _ in range(9):
        a = pickle.loads(pickle.dumps(a))
        a.g_counter("n").increment(2)
    saved = pickle.dumps(a)
    a.gc_tombstones(older_than=0)
    b.pull(a)
    a = pickle.loads(saved)
    a.g_counter("n").increment(2)
    a.gc_tombstones(older_than=0)
    for one, other in ((a, b), (b, a)):
        one.pull(other)
    assert a.g_counter("n").value() == b.g_counter("n").value() == 20


def test_in_memory_too() -> None:
    a: Any = memory.Replica(replica_id="a")
    b = memory.Replica(replica_id="b")
    for _ in range(20):
        a = pickle.loads(pickle.dumps(a))
        a.g_counter("n").increment(2)
    b.pull(a)
    a.gc_tombstones(older_than=0)
    assert len(a.g_counter("n").dump().entries) == 1
    b.pull(a)
    a.g_counter("n").increment()
    b.pull(a)
    assert a.g_counter("n").value() == b.g_counter("n").value() == 41
    assert len(b.g_counter("n").dump().entries) == 1
