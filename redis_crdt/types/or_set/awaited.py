"""The OR-Set on a server, for asyncio: a set in which an add wins over a concurrent remove."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.sync.tombstones import GRACE
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.set.awaited import AnySet
from redis_crdt.types.base.set.removal.awaited import RemovalProtocol, Removed
from redis_crdt.types.or_set.operations import ORSetOperations
from redis_crdt.values.encoding import TTL

T = TypeVar("T", default=Any)


class ORSet(ORSetOperations[T], RemovalProtocol[T], AnySet[T]):
    """An observed-remove set (Bieniusa et al., "An optimized conflict-free replicated set", 2012).

    An add that a concurrent remove had not seen survives it. Reads and single writes are one
    round trip each. The methods of Python's sets, and its operators where they need no ``await``,
    take one per 500 elements to read the set or to ask it for those of the other operand, one to
    read that where it is on a server, too, and one for each kind of write; what they return is as
    of :meth:`get_elements`. What is not of the set's type is not in it, and an operation that would
    write it changes nothing.

    Where a model gained fields with defaults, what was written before is there still, and found: as
    what iterating gives. To write it anew, remove each element and add it, in a batch. Where it
    lost a field, what has that is not of the set's type: open the set by the old type, too, remove
    each element of that, and add what is to become of it.
    """

    async def add(self, element: T, *, ttl: TTL = None) -> None:
        """Add the element, whether or not it is there. One round trip.

        With ``ttl``, in seconds or as a ``timedelta``, it is there for so long, by the clock of the
        region's server, and in each other region by that of its own; without, for ever. Adding it
        again is how it is kept: of concurrent adds each lives for its own time, so the longest
        wins. Raises :class:`InvalidValue` if it is not of the set's type.
        """
        await self._run(self._add(element, ttl))

    async def update(self, *elements: Iterable[T], ttl: TTL = None) -> None:
        """Add all of the elements of each of the arguments; ``ttl`` is as of :meth:`add`.

        One round trip, and one atomic write, per 500 elements. Raises :class:`InvalidValue` before
        anything is written if one is not of the set's type.
        """
        await self._drive(self._update(*elements, ttl=ttl))

    async def ttl(self, element: T) -> float | None:
        """Return for how many seconds the element is there still; None for ever.

        One round trip. KeyError if it is not there.
        """
        return await self._drive(self._ttl(element))

    async def expire(self, element: T, ttl: float | timedelta) -> bool:
        """Have the element be there for so long from now on, and tell whether it is there.

        One round trip. It is a write as :meth:`add` is, but of what is there only.
        """
        return await self._run(self._expire(element, ttl))

    async def persist(self, element: T) -> bool:
        """Have the element be there for ever, and tell whether it is. As :meth:`expire`."""
        return await self._run(self._expire(element, None))

    # Where calls need no await, a set is a MutableSet, whose `remove` tells nothing.
    async def remove(self, element: T) -> bool:  # type: ignore[override, unused-ignore]
        """Remove the element if it is there, and tell whether it was. One round trip.

        Of several clients of one replica that remove it at once, one is told True.
        """
        return await self._run(self._remove(element))

    async def remove_all(self, elements: Iterable[T]) -> int:
        """Remove those of the elements that are there, and tell how many were.

        One round trip, and one atomic write, per 500 elements. Raises :class:`InvalidValue` before
        anything is removed if one is not of the set's type.
        """
        return await self._drive(self._remove_all(elements))

    async def discard(self, element: T) -> None:
        """Remove the element if it is there. One round trip."""
        await self._run(self._remove(element))

    async def clear(self) -> None:
        """Remove all elements that are there now. Six round trips per 500 elements."""
        await self._drive(self._clear())

    async def pop(self) -> T:
        """Remove some element and return it; KeyError if there is none.

        Of several clients of one replica each gets another element. Raises :class:`InvalidValue`
        for one that is not of the set's type, which stays. One round trip, one more for the first
        in a row and where another client was faster; in partitions, one for each that is empty.
        """
        return await self._drive(self._pop())

    @property
    def removed(self) -> Removed:
        """The tombstones that are still kept; its ``size()`` counts them."""
        return Removed(self)

    async def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop tombstones of removals more than this many seconds ago; return how many.

        Those stay that some peer has not read yet, or of which this replica does not know all that
        they tell. What was removed does not come back. One round trip per 500 tombstones.
        """
        return await self._drive(self._collect(older_than))


class OpensORSet(ReplicaOperations):
    """Replicas have sets in which an add wins over a concurrent remove."""

    def or_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> ORSet[T]:
        """Take up a set of elements of ``type_``: anything pydantic validates; JSON by default.

        Raises :class:`KindMismatch` if the name is taken by another kind of collection: at once, in
        one round trip, but where calls are awaited at its first use. So for all types.

        A set that is too big for one server, or too busy, may be in ``partitions``: by their hash
        its elements are spread over several shards. Their number is the same in all regions, and
        for good: :class:`KindMismatch` for another. What concerns one element still takes one
        round trip, and what concerns all of them one and more for each partition, side by side
        where calls are awaited. Batches do not take it.
        """
        return self._take_up(ORSet(self, name, type_, partitions))
