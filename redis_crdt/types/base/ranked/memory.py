"""What collections in memory can that are in order."""

from __future__ import annotations

from abc import abstractmethod
from heapq import nlargest, nsmallest
from typing import TypeVar

from redis_crdt.core.totals import check_amount
from redis_crdt.engine.store import E
from redis_crdt.types.base.collection.memory import OfOneType
from redis_crdt.values.encoding import key_field

V = TypeVar("V", int, float)


class Ranked(OfOneType[V, E]):
    """Keys in order of what they stand at; it is made whenever it is asked for."""

    @abstractmethod
    def _value_in(self, entry: E) -> V:
        """Return what a key stands at by its entry."""

    def _standing(self) -> list[tuple[V, bytes]]:
        return [(self._value_in(entry), key) for key, entry in self._store.live.items()]

    def top(self, n: int, *, skip: int = 0) -> list[tuple[str, V]]:
        """Return the ``n`` keys that stand highest, with what they stand at, from the highest on.

        Without the first ``skip`` of them. Of equal ones that whose key sorts last comes first.
        Raises :class:`InvalidAmount` for negative numbers and what is no int.
        """
        found = nlargest(check_amount(n) + check_amount(skip), self._standing())[skip:]
        return [(key.decode(), value) for value, key in found]

    def bottom(self, n: int, *, skip: int = 0) -> list[tuple[str, V]]:
        """Return the ``n`` keys that stand lowest, from the lowest on; otherwise as :meth:`top`."""
        found = nsmallest(check_amount(n) + check_amount(skip), self._standing())[skip:]
        return [(key.decode(), value) for value, key in found]

    def rank(self, key: str) -> int | None:
        """Return how many keys :meth:`top` has before this one; None if it is not there."""
        field = key_field(key)
        entry = self._store.live.get(field) if field is not None else None
        if field is None or entry is None:
            return None
        mine = (self._value_in(entry), field)
        return sum(other > mine for other in self._standing())

    def items(self) -> list[tuple[str, V]]:
        """Return all keys with what they stand at, in no order."""
        return [(key.decode(), value) for value, key in self._standing()]

    def contains(self, key: object) -> bool:
        """Whether the key is there."""
        return key_field(key) in self._store.live

    def size(self) -> int:
        """Return the number of keys."""
        return len(self._store.live)
