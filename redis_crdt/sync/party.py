"""Who takes part in a pull, and how much it holds."""

from __future__ import annotations

from typing import Protocol

from redis_crdt.core.names import Keys
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Executor, Procedure
from redis_crdt.transport.flight.flight import Flight


class Party(Executor, Protocol):
    """A replica of any backend, as source or target of a pull."""

    namespace: str
    shards: int
    max_drift: float

    @property
    def replica_id(self) -> str:
        """The id of the replica."""

    @property
    def about(self) -> str:
        """How error messages name this replica."""

    def keys(self, shard: int) -> Keys:
        """Return the keys of a shard."""

    def flight(self, shard: int) -> Flight | None:
        """Return a flight to the server of a shard; None where nothing is far, as in memory."""


def count_shard(replica: Party, shard: int) -> Procedure[int]:
    """Return how many entries a shard has, tombstones included."""
    total: int = 0
    cursor = b"0"
    while True:
        request = ask.collections(replica.keys(shard), cursor, replica.about)
        page = yield replica, request
        total += sum(map(sum, page.sizes))
        cursor = page.cursor
        if cursor == b"0":
            return total


def count_entries(replica: Party) -> Procedure[int]:
    """Return how many entries a replica has, tombstones included."""
    total = 0
    for shard in range(replica.shards):
        total += yield from count_shard(replica, shard)
    return total


def read_clock(replica: Executor, about: str) -> Procedure[float]:
    """Read the wall clock of a replica's server, in seconds since 1970. One round trip."""
    now: float = yield replica, ask.time(about)
    return now
