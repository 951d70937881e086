"""The LWW register on a server, for asyncio: one value, that of the last write."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from redis_crdt.core.clock import Time
from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.lww_map.operations import LWWRegisterOperations

T = TypeVar("T")


class LWWRegister(Collection[T], LWWRegisterOperations[T]):
    """A last-writer-wins register (Shapiro et al., "A study of CRDTs", 2011, spec. 8).

    Of two writes the later wins; at equal times that of the larger replica id.
    """

    async def set(self, value: T) -> None:
        """Write the value. One round trip. InvalidValue if it is not of the register's type."""
        await self._run(self._set(value))

    async def get(self) -> T | None:
        """Return the value, or None if none was ever written. One round trip."""
        return await self._run(self._get())

    @property
    def timestamp(self) -> Awaitable[Time | None]:
        """When the value was written, by the clock of the server that took it; None when unset.

        One round trip.
        """
        return self._run(self._timestamp())

    @property
    def written_by(self) -> Awaitable[str | None]:
        """Which replica wrote the value; None when unset. One round trip."""
        return self._run(self._written_by())
