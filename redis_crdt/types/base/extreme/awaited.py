"""What the registers of the largest and of the smallest on a server have in common, for asyncio."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.extreme.operations import ExtremeOperations

T = TypeVar("T", default=Any)


class Extreme(Collection[T], ExtremeOperations[T]):
    """What both can: be written, and be read."""

    async def set(self, value: T) -> None:
        """Write the value; without effect where it does not go beyond what is there.

        One round trip. Raises :class:`InvalidValue` if it is not of the register's type, or neither
        int, float, str nor datetime with a time zone.
        """
        await self._run(self._set(value))

    async def get(self) -> T | None:
        """Return the value, or None if none was ever written. A time is given in UTC.

        One round trip.
        """
        return await self._run(self._get())
