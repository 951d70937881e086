"""What Python's maps can, awaited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.many import Many
from redis_crdt.types.lww_map.operations import LWWMapOperations
from redis_crdt.values.encoding import items_of

T = TypeVar("T")


class MapProtocol(Many, Collection[T], LWWMapOperations[T]):
    """The methods of Python's maps that are others where calls need no ``await``."""

    async def contains(self, key: str) -> bool:
        """Tell whether the key is there. One round trip."""
        return await self._run(self._contains(key))

    async def keys(self) -> list[str]:
        """Return the keys. One round trip per 500."""
        return await self._drive(self._all_keys())

    async def values(self) -> list[T]:
        """Return the values. One round trip per 500."""
        return list((await self._drive(self._all_items())).values())

    async def items(self) -> list[tuple[str, T]]:
        """Return the items. One round trip per 500."""
        return list((await self._drive(self._all_items())).items())

    async def _items_of(self, other: Any, items: Mapping[str, T]) -> dict[str, T]:
        if isinstance(other, MapProtocol):
            other = await other._drive(other._all_items())
        return items_of(other, items)
