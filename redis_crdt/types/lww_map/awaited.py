"""The LWW map on a server, for asyncio: text keys, each with the latest of its values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any, overload

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.lww_map.mapping.awaited import MapProtocol
from redis_crdt.values.encoding import MISSING, TTL

T = TypeVar("T", default=Any)
D = TypeVar("D")


class LWWMap(MapProtocol[T]):
    """A map whose keys are added and removed as an OR-Set's elements, each with a value.

    Of concurrent values the latest is read. A deletion removes those that this replica has, so
    never one that another region sets at the same time. Reads and single writes are one round trip
    each; keys, values and items one per 500.
    """

    async def set(self, key: str, value: T, *, ttl: TTL = None) -> None:
        """Write the key's value. One round trip. InvalidValue if either is not of its type.

        With ``ttl`` it is there for so long, as of :meth:`ORSet.add`. Where concurrent values have
        different ones, the latest of those that live is read.
        """
        await self._run(self._set(key, value, ttl))

    async def ttl(self, key: str) -> float | None:
        """Return for how many seconds the key is there still; None for ever.

        One round trip. KeyError if it is not there.
        """
        return await self._drive(self._ttl(key))

    async def expire(self, key: str, ttl: float | timedelta) -> bool:
        """Have the key be there for so long from now on, and tell whether it is there.

        One round trip. It is a write of the value that is read, and of what is there only.
        """
        return await self._run(self._expire(key, ttl))

    async def persist(self, key: str) -> bool:
        """Have the key be there for ever, and tell whether it is. As :meth:`expire`."""
        return await self._run(self._expire(key, None))

    async def update(self, other: Any = (), /, **items: T) -> None:
        """Write all of the items. Takes what ``dict.update`` takes, and another such map.

        One round trip, and one atomic write, per 500 items. Raises :class:`InvalidValue` before
        anything is written if a key or value is not of its type.
        """
        await self._drive(self._update(await self._items_of(other, items)))

    @overload
    async def get(self, key: str) -> T | None: ...
    @overload
    async def get(self, key: str, default: D) -> T | D: ...
    async def get(self, key: str, default: Any = None) -> Any:
        """Return the key's value, or the default where there is none. One round trip."""
        return await self._run(self._get(key, default))

    async def get_many(self, keys: Iterable[str]) -> dict[str, T]:
        """Return those of the keys that are there, with their values. One round trip per 500."""
        return await self._drive(self._get_many(keys))

    async def contains_many(self, keys: Iterable[str]) -> list[bool]:
        """Tell of each of the keys whether it is there, in order. One round trip per 500."""
        return await self._drive(self._contains_many(keys))

    async def to_dict(self) -> dict[str, T]:
        """Return all items. One round trip per 500.

        ``dict(m)``, where calls need no ``await``, asks for each key by itself, and raises KeyError
        where one is deleted meanwhile.
        """
        return await self._drive(self._all_items())

    async def setdefault(self, key: str, default: Any = None, *, ttl: TTL = None) -> T:
        """Return the key's value, written by this call if there was none. One round trip.

        Of several clients of one replica that do so at once, all are told the same value. With
        ``ttl`` what is written is there for so long, as of :meth:`set`; what is there stays as it
        is. Raises :class:`InvalidValue` if the default is not of the map's type, whether it is
        needed or not.
        """
        return await self._run(self._setdefault(key, default, ttl))

    async def pop(self, key: str, default: Any = MISSING) -> Any:
        """Delete the key and return its value; the default, or KeyError, where there is none.

        Of several clients of one replica that do so at once, one is told the value. Raises
        :class:`InvalidValue` for a value that is not of the map's type, which stays. Two round
        trips, and one more whenever another client changes the key in between.
        """
        return await self._drive(self._pop(key, default))

    async def popitem(self) -> tuple[str, T]:
        """Delete some key and return it with its value; KeyError if there is none.

        As :meth:`pop`; in partitions one round trip more for each that is empty.
        """
        return await self._drive(self._popitem())

    async def delete(self, key: str) -> bool:
        """Delete the key if it is there, and tell whether it was. One round trip."""
        return await self._run(self._delete(key))

    async def delete_all(self, keys: Iterable[str]) -> int:
        """Delete those of the keys that are there, and tell how many were.

        One round trip, and one atomic write, per 500 keys.
        """
        return await self._drive(self._delete_all(keys))

    async def clear(self) -> None:
        """Delete all keys that are there now. Six round trips per 500 keys."""
        await self._drive(self._clear())

    async def size(self) -> int:
        """Return the number of keys. One round trip."""
        return await self._run(self._size())

    def __aiter__(self) -> AsyncIterator[str]:
        """Yield the keys, in one round trip per 500, read as they are asked for.

        What is promised is said at :meth:`ORSet.__aiter__`; so it is for views of items and values.
        """
        return self._stream(self._key)


class OpensLWWMap(ReplicaOperations):
    """Replicas have maps in which the latest value is read."""

    def lww_map(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> LWWMap[T]:
        """Take up a map from text to values of ``type_``; of concurrent ones the latest is read.

        ``partitions`` are as of :meth:`or_set`.
        """
        return self._take_up(LWWMap(self, name, type_, partitions))
