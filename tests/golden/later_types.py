"""What golden files hold of the types that came later, and of counters that were reset."""

from __future__ import annotations

from typing import Any

from redis_crdt import Replica, memory
from redis_crdt.servers import Server
from tests.golden.content import SHARDS, open_

NAMESPACES = ("one",)

READS: dict[tuple[str, str, int], Any] = {
    ("g_set", "gesehen 🚦", 1): ["", "a\nb", "both", "検証"],
    ("g_set", "in parts", 3): [f"part {i}" for i in range(9)],
    ("rw_set", "banned", 1): ["added again", "eu's", "us's"],
    ("rw_set", "emptied", 1): [],
    ("ew_flag", "stop", 1): True,
    ("ew_flag", "stopped no more", 1): False,
    ("dw_flag", "allowed", 1): False,
    ("dw_flag", "allowed again", 1): True,
    ("max_register", "high", 1): 2**70,
    ("max_register", "last name", 1): "Ž \n\x00 🚀",
    ("min_register", "low", 1): -12.5,
    ("min_register", "nothing", 1): 0,
    ("pn_counter", "reset", 1): {"value": 4, "by_replica": {"eu": 0, "us": 4}},
    ("pn_counter", "reset and folded", 1): {"value": 6, "by_replica": {"eu": 6}},
    ("counter_map", "scores", 1): {"ann": 13, "bob": -3, "π\n": 2**53 + 1, "us's": 4},
    ("sorted_map", "ranks", 1): {"": 0, "ann": 1.5, "both": 2, "far": -(2**60)},
    ("log", "said", 1): ["from us", {"who": "eu"}, "größer\n", "from eu"],
    ("log", "trimmed", 1): [f"line {i}" for i in range(9, 12)],
    ("cardinality", "visitors", 1): 301,  # about 300
    ("cardinality", "one", 1): 1,
}
"""What must be read: kind, name and partitions -> value."""


def reads_of(namespace: str) -> dict[tuple[str, str, int], Any]:
    """Return what must be read in a namespace."""
    assert namespace in NAMESPACES
    return READS


def fill(server: Server, namespace: str) -> None:
    """Bring a new namespace to that state, on a server that keeps what it has when it restarts."""
    us = memory.Replica(replica_id="us", namespace=namespace, shards=SHARDS[namespace])
    with open_(server, namespace) as eu:
        _before_they_met(eu, us)
        eu.sync(us)
        _concurrently(eu, us)
        eu.sync(us)
        _after_that(eu, us)
    for number in range(11):  # so many lives that they are counted in with a later one
        server.restart()
        with open_(server, namespace) as eu:
            folded = eu.pn_counter("reset and folded")
            folded.increment(6)
            if number == 9:
                eu.gc_tombstones(older_than=0)  # which counts them in
                folded.reset()
            eu.counter_map("scores").increment("ann")
    with open_(server, namespace) as eu:
        us.sync(eu)
        eu.gc_tombstones(older_than=0)
        _in_the_end(eu)


def _before_they_met(eu: Replica, us: memory.Replica) -> None:
    eu.g_set("gesehen 🚦", str).update(["", "a\nb", "both"])
    us.g_set("gesehen 🚦", str).update(["both", "検証"])
    eu.g_set("in parts", str, partitions=3).update(f"part {i}" for i in range(9))
    eu.rw_set("banned", str).update(["removed", "added again", "eu's", "both"])
    us.rw_set("banned", str).update(["us's", "both"])
    eu.rw_set("emptied", str).update(["x", "y"])
    for name in ("stop", "stopped no more"):
        eu.ew_flag(name).enable()
        us.ew_flag(name).disable()
    for name in ("allowed", "allowed again"):
        eu.dw_flag(name).enable()
        us.dw_flag(name).disable()
    eu.max_register("high", int).set(5)
    us.max_register("high", int).set(2**70)
    eu.max_register("last name", str).set("Ž \n\x00 🚀")
    us.max_register("last name", str).set("A")
    us.min_register("low", float).set(-12.5)
    eu.min_register("nothing", int).set(0)
    for replica in (eu, us):
        replica.pn_counter("reset").increment(3)
        replica.pn_counter("reset").decrement(1)
        replica.counter_map("scores").increment("removed")
    eu.counter_map("scores").increment("ann", 5)
    us.counter_map("scores").decrement("bob", 3)
    eu.counter_map("scores").increment("π\n", 2**53 + 1)
    eu.sorted_map("ranks").update({"": 0, "ann": 1, "removed": 7, "far": -(2**60)})
    us.log("said").append("from us")
    eu.log("said").append({"who": "eu"})
    eu.cardinality("visitors", str).add(*(f"v{i}" for i in range(200)))
    us.cardinality("visitors", str).add(*(f"v{i}" for i in range(150, 300)))
    us.cardinality("one", str).add("alone")


def _concurrently(eu: Replica, us: memory.Replica) -> None:
    """Removals win, and so do the switches that are to; increments that nobody had seen count."""
    eu.rw_set("banned", str).remove("both")
    us.rw_set("banned", str).add("both")
    eu.rw_set("banned", str).remove("added again")
    eu.ew_flag("stop").enable()
    us.ew_flag("stop").disable()
    eu.dw_flag("allowed").enable()
    us.dw_flag("allowed").disable()
    eu.pn_counter("reset").reset()
    us.pn_counter("reset").increment(4)
    eu.counter_map("scores").remove("us's")
    us.counter_map("scores").increment("us's", 4)
    eu.sorted_map("ranks").set("both", 1)
    us.sorted_map("ranks").set("both", 2)


def _after_that(eu: Replica, us: memory.Replica) -> None:
    eu.rw_set("banned", str).remove("removed")
    eu.rw_set("banned", str).add("added again")
    eu.ew_flag("stopped no more").disable()
    eu.dw_flag("allowed again").enable()
    eu.counter_map("scores").remove("removed")
    eu.counter_map("scores").decrement("ann", 3)
    eu.sorted_map("ranks").delete("removed")
    eu.sorted_map("ranks").set("ann", 1.5)
    eu.log("said").append("größer\n")
    us.log("trimmed").extend(["line of us", "another"])
    eu.pull(us)
    for i in range(12):
        eu.log("trimmed", max_len=3).append(f"line {i}")


def _in_the_end(eu: Replica) -> None:
    """What is young when the files are made: tombstones, an element that is there no more."""
    eu.rw_set("emptied", str).clear()
    eu.log("said").append("from eu")
    eu.sorted_map("ranks").set("removed in the end", 1)
    eu.sorted_map("ranks").delete("removed in the end")
