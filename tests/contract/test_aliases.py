"""What servers write for the names of writers is freed once no entry tells of them."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.operations.operation import Script, drive
from redis_crdt.sync.tombstones import free_aliases

MANY = 300


def alias_count(client: redis.Redis) -> int:
    fields: Any = client.hkeys("crdt:{default:0}:meta")
    return sum(field.startswith(b"#") for field in fields)


@pytest.fixture
def replica(redis_client: redis.Redis) -> Replica:
    return Replica(redis_client, replica_id="a")


def of_many_writers(replica: Replica) -> None:
    """Merge sets in memory, each of which has a writer of its own."""
    for i in range(MANY):
        one: memory.ORSet[str] = memory.ORSet(str)
        one.add(f"e{i}")
        replica.or_set("s", str).merge(one)


def test_names_that_nobody_needs_are_freed(redis_client: redis.Redis, replica: Replica) -> None:
    of_many_writers(replica)
    assert alias_count(redis_client) == MANY + 1
    set_ = replica.or_set("s", str)
    set_.remove_all(f"e{i}" for i in range(10, MANY))
    replica.gc_tombstones(older_than=0)
    assert alias_count(redis_client) == 11
    assert set(set_) == {f"e{i}" for i in range(10)}
    state = set_.dump()
    set_.add("another")
    assert set(memory.ORSet(str).merge(state)) == {f"e{i}" for i in range(10)}


def test_what_is_written_while_entries_are_looked_through_stays(
    redis_client: redis.Redis, replica: Replica
) -> None:
    """An old name may be used again where its entries were looked through already."""
    of_many_writers(replica)
    late: memory.ORSet[str] = memory.ORSet(str)
    late.add("late")
    replica.or_set("t", str).merge(late)
    replica.or_set("t", str).clear()
    replica.gc_tombstones(older_than=0)
    of_many_writers(replica)
    procedure = free_aliases(replica, replica.keys(0))
    reply = None
    while True:
        try:
            executor, operation = procedure.send(reply)
        except StopIteration:
            break
        if isinstance(operation, Script) and operation.args[:1] == ("end",):
            again = late.merge(memory.ORSet(str))
            again.add("late again")
            replica.or_set("t", str).merge(again)
        reply = executor.execute(operation)
    assert set(replica.or_set("t", str)) == {"late again"}
    assert replica.or_set("t", str).dump().entries
    drive(free_aliases(replica, replica.keys(0)))
    assert len(replica.or_set("s", str).dump().entries) == MANY
