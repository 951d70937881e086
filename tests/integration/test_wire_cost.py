"""How many bytes a pull takes on the wire: those of the elements, and few beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from redis_crdt import Replica
from redis_crdt.servers import Server
from tests.backends import NewClient, require_binary

MANY = 5_000


def sent(client: redis.Redis) -> int:
    """How many bytes the server has sent so far."""
    return int(client.info("stats")["total_net_output_bytes"])


@pytest.fixture
def source() -> Iterator[redis.Redis]:
    """A server that does nothing else."""
    with Server(require_binary("valkey")) as server, server.client() as client:
        yield client


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
@pytest.mark.parametrize(("is_scan", "most"), [(True, 36), (False, 40)], ids=["scan", "delta"])
def test_bytes_for_an_element_of_twenty(
    source: redis.Redis, new_client: NewClient, is_scan: bool, most: int, together: bool
) -> None:
    us = Replica(source, replica_id="us", feed_limit=100 if is_scan else 100_000)
    eu = Replica(new_client("valkey"), replica_id="eu")
    eu.or_set("tasks", str).add("its own")
    tasks = us.or_set("tasks", str)
    tasks.add("first")
    eu.pull(us)
    elements = [f"an element {i:09}" for i in range(MANY)]
    if together:
        tasks.update(elements)
    for element in () if together else elements:
        tasks.add(element)
    before = sent(source)
    looked_at = sent(source) - before
    report = eu.pull(us)
    taken = sent(source) - before - 2 * looked_at
    assert (report.full_scan, report.changed) == (is_scan, MANY)
    assert taken <= most * MANY
