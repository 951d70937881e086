"""The MV register on a server, for asyncio: all values that were written concurrently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.contexts import Context, Reading
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.mv_register.operations import MVRegisterOperations

T = TypeVar("T", default=Any)


class MVRegister(Collection[T], MVRegisterOperations[T]):
    """A multi-value register (Shapiro et al., "A study of CRDTs", 2011, spec. 10).

    Values that were written without knowing of each other stay side by side until a later
    write has seen them.
    """

    async def set(self, value: T, context: Context | None = None) -> None:
        """Write the value in place of those that ``context`` has seen. One round trip.

        Without a context it replaces all that this replica has. InvalidValue if the value is
        not of the register's type.
        """
        await self._run(self._set(value, context))

    async def get(self) -> list[T]:
        """Return the concurrent values, in an order that is the same on every replica.

        One round trip.
        """
        return await self._run(self._get())

    async def get_with_context(self) -> Reading[T]:
        """Return the values with the context to give to :meth:`set`. One round trip."""
        return await self._run(self._get_with_context())

    async def resolve(self, resolver: Callable[[list[T]], T]) -> T:
        """Replace the values by what ``resolver`` makes of them, and return that.

        Two round trips. What is written between them stays beside the result.
        """
        return await self._drive(self._resolve(resolver))


class OpensMVRegister(ReplicaOperations):
    """Replicas have registers that keep concurrent values side by side."""

    def mv_register(self, name: str, type_: type[T] | Any = Any) -> MVRegister[T]:
        """Take up a register of values of ``type_`` that keeps concurrent ones side by side."""
        return self._take_up(MVRegister(self, name, type_))
