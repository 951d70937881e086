"""Fixtures for the tests of programs that use this library; they need no server.

Import what you use into ``conftest.py``: ``from redis_crdt.testing import replica, regions``.
Needs ``pytest``, and fakeredis, which ``redis-crdt[testing]`` brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest
from redis import Redis

from redis_crdt.core.extras import extra
from redis_crdt.errors import ServerUnreachable
from redis_crdt.operations.operation import Operation
from redis_crdt.replica.blocking import Replica

with extra("testing"):
    import fakeredis

R = TypeVar("R")

__all__ = ["Partition", "Regions", "regions", "replica"]


class Partition:
    """A cut between two regions: while it is open, neither reaches the other."""

    def __init__(self) -> None:
        self.is_open = False

    def open(self) -> None:
        """Cut the regions apart."""
        self.is_open = True

    def close(self) -> None:
        """Heal the cut."""
        self.is_open = False

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Cut the regions apart for as long as the block lasts."""
        self.open()
        try:
            yield
        finally:
            self.close()


class _Distant(Replica):
    """A region's replica as another region reaches it: not at all while they are cut apart."""

    def __init__(self, client: Redis, partition: Partition) -> None:
        self._partition = partition
        super().__init__(client)

    def execute(self, operation: Operation[R]) -> R:
        if self._partition.is_open:
            raise ServerUnreachable(f"{operation.about}: the regions are cut apart")
        return super().execute(operation)


@dataclass(frozen=True)
class Regions:
    """Two regions. A program in one uses its own replica, and the other's by ``*_from_*``."""

    eu: Replica
    us: Replica
    us_from_eu: Replica
    eu_from_us: Replica
    partition: Partition

    def sync(self) -> None:
        """Bring both in step; :class:`ServerUnreachable` while they are cut apart."""
        self.eu.sync(self.us_from_eu)


@pytest.fixture
def replica() -> Iterator[Replica]:
    """An empty replica ``eu`` on a fakeredis server of its own."""
    with fakeredis.FakeRedis(server=fakeredis.FakeServer()) as client:
        yield Replica(client, replica_id="eu")


@pytest.fixture
def regions() -> Iterator[Regions]:
    """Two empty replicas ``eu`` and ``us`` that reach each other until the partition opens."""
    partition = Partition()
    with (
        fakeredis.FakeRedis(server=fakeredis.FakeServer()) as eu,
        fakeredis.FakeRedis(server=fakeredis.FakeServer()) as us,
    ):
        near = [Replica(client, replica_id=name) for name, client in (("eu", eu), ("us", us))]
        distant = [_Distant(client, partition) for client in (eu, us)]
        yield Regions(near[0], near[1], distant[1], distant[0], partition)
