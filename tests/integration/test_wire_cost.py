"""How many bytes a pull takes on the wire: those of the elements, and little beside them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from redis_crdt import Replica
from tests.backends import NewClient

MANY = 5_000


def sent_in(client: redis.Redis, pull: Callable[[], object]) -> int:
    """How many bytes the server sends meanwhile."""
    before = client.info("stats")["total_net_output_bytes"]
    pull()
    sent: int = client.info("stats")["total_net_output_bytes"] - before
    return sent - len(str(client.info("stats")))


@pytest.mark.parametrize("together", [True, False])
def test_bytes_for_an_element_of_twenty(new_client: NewClient, together: bool) -> None:
    theirs = new_client("valkey")
    us = Replica(theirs, replica_id="us")
    eu, ap = (Replica(new_client("valkey"), replica_id=name) for name in ("eu", "ap"))
    tasks = us.or_set("tasks", str)
    tasks.add("first")
    eu.pull(us)
    elements = [f"an element {i:09}" for i in range(MANY)]
    if together:
        tasks.update(elements)
    else:
        for element in elements:
            tasks.add(element)
    assert sent_in(theirs, lambda: eu.pull(us)) <= 40 * MANY
    ap.or_set("tasks", str).add("its own")
    theirs.delete(us.keys(0).base[1] + b"-none")
    us.or_set("tasks", str).discard("first")
    assert sent_in(theirs, lambda: ap.pull(us)) <= 40 * MANY
