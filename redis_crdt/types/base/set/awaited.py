"""What Python's sets can, awaited; blocking sets have it from ``elements``."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any, TypeVar

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.many import Many
from redis_crdt.types.base.set.elements import (
    Keyed,
    beyond,
    common,
    in_one,
    joined,
    known_in,
    parted,
    those,
    without,
    writable,
)
from redis_crdt.types.or_set.operations import ORSetOperations

T = TypeVar("T")


class Removed:
    """The tombstones of a set."""

    def __init__(self, set_: SetProtocol[Any]) -> None:
        self._set = set_

    async def size(self) -> int:
        """Return the number of tombstones. One round trip."""
        return await self._set._run(self._set._removed_size())


class SetProtocol(Many, Collection[T], ORSetOperations[T]):
    """The methods of Python's sets; its operators await nothing, and are refused."""

    async def difference_update(self, *others: Iterable[T]) -> None:
        """Remove what is in any of the others; as :meth:`ORSet.remove_all` does."""
        await self._drive(self._remove_all(chain.from_iterable(others)))

    async def intersection_update(self, *others: Iterable[Any]) -> None:
        """Remove what is not in all of the others.

        One round trip per 500 elements, and one for as many that are removed.
        """
        if others:
            present = await self._drive(self._entries())
            await self._drive(self._remove_fields(beyond(self._codec, present, others)))

    async def symmetric_difference_update(self, other: Iterable[T]) -> None:
        """Remove what is in ``other``, too, and add what is in ``other`` alone.

        A round trip per 500 elements of ``other`` to ask for them, and one for each kind of write.
        Raises :class:`InvalidValue` before anything is written if one is not of the set's type.
        """
        theirs = writable(self._codec, other)
        here, missing = parted(theirs, await self._drive(self._contains_many(theirs)))
        await self._drive(self._remove_all(here))
        await self._drive(self._update(missing))

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
