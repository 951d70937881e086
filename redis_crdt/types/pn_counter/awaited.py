"""The PN-Counter on a server, for asyncio: a counter that goes up and down."""

from __future__ import annotations

from redis_crdt.types.base.counter.operations import PNCounterOperations
from redis_crdt.types.g_counter.awaited import Counter


class PNCounter(Counter, PNCounterOperations):
    """A counter both ways (Shapiro et al., "A study of CRDTs", 2011, spec. 7)."""

    async def increment(self, n: int = 1) -> None:
        """Count ``n`` up. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if what this replica counted up would pass 2**63 - 1.
        """
        await self._run(self._increment(n))

    async def decrement(self, n: int = 1) -> None:
        """Count ``n`` down. One round trip; raises as :meth:`increment` does."""
        await self._run(self._decrement(n))
