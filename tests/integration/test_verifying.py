"""Verifying costs little where replicas are equal, however large they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from redis_crdt import Replica, servers
from redis_crdt.operations.operation import Script
from redis_crdt.sync.verify import Difference

ENTRIES = 200_000
MOST = 24 * 1024


class Counting(Replica):
    """A replica that counts what its server replies to digests."""

    replied = 0

    def execute(self, operation: Any) -> Any:
        reply = super().execute(operation)
        if isinstance(operation, Script) and operation.name == "replica/digest":
            self.replied += size_of(reply)
        return reply


def size_of(reply: Any) -> int:
    """How many bytes a reply takes on the wire, without what its protocol adds."""
    if isinstance(reply, list | tuple):
        return sum(map(size_of, reply))
    return len(reply if isinstance(reply, bytes) else str(reply))


@pytest.fixture
def pair(new_url: Callable[[servers.Flavour], str]) -> tuple[Counting, Counting]:
    one, other = (Counting.from_url(new_url("valkey"), replica_id=name) for name in ("a", "b"))
    return one, other


def test_200_000_equal_entries(pair: tuple[Counting, Counting]) -> None:
    one, other = pair
    one.or_set("s", int).update(range(ENTRIES))
    other.pull(one)
    assert one.verify(other) == []
    assert 0 < one.replied + other.replied <= MOST


@pytest.mark.parametrize("entries", [1, 499, 501, 5000])
def test_sums_of_many_pages_are_sums_of_one(pair: tuple[Counting, Counting], entries: int) -> None:
    """However the pages are cut: one side has had other entries, too, which are gone."""
    one, other = pair
    other.or_set("s", int).update(range(-3 * entries, 0))
    other.or_set("s", int).clear()
    one.or_set("s", int).update(range(entries))
    other.pull(one)
    assert one.verify(other) == other.verify(one) == []
    replied = one.replied + other.replied
    assert replied < 200 * (entries // 100 + 4)
    other.or_set("s", int).add(-1)
    one.or_set("s", int).remove(0)
    assert one.verify(other) == [
        Difference("s", "or_set", "-1", False, True),
        Difference("s", "or_set", "0", False, True),
    ]
