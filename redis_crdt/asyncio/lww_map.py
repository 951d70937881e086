"""The LWW map on a server, for asyncio: text keys, each with the latest of its values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar, overload

from redis_crdt.asyncio.collection import Collection
from redis_crdt.operations.lww import LWWMapOperations

T = TypeVar("T")
D = TypeVar("D")


class LWWMap(Collection[T], LWWMapOperations[T]):
    """:class:`redis_crdt.LWWMap`, awaited."""

    async def set(self, key: str, value: T) -> None:
        """Write the key's value. One round trip."""
        await self._run(self._set(key, value))

    async def update(self, other: Any = (), /, **items: T) -> None:
        """Write all of the items. Takes what ``dict.update`` takes."""
        await self._drive(self._update(dict(other, **items)))

    @overload
    async def get(self, key: str) -> T | None: ...
    @overload
    async def get(self, key: str, default: D) -> T | D: ...
    async def get(self, key: str, default: Any = None) -> Any:
        """Return the key's value, or the default where there is none. One round trip."""
        return await self._run(self._get(key, default))

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
