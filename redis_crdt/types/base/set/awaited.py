"""What all sets on a server can, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from collections.abc import Set as AbstractSet
from typing import TypeVar

from redis_crdt.types.base.set.protocol.awaited import SetProtocol

T = TypeVar("T")


class AnySet(SetProtocol[T]):
    """Adding and reading."""

    async def add(self, element: T) -> None:
        """Add the element, whether or not it is there. One round trip.

        Raises :class:`InvalidValue` if it is not of the set's type.
        """
        await self._run(self._add(element))

    async def update(self, *elements: Iterable[T]) -> None:
        """Add all of the elements of each of the arguments.

        One round trip, and one atomic write, per 500 elements. Raises :class:`InvalidValue` before
        anything is written if one is not of the set's type.
        """
        await self._drive(self._update(*elements))

    async def contains(self, element: T) -> bool:
        """Tell whether the element is there. One round trip; none if not of the set's type."""
        return await self._run(self._contains(element))

    async def contains_many(self, elements: Iterable[T]) -> list[bool]:
        """Tell of each of the elements whether it is there, in order. One round trip per 500."""
        return await self._drive(self._contains_many(elements))

    async def get_elements(self) -> AbstractSet[T]:
        """Return the elements: a ``set``, or a read-only set where none can hold all of them.

        They may be such as cannot be hashed, or JSON that Python holds equal, as 1 and True. One
        round trip per 500 elements.
        """
        return await self._drive(self._get_elements())

    def __aiter__(self) -> AsyncIterator[T]:
        """Yield the elements, in one round trip per 500, read as they are asked for.

        What is there all the time comes. It comes once, unless more than 5000 others have come
        in between and the set has shrunk to a fraction, or its slot has moved to another node.
        """
        return self._stream(self._element)

    async def size(self) -> int:
        """Return the number of elements. One round trip."""
        return await self._run(self._size())
