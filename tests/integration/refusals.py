"""What tests of refusals share: all the ways to write, and that nothing was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from redis_crdt import Replica, State
from redis_crdt.errors import CRDTError

DOT = "1000@b#1"
"""A dot that some replica wrote long ago."""


def every_byte(client: redis.Redis) -> dict[bytes, Any]:
    """All that there is. The order in a hash is left out, which may change while it is resized."""
    return {
        key: sorted(client.hgetall(key).items())
        if client.type(key) == b"hash"
        else client.dump(key)
        for key in client.scan_iter()
    }


@contextmanager
def refused(
    client: redis.Redis, exception: type[CRDTError], says: str | None = None
) -> Iterator[None]:
    """What happens inside raises exactly that exception, and changes nothing."""
    before = every_byte(client)
    with pytest.raises(exception, match=says) as raised:
        yield
    assert type(raised.value) is exception
    assert every_byte(client) == before


def write_all(replica: Replica) -> None:
    tasks = replica.or_set("tasks", str)
    tasks.update(["here", "gone"])
    tasks.remove("gone")
    replica.g_counter("done").increment(3)
    replica.pn_counter("pool").decrement(2)
    replica.counter_map("scores").increment("a", 2)
    replica.sorted_map("ranks").set("a", 2)
    jobs = replica.work_queue("jobs", str)
    jobs.put("a")
    replica.lww_register("config", int).set(1)
    replica.mv_register("owner", str).set("a")
    status = replica.lww_map("status", str)
    status["a"] = "busy"
    status["b"] = "idle"
    del status["b"]


def writes(replica: Replica) -> list[Callable[[], object]]:
    """Every way to write, on collections that are open already."""
    tasks, status = replica.or_set("tasks", str), replica.lww_map("status", str)
    other = State(kind="or_set", entries={'"new"': DOT})
    done, pool = replica.g_counter("done"), replica.pn_counter("pool")
    scores = replica.counter_map("scores")
    jobs = replica.work_queue("jobs", str)
    for value in "bc":
        jobs.put(value)
    held, given = jobs.claim("w"), jobs.claim("w")
    assert held is not None
    assert given is not None
    last = jobs.put("e", priority=-1)
    config, owner = replica.lww_register("config", int), replica.mv_register("owner", str)

    def batch() -> None:
        with replica.batch() as b:
            b.on(tasks).add("new")
            b.on(done).increment()

    return [
        lambda: tasks.add("new"),
        lambda: tasks.update(["new", "newer"]),
        lambda: tasks.remove("here"),
        tasks.clear,
        done.increment,
        pool.increment,
        pool.decrement,
        pool.reset,
        lambda: scores.increment("a"),
        lambda: scores.remove("a"),
        lambda: replica.sorted_map("ranks").set("a", 3),
        lambda: jobs.put("d"),
        lambda: jobs.put("d", task_id=jobs.new_id()),
        lambda: jobs.claim("w"),
        lambda: jobs.claim("w", task_id=last),
        lambda: jobs.discard(last),
        held.extend,
        held.done,
        given.release,
        lambda: config.set(2),
        lambda: owner.set("b"),
        lambda: status.set("a", "idle"),
        lambda: status.delete("a"),
        lambda: tasks.merge(other),
        batch,
    ]


def put(client: redis.Redis, key: bytes, foreign: str) -> None:
    client.delete(key)
    if foreign == "string":
        client.set(key, "theirs")
    elif foreign == "list":
        client.rpush(key, "theirs")
    else:
        client.xadd(key, {"theirs": "1"})
