"""The LWW map on a server, for asyncio: text keys, each with the latest of its values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar, overload

from redis_crdt.asyncio.collection import Collection
from redis_crdt.asyncio.many import Many
from redis_crdt.operations.lww import LWWMapOperations
from redis_crdt.values import MISSING, items_of

T = TypeVar("T")
D = TypeVar("D")


class LWWMap(Many, Collection[T], LWWMapOperations[T]):
    """:class:`redis_crdt.LWWMap`, awaited."""

    async def set(self, key: str, value: T) -> None:
        """Write the key's value. One round trip."""
        await self._run(self._set(key, value))

    async def update(self, other: Any = (), /, **items: T) -> None:
        """Write all of the items. Takes what ``dict.update`` takes, and an awaited map."""
        if isinstance(other, LWWMap):
            other = await other.to_dict()
        await self._drive(self._update(items_of(other, items)))

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
        """Return all items. One round trip per 500."""
        return await self._drive(self._all_items())

    async def setdefault(self, key: str, default: Any = None) -> T:
        """Return the key's value, written by this call if there was none. One round trip."""
        return await self._run(self._setdefault(key, default))

    async def pop(self, key: str, default: Any = MISSING) -> Any:
        """Delete the key and return its value; the default, or KeyError, where there is none.

        Two round trips, and one more whenever another client changes the key in between.
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
        """Delete those of the keys that are there, and tell how many were."""
        return await self._drive(self._delete_all(keys))

    async def clear(self) -> None:
        """Delete all keys that are there now. Six round trips per 500 keys."""
        await self._drive(self._clear())

    async def contains(self, key: str) -> bool:
        """Tell whether the key is there. One round trip."""
        return await self._run(self._contains(key))

    async def size(self) -> int:
        """Return the number of keys. One round trip."""
        return await self._run(self._size())

    def __aiter__(self) -> AsyncIterator[str]:
        """Yield the keys as they are read."""
        return self._stream(self._key)

    async def keys(self) -> list[str]:
        """Return the keys. One round trip per 500."""
        return await self._drive(self._all_keys())

    async def values(self) -> list[T]:
        """Return the values. One round trip per 500."""
        return list((await self._drive(self._all_items())).values())

    async def items(self) -> list[tuple[str, T]]:
        """Return the items. One round trip per 500."""
        return list((await self._drive(self._all_items())).items())
