"""The OR-Set on a server, for asyncio: a set in which an add wins over a concurrent remove."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any, TypeVar

from redis_crdt.asyncio.collection import Collection, Many
from redis_crdt.elements import (
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
from redis_crdt.operations.or_set import ORSetOperations
from redis_crdt.sync.tombstones import GRACE

T = TypeVar("T")


class Removed:
    """The tombstones of a set."""

    def __init__(self, set_: ORSet[Any]) -> None:
        self._set = set_

    async def size(self) -> int:
        """Return the number of tombstones. One round trip."""
        return await self._set._run(self._set._removed_size())


class ORSet(Many, Collection[T], ORSetOperations[T]):
    """:class:`redis_crdt.ORSet`, awaited."""

    async def add(self, element: T) -> None:
        """Add the element, whether or not it is there. One round trip."""
        await self._run(self._add(element))

    async def update(self, *elements: Iterable[T]) -> None:
        """Add all of the elements of each of the arguments.

        One round trip, and one atomic write, per 500 elements.
        """
        await self._drive(self._update(*elements))

    async def remove(self, element: T) -> bool:
        """Remove the element if it is there, and tell whether it was. One round trip."""
        return await self._run(self._remove(element))

    async def remove_all(self, elements: Iterable[T]) -> int:
        """Remove those of the elements that are there, and tell how many were."""
        return await self._drive(self._remove_all(elements))

    async def difference_update(self, *others: Iterable[T]) -> None:
        """Remove what is in any of the others; as :meth:`remove_all` does."""
        await self.remove_all(chain.from_iterable(others))

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
        """
        theirs = writable(self._codec, other)
        here, missing = parted(theirs, await self.contains_many(theirs))
        await self.remove_all(here)
        await self.update(missing)

    async def discard(self, element: T) -> None:
        """Remove the element if it is there. One round trip."""
        await self._run(self._remove(element))

    async def clear(self) -> None:
        """Remove all elements that are there now. Six round trips per 500 elements."""
        await self._drive(self._clear())

    async def pop(self) -> T:
        """Remove some element and return it; KeyError if there is none.

        One round trip, and one more for the first in a row and where another client was faster.
        """
        return await self._drive(self._pop())

    async def contains(self, element: T) -> bool:
        """Tell whether the element is there. One round trip."""
        return await self._run(self._contains(element))

    async def contains_many(self, elements: Iterable[T]) -> list[bool]:
        """Tell of each of the elements whether it is there, in order. One round trip per 500."""
        return await self._drive(self._contains_many(elements))

    async def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Tell whether none of the elements of ``other`` is here. One round trip per 500."""
        return not any(await self.contains_many(other))

    async def intersection(self, *others: Iterable[Any]) -> AbstractSet[T]:
        """Return what is here and in all of the others. One round trip per 500 of those."""
        if not others:
            return await self.get_elements()
        candidates: Keyed[T] = common(self._codec, others)
        here = await self.contains_many(candidates.values())
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
        return all(await self.contains_many(other))

    async def get_elements(self) -> AbstractSet[T]:
        """Return the elements: a ``set``, or a read-only set where none can hold all of them."""
        return await self._drive(self._get_elements())

    def __aiter__(self) -> AsyncIterator[T]:
        """Yield the elements as they are read; what is promised is said at the blocking set."""
        return self._stream(self._element)

    async def size(self) -> int:
        """Return the number of elements. One round trip."""
        return await self._run(self._size())

    @property
    def removed(self) -> Removed:
        """The tombstones that are still kept; ``await s.removed.size()`` counts them."""
        return Removed(self)

    async def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop tombstones of removals more than this many seconds ago; return how many."""
        return await self._drive(self._collect(older_than))
