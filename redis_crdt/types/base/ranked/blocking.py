# Made from awaited.py: change that, and run `python -m tests.faces`.
"""What collections on a server can that are in order."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.ranked.operations import RankedOperations

V = TypeVar("V", int, float)


class Ranked(Collection[V], RankedOperations[V]):
    """Keys in order of what they stand at."""

    def top(self, n: int, *, skip: int = 0) -> list[tuple[str, V]]:
        """Return the ``n`` keys that stand highest, with what they stand at, from the highest on.

        Without the first ``skip`` of them. Of equal ones that whose key sorts last comes first.
        One round trip, which costs what it returns; two where counts are beyond 2**53, where
        servers order only about. Raises :class:`InvalidAmount` for negative numbers and what is
        no int.
        """
        return self._drive(self._top(n, skip))

    def bottom(self, n: int, *, skip: int = 0) -> list[tuple[str, V]]:
        """Return the ``n`` keys that stand lowest, from the lowest on; otherwise as :meth:`top`."""
        return self._drive(self._bottom(n, skip))

    def rank(self, key: str) -> int | None:
        """Return how many keys :meth:`top` has before this one; None if it is not there.

        One round trip, which takes the server the logarithm of their number.
        """
        return self._run(self._rank(key))

    def items(self) -> list[tuple[str, V]]:
        """Return all keys with what they stand at, in no order. One round trip per 500."""
        return self._drive(self._items())

    def contains(self, key: object) -> bool:
        """Whether the key is there. One round trip."""
        return self._run(self._contains(key))

    def size(self) -> int:
        """Return the number of keys. One round trip."""
        return self._run(self._size())
