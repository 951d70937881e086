"""The LWW register on a server, for asyncio: one value, that of the last write."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from redis_crdt.asyncio.collection import Collection
from redis_crdt.clock import Time
from redis_crdt.operations.lww import LWWRegisterOperations

T = TypeVar("T")


class LWWRegister(Collection[T], LWWRegisterOperations[T]):
    """:class:`redis_crdt.LWWRegister`, awaited."""

    async def set(self, value: T) -> None:
        """Write the value. One round trip."""
        await self._run(self._set(value))

    async def get(self) -> T | None:
        """Return the value, or None if none was ever written. One round trip."""
        return await self._run(self._get())

    @property
    def timestamp(self) -> Awaitable[Time | None]:
        """When the value was written; None when unset. One round trip, when awaited."""
        return self._run(self._timestamp())

    @property
    def written_by(self) -> Awaitable[str | None]:
        """Which replica wrote the value; None when unset. One round trip, when awaited."""
        return self._run(self._written_by())
