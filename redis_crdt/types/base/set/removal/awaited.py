"""What Python's sets can that removes, awaited."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeVar

from redis_crdt.types.base.set.elements import beyond, parted, writable
from redis_crdt.types.base.set.protocol.awaited import SetProtocol
from redis_crdt.types.base.set.removal.operations import RemovingOperations

T = TypeVar("T")


class Removed:
    """What is kept of removed elements."""

    def __init__(self, set_: RemovalProtocol[Any]) -> None:
        self._set = set_

    async def size(self) -> int:
        """Return of how many. One round trip."""
        return await self._set._run(self._set._removed_size())


class RemovalProtocol(SetProtocol[T], RemovingOperations[T]):
    """The methods of Python's sets that remove."""

    async def difference_update(self, *others: Iterable[T]) -> None:
        """Remove what is in any of the others; as ``remove_all`` does."""
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
