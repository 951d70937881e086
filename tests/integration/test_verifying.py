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

    replied = asked = 0

    def execute(self, operation: Any) -> Any:
        reply = super().execute(operation)
        if isinstance(operation, Script) and operation.name.startswith("replica/digest_"):
            self.replied += size_of(reply)
            self.asked += 1
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


def test_many_small_collections_are_told_of_at_once(pair: tuple[Counting, Counting]) -> None:
    one, other = pair
    for first in range(0, 1200, 200):
        with one.batch() as batch:
            for i in range(first, first + 200):
                batch.on(one.or_set(f"set-{i:04}", int)).add(i)
    one.lww_register("longer", str).set("x" * 1_000_000)
    one.or_set("many", int).update(range(700))
    other.pull(one)
    assert one.verify(other) == []
    assert one.asked < 10  # three of up to 500 small ones, one more for a long value, pages of many
    other.or_set("set-0777", int).add(-1)
    one.lww_register("only here", int).set(1)
    one.or_set("many", int).discard(500)
    assert one.verify(other) == [
        Difference("many", "or_set", "500", False, True),
        Difference("only here", "lww_register", "value", True, False),
        Difference("set-0777", "or_set", "-1", False, True),
    ]


def test_a_request_for_digests_is_bounded_in_bytes(pair: tuple[Counting, Counting]) -> None:
    one, other = pair
    for i in range(8):
        one.lww_register(f"register {i}", str).set("x" * 300_000)
    other.pull(one)
    assert one.verify(other) == []
    assert one.asked == 4  # two of them are beyond what one script goes through
