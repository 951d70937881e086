"""What flags on a server have in common, for asyncio."""

from __future__ import annotations

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.flag.operations import FlagOperations


class Flag(Collection[bool], FlagOperations):
    """What both flags can: be switched, and be read."""

    async def enable(self) -> None:
        """Enable it. One round trip."""
        await self._run(self._enable())

    async def disable(self) -> None:
        """Disable it. One round trip."""
        await self._run(self._disable())

    async def value(self) -> bool:
        """Whether it is enabled; one that nobody has switched is not. One round trip."""
        return await self._run(self._value())
