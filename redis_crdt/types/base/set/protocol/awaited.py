"""What Python's sets can that only reads, awaited."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.many import Many
from redis_crdt.types.base.set.elements import (
    Keyed,
    common,
    in_one,
    joined,
    known_in,
    those,
    without,
)
from redis_crdt.types.base.set.operations import SetOperations

T = TypeVar("T")


class SetProtocol(Many, Collection[T], SetOperations[T]):
    """The methods of Python's sets; its operators await nothing, and are refused."""

    async def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Tell whether none of the elements of ``other`` is here. One round trip per 500."""
        return not any(await self._drive(self._contains_many(other)))

    async def intersection(self, *others: Iterable[Any]) -> AbstractSet[T]:
        """Return what is here and in all of the others. One round trip per 500 of those."""
        if not others:
            return await self._drive(self._get_elements())
        candidates: Keyed[T] = common(self._codec, others)
        here = await self._drive(self._contains_many(candidates.values()))
        return those(self._codec, candidates, here)

    async def union(self, *others: Iterable[Any]) -> AbstractSet[Any]:
        """Return what is here or in any of the others. One round trip per 500 elements."""
        return joined(self._codec, await self._drive(self._all()), others)

    async def difference(self, *others: Iterable[Any]) -> AbstractSet[T]:
        """Return what is here and in none of the others. One round trip per 500 elements."""
        return without(self._codec, await self._drive(self._all()), others)

    async def symmetric_difference(self, other: Iterable[Any]) -> AbstractSet[Any]:
        """Return what is here or in the other, not in both. One round trip per 500 elements."""
        return in_one(self._codec, await self._drive(self._all()), other)

    async def issubset(self, other: Iterable[Any]) -> bool:
        """Tell whether all elements are in ``other``. One round trip per 500 elements."""
        return known_in(self._codec, other) >= (await self._drive(self._all())).keys()

    async def issuperset(self, other: Iterable[Any]) -> bool:
        """Tell whether all elements of ``other`` are here. One round trip per 500 of those."""
        return all(await self._drive(self._contains_many(other)))
