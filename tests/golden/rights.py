"""What golden files hold of budgets and work queues, and of what has a deadline."""

from __future__ import annotations

from typing import Any

from redis_crdt import Replica, memory
from redis_crdt.servers import Server
from tests.golden.content import SHARDS, open_

NAMESPACES = ("one",)

LONG = 10**9
"""The longest that there is: some thirty years."""

READS: dict[tuple[str, str, int], Any] = {
    ("budget", "credit", 1): 88,
    ("work_queue", "jobs", 1): 5,
    ("or_set", "sessions", 1): ["ann", "bob", "for ever"],
    ("lww_map", "presence", 1): {"ann": "busy", "bob": "idle"},
    ("lww_register", "leader", 1): "eu",
}
"""What must be read: kind, name and partitions -> value."""


def reads_of(namespace: str) -> dict[tuple[str, str, int], Any]:
    """Return what must be read in a namespace."""
    assert namespace in NAMESPACES
    return READS


def fill(server: Server, namespace: str) -> None:
    """Bring a new namespace to that state."""
    us = memory.Replica(replica_id="us", namespace=namespace, shards=SHARDS[namespace])
    with open_(server, namespace) as eu:
        _budgets(eu, us)
        _queues(eu, us)
        _deadlines(eu, us)
        eu.sync(us)


def _budgets(eu: Replica, us: memory.Replica) -> None:
    credit = eu.budget("credit")
    credit.grant(100)
    us.budget("credit").grant(5)
    eu.sync(us)
    credit.move(30, "us")
    credit.spend(12)
    credit.spend(8, hold=60).settle(6)
    credit.spend(7, hold=60).release()
    credit.refund(3)
    eu.sync(us)
    us.budget("credit").spend(2)


def _queues(eu: Replica, us: memory.Replica) -> None:
    jobs = eu.work_queue("jobs", str, max_attempts=1)
    jobs.put("attempted too often")
    claim = jobs.claim("w")
    assert claim is not None
    claim.release()
    assert jobs.claim("w") is None
    jobs.put("done")
    claim = jobs.claim("w")
    assert claim is not None
    claim.done()
    jobs.put("urgent \N{POLICE CARS REVOLVING LIGHT}", priority=9)
    jobs.put("later", delay=60)
    jobs.put("now")
    us.work_queue("jobs", str).put("of us")


def _deadlines(eu: Replica, us: memory.Replica) -> None:
    sessions = eu.or_set("sessions", str)
    sessions.update(["ann", "removed"], ttl=LONG)
    us.or_set("sessions", str).update(["bob", "for ever"], ttl=LONG)
    eu.sync(us)
    sessions.persist("for ever")
    sessions.remove("removed")
    eu.lww_map("presence", str).set("ann", "busy", ttl=LONG)
    us.lww_map("presence", str).set("bob", "idle", ttl=LONG)
    eu.lww_register("leader", str).set("eu", ttl=LONG)
