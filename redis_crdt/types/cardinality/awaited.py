"""The cardinality on a server, for asyncio: about how many different values were added."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.cardinality.operations import CardinalityOperations

T = TypeVar("T", default=Any)


class Cardinality(CardinalityOperations[T], Collection[T]):
    """About how many different values were ever added (Flajolet et al., "HyperLogLog", 2007).

    It takes some 30 KB, whatever their number.
    """

    async def add(self, *values: T) -> None:
        """Add values, however many, in one round trip. Takes up to 16 KB on its way.

        Raises :class:`InvalidValue`, with none added, if one is not of its type.
        """
        await self._run(self._add(*values))

    async def count(self) -> int:
        """Return about how many different values were added, to within 0.81 % as a rule.

        One round trip, for one PFCOUNT.
        """
        return await self._run(self._count())


class OpensCardinality(ReplicaOperations):
    """Replicas have cardinalities."""

    def cardinality(self, name: str, type_: type[T] | Any = Any) -> Cardinality[T]:
        """Take up a count of different values of ``type_``."""
        return self._take_up(Cardinality(self, name, type_))
