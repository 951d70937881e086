# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The MV register on a server: all values that were written concurrently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.contexts import Context, Reading
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.mv_register.operations import MVRegisterOperations

T = TypeVar("T", default=Any)


class MVRegister(Collection[T], MVRegisterOperations[T]):
    """A multi-value register (Shapiro et al., "A study of CRDTs", 2011, spec. 10).

    Values that were written without knowing of each other stay side by side until a later
    write has seen them.
    """

    def set(self, value: T, context: Context | None = None) -> None:
        """Write the value in place of those that ``context`` has seen. One round trip.

        Without a context it replaces all that this replica has. InvalidValue if the value is
        not of the register's type.
        """
        self._run(self._set(value, context))

    def get(self) -> list[T]:
        """Return the concurrent values, in an order that is the same on every replica.

        One round trip.
        """
        return self._run(self._get())

    def get_with_context(self) -> Reading[T]:
        """Return the values with the context to give to :meth:`set`. One round trip."""
        return self._run(self._get_with_context())

    def resolve(self, resolver: Callable[[list[T]], T]) -> T:
        """Replace the values by what ``resolver`` makes of them, and return that.

        Two round trips. What is written between them stays beside the result.
        """
        return self._drive(self._resolve(resolver))


class OpensMVRegister(ReplicaOperations):
    """Replicas have registers that keep concurrent values side by side."""

    def mv_register(self, name: str, type_: type[T] | Any = Any) -> MVRegister[T]:
        """Take up a register of values of ``type_`` that keeps concurrent ones side by side."""
        return self._take_up(MVRegister(self, name, type_))
