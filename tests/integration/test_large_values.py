"""Large values: no script handles more than a few MB, and a puller holds no more."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from redis_crdt import Replica, memory, servers
from redis_crdt.core.entries import MAX_VALUE
from redis_crdt.operations.operation import Script

NewUrl = Callable[[servers.Flavour], str]
MB = 1_000_000
MOST = 3 * MB
"""What a batch may take: it ends with the entry that passes one MB."""


class Weighing(Replica):
    """A replica that remembers how much the largest request or reply of a pull took."""

    largest = 0

    def execute(self, operation: Any) -> Any:
        reply = super().execute(operation)
        if isinstance(operation, Script):
            sent = sum(len(part) for part in operation.args if isinstance(part, bytes))
            body = getattr(reply, "body", None) or []
            self.largest = max(self.largest, sent, sum(map(len, body)))
        return reply


@pytest.mark.parametrize("value", ["x" * MB, "\u6f22" * (MB // 3), "\u043f\u0440, " * (MB // 6)])
@pytest.mark.parametrize("feed_limit", [100_000, 1])
def test_values_of_a_megabyte(
    new_url: NewUrl, server_flavour: servers.Flavour, value: str, feed_limit: int
) -> None:
    """By deltas and by a full scan: a batch has one of them, or two."""
    eu = Weighing.from_url(new_url(server_flavour), replica_id="eu", feed_limit=feed_limit)
    us = Weighing.from_url(new_url(server_flavour), replica_id="us", feed_limit=feed_limit)
    map_ = eu.lww_map("m", str)
    for i in range(20):
        map_[f"k{i}"] = value
    eu.g_counter("n").increment()
    us.or_set("s").add("of us")
    eu.largest = us.largest = 0
    report = us.pull(eu)
    assert report.batches >= 7
    assert max(eu.largest, us.largest) <= MOST
    assert dict(us.lww_map("m", str)) == dict(map_)
    assert us.pull(eu).entries == 0


def test_one_write_of_many_values(new_url: NewUrl) -> None:
    """What was written at once, or brought by one pull, is one entry of the feed."""
    eu = memory.Replica(replica_id="eu")
    with eu.batch() as batch:
        for i in range(30):
            batch.on(eu.lww_map("m", str)).set(f"k{i}", str(i % 10) * 300_000)
    us = Weighing.from_url(new_url("valkey"), replica_id="us")
    ap = Weighing.from_url(new_url("valkey"), replica_id="ap")
    us.pull(eu)
    ap.pull(us)
    assert max(us.largest, ap.largest) <= MOST
    assert dict(ap.lww_map("m", str)) == dict(eu.lww_map("m", str))


def test_many_medium_values_and_dumps(new_url: NewUrl) -> None:
    eu = Weighing.from_url(new_url("valkey"), replica_id="eu")
    us = Weighing.from_url(new_url("valkey"), replica_id="us")
    eu.lww_map("m", str).update({f"k{i}": "x" * 100_000 for i in range(490)})
    us.pull(eu)
    assert max(eu.largest, us.largest) <= MOST
    assert len(us.lww_map("m")) == 490
    state = eu.lww_map("m", str).dump()
    ap = Weighing.from_url(new_url("valkey"), replica_id="ap")
    ap.lww_map("m", str).merge(state)
    assert max(eu.largest, ap.largest) <= MOST
    assert ap.lww_map("m", str).dump() == state


def test_what_a_puller_holds(new_url: NewUrl) -> None:
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    us = Replica.from_url(new_url("valkey"), replica_id="us")
    value = "x" * MB
    for i in range(100):
        eu.lww_map("m", str)[f"k{i}"] = value
    tracemalloc.start()
    try:
        us.pull(eu)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30 * MB


def test_concurrent_values_of_many_regions(new_url: NewUrl) -> None:
    """Each kept to the limit; what is joined of them passes on, and one write replaces them all."""
    us = Replica.from_url(new_url("valkey"), replica_id="us")
    ap = Replica.from_url(new_url("valkey"), replica_id="ap")
    for i in range(8):
        agent = memory.Replica(replica_id=f"agent-{i}")
        agent.lww_map("m", str)["k"] = str(i) * (MAX_VALUE - 2)
        us.pull(agent)
    assert ap.pull(us).refused == ()
    assert ap.lww_map("m", str).dump() == us.lww_map("m", str).dump()
    ap.lww_map("m", str)["k"] = "in place of them"
    us.pull(ap)
    assert dict(us.lww_map("m", str)) == {"k": "in place of them"}
