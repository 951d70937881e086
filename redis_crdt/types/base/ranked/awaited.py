"""What collections on a server can that are in order, for asyncio."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.ranked.operations import RankedOperations

V = TypeVar("V", int, float)


class Ranked(Collection[V], RankedOperations[V]):
    """Keys in order of what they stand at."""

    async def top(self, n: int, *, skip: int = 0) -> list[tuple[str, V]]:
        """Return the ``n`` keys that stand highest, with what they stand at, from the highest on.

        Without the first ``skip`` of them. Of equal ones that whose key sorts last comes first.
        One round trip, which costs what it returns; two where counts are beyond 2**53, where
        servers order only about. Raises :class:`InvalidAmount` for negative numbers and what is
        no int.
        """
        return await self._drive(self._top(n, skip))

    async def bottom(self, n: int, *, skip: int = 0) -> list[tuple[str, V]]:
        """Return the ``n`` keys that stand lowest, from the lowest on; otherwise as :meth:`top`."""
        return await self._drive(self._bottom(n, skip))

    async def rank(self, key: str) -> int | None:
        """Return how many keys :meth:`top` has before this one; None if it is not there.

        One round trip, which takes the server the logarithm of their number.
        """
        return await self._run(self._rank(key))

    async def items(self) -> list[tuple[str, V]]:
        """Return all keys with what they stand at, in no order. One round trip per 500."""
        return await self._drive(self._items())

    async def contains(self, key: object) -> bool:
        """Whether the key is there. One round trip."""
        return await self._run(self._contains(key))

    async def size(self) -> int:
        """Return the number of keys. One round trip."""
        return await self._run(self._size())
