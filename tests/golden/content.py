"""What golden files hold: the first types, with every kind of state that one can be in."""

from __future__ import annotations

import io
import json
from typing import Any

from redis_crdt import Replica, memory
from redis_crdt.operations import requests as ask
from redis_crdt.operations.replies import Vouched
from redis_crdt.servers import Server

SHARDS = {"one": 1, "several": 3}
NAMESPACES = tuple(SHARDS)
"""Those that are made."""

TASKS, STATUS = "Aufträge · 仕事", "{state}:Status 🚦"

LIMIT = 2**63 - 1

READS: dict[tuple[str, str, int], Any] = {
    ("or_set", TASKS, 1): ["", "Prüfung", "a\nb", "added again", "both", "kept", "検証", "🚀"],
    ("or_set", "emptied", 1): [],
    ("or_set", "mixed", 1): [1.5, 2, 2**70, "2", None],
    ("or_set", "many", 1): ["all", *(f"of {i}" for i in range(40))],
    ("or_set", "long ago", 1): ["in 1970", "in 2001"],
    ("or_set", "parts", 3): [f"part {i}" for i in range(9)],
    ("or_set", "twice", 1): ["x"],
    ("lww_map", STATUS, 1): {"": "no key", "clé\nfin": [1, {"a": None}], "who": "us", "π": 3.25},
    ("lww_map", "emptied map", 1): {},
    ("lww_map", "long ago", 1): {"born": "in 1970"},
    ("lww_map", "map in parts", 2): {f"key {i}": i for i in range(5)},
    ("lww_map", "dropped and made anew", 1): {"new": True},
    ("lww_register", "config", 1): {"model": "größer", "temperature": 0.5},
    ("lww_register", "long ago", 1): "in 1970",
    ("mv_register", "owner", 1): ["eu's", "us's"],
    ("mv_register", "settled", 1): ["of both"],
    ("g_counter", "done", 1): {"value": 10, "by_replica": {"eu": 7, "us": 3}},
    ("g_counter", "full", 1): {"value": LIMIT + 4, "by_replica": {"big": LIMIT, "eu": 4}},
    ("g_counter", "twice", 1): {"value": 2, "by_replica": {"us": 2}},
    ("g_counter", "lives", 1): {"value": 66, "by_replica": {"eu": 66}},
    ("pn_counter", "budget", 1): {"value": 62, "by_replica": {"eu": 66, "us": -4}},
}  # fmt: skip
"""What must be read: kind, name and partitions -> value. Names that were dropped are not there."""


def reads_of(namespace: str) -> dict[tuple[str, str, int], Any]:
    """Return what must be read in a namespace: only one of them has many writers."""
    return {
        place: reads
        for place, reads in READS.items()
        if (namespace, place[1]) != ("several", "many")
    }


def open_(server: Server, namespace: str, feed_limit: int = 100_000) -> Replica:
    """Open the replica that is to be golden."""
    return Replica(
        server.client(),
        replica_id="eu",
        namespace=namespace,
        shards=SHARDS[namespace],
        feed_limit=feed_limit,
    )


def fill(server: Server, namespace: str) -> None:
    """Bring a new namespace to that state, on a server that keeps what it has when it restarts."""
    us = memory.Replica(replica_id="us", namespace=namespace, shards=SHARDS[namespace])
    # The feed of one of them is trimmed again and again.
    with open_(server, namespace, 20 if namespace == "several" else 100_000) as eu:
        _before_they_met(eu, us)
        eu.sync(us)
        _concurrently(eu, us)
        eu.sync(us)
        _after_that(eu)
        if namespace == "one":
            _of_many_writers(eu)
        eu.load(_long_ago(namespace))
    for _ in range(9):  # so many lives that they are counted in with the last one
        _live(server, namespace)
    with open_(server, namespace) as eu:
        us.pull(eu)
        eu.gc_tombstones(older_than=0)
    for _ in range(2):  # and two that are not
        _live(server, namespace)
    with open_(server, namespace) as eu:
        eu.sync(us)
        tasks = eu.or_set(TASKS, str)
        tasks.add("removed in the end")
        tasks.remove("removed in the end")
        eu.or_set("emptied", str).clear()
        eu.lww_map("emptied map").clear()
        for shard in range(eu.shards):
            _half_done(eu, shard)


def _before_they_met(eu: Replica, us: memory.Replica) -> None:
    eu.or_set("collected", str).update("abc")
    eu.or_set("collected", str).clear()
    eu.gc_tombstones(older_than=0)
    eu.drop("collected")
    eu.or_set("twice").add("x")
    us.g_counter("twice").increment(2)
    eu.or_set(TASKS, str).update(
        ["write", "Prüfung", "検証", "🚀", "", "a\nb", "kept", "added again"]
    )
    eu.or_set("mixed").update([None, 1.5, 2, "2", 2**70])
    eu.or_set("emptied", str).update(["x", "y"])
    eu.or_set("parts", str, partitions=3).update(f"part {i}" for i in range(10))
    eu.lww_map("map in parts", int, partitions=2).update({f"key {i}": i for i in range(6)})
    status = eu.lww_map(STATUS)
    status.update({"": "no key", "clé\nfin": [1, {"a": None}], "π": 3, "who": "nobody"})
    eu.lww_map("emptied map").update({"x": 1, "y": 2})
    for name in ("dropped", "dropped and made anew"):
        eu.g_counter(name).increment()
        assert eu.drop(name)
    eu.lww_map("dropped and made anew").set("new", True)


def _concurrently(eu: Replica, us: memory.Replica) -> None:
    for replica, other in ((eu, "us"), (us, "eu")):
        me = replica.replica_id
        tasks: Any = replica.or_set(TASKS, str)
        tasks.add("both")
        (tasks.add if me == "eu" else tasks.remove)("kept")
        replica.mv_register("owner", str).set(f"{me}'s")
        replica.mv_register("settled", str).set(f"not {other}'s")
        replica.lww_map(STATUS).set("who", me)
    us.lww_map(STATUS).set("who", "us")  # the later one
    us.or_set(TASKS, str).remove("write")
    us.or_set("parts", str, partitions=3).remove("part 9")
    us.g_counter("done").increment(3)
    us.pn_counter("budget").decrement(4)


def _after_that(eu: Replica) -> None:
    tasks, done = eu.or_set(TASKS, str), eu.g_counter("done")
    tasks.remove("added again")
    tasks.add("added again")
    eu.lww_map(STATUS).set("π", 3.25)
    eu.lww_map("map in parts", int, partitions=2).delete("key 5")
    eu.mv_register("settled", str).set("of both")
    eu.lww_register("config").set({"model": "small"})
    with eu.batch() as batch:
        batch.on(eu.lww_register("{state}:in a batch")).set("gone")
        batch.on(eu.lww_map(STATUS)).set("in a batch", 1)
        batch.on(eu.lww_map(STATUS)).delete("in a batch")
    eu.drop("{state}:in a batch")
    eu.lww_register("config").set({"model": "größer", "temperature": 0.5})
    done.increment(7)


def _of_many_writers(eu: Replica) -> None:
    """So many that some of their aliases have two digits, and an entry that has seen much."""
    many = eu.or_set("many", str)
    for i in range(40):
        one: memory.ORSet[str] = memory.ORSet(str, replica_id=f"agent-{i}")
        one.add(f"of {i}")
        if i < 12:
            one.add("all")
        many.merge(one)
    many.add("all")


def _long_ago(namespace: str) -> io.BytesIO:
    lines = (
        ("or_set", '"in 1970"', "1@old#1"),
        ("or_set", '"in 2001"', "1000000000000-7@old#1 1000000000001@old-too.x#zz|0-5@oldest#0"),
        ("or_set", '"removed in 1970"', "|1-12@old#1"),
        ("lww_map", "born", '2@old#1|1@old-too.x#zz\n"in 1970"'),
        ("lww_register", "value", '3-1@old#1\n"in 1970"'),
    )
    rows: list[dict[str, Any]] = [
        {"format": "redis_crdt", "version": 1, "namespace": namespace, "replica_id": "old"},
        *({"collection": "long ago", "kind": k, "field": f, "entry": e} for k, f, e in lines),
        {"collection": "full", "kind": "g_counter", "field": "big#1", "entry": str(LIMIT)},
    ]
    rows.append({"entries": len(rows) - 1})
    return io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def _live(server: Server, namespace: str) -> None:
    """Another process, on the data of the one before: another incarnation."""
    server.restart()
    with open_(server, namespace) as eu:
        eu.g_counter("lives").increment(6)
        eu.pn_counter("budget").increment(7)
        eu.pn_counter("budget").decrement(1)
        if eu.g_counter("full").value() < LIMIT + 4:
            eu.g_counter("full").increment(4)


def _half_done(eu: Replica, shard: int) -> None:
    """What syncers leave behind: notes on a link, and a reconciling that broke off."""
    keys = eu.keys(shard)
    eu.execute(ask.report(keys, "ap", "redis://ap:6379", "{}", eu.about))
    mine = eu.execute(ask.knowledge(keys, eu.about))
    far = Vouched(b"ap#1", b"5-0", {b"ap#1": b"5-0"})
    eu.execute(ask.expect(keys, mine.standing, mine.clock, far, b"", eu.about))
