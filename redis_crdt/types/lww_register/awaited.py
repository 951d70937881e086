"""The LWW register on a server, for asyncio: one value, that of the last write."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.clock import Time
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.lww_register.operations import LWWRegisterOperations
from redis_crdt.values.encoding import TTL

T = TypeVar("T", default=Any)


class LWWRegister(Collection[T], LWWRegisterOperations[T]):
    """A last-writer-wins register (Shapiro et al., "A study of CRDTs", 2011, spec. 8).

    Of two writes the later wins; at equal times that of the larger replica id.
    """

    async def set(self, value: T, *, ttl: TTL = None) -> None:
        """Write the value. One round trip. InvalidValue if it is not of the register's type.

        With ``ttl``, in seconds or as a ``timedelta``, it is there for so long, by the clock of the
        region's server, and in each other region by that of its own; without, for ever. What was
        there before does not come back: the last write wins also where its value has expired.
        """
        await self._run(self._set(value, ttl))

    async def ttl(self) -> float | None:
        """Return for how many seconds the value is there still; None for ever.

        One round trip. KeyError if there is none.
        """
        return await self._drive(self._ttl())

    async def expire(self, ttl: float | timedelta) -> bool:
        """Have the value be there for so long from now on, and tell whether there is one.

        One round trip. It is a write as :meth:`set` is, of the value that is there.
        """
        return await self._run(self._expire(ttl))

    async def persist(self) -> bool:
        """Have the value be there for ever, and tell whether there is one. As :meth:`expire`."""
        return await self._run(self._expire(None))

    async def get(self) -> T | None:
        """Return the value, or None where there is none. One round trip."""
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


class OpensLWWRegister(ReplicaOperations):
    """Replicas have registers in which the last write wins."""

    def lww_register(self, name: str, type_: type[T] | Any = Any) -> LWWRegister[T]:
        """Take up a register of one value of ``type_``, in which the last write wins."""
        return self._take_up(LWWRegister(self, name, type_))
