# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The LWW register on a server: one value, that of the last write."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.clock import Time
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.lww_register.operations import LWWRegisterOperations

T = TypeVar("T", default=Any)


class LWWRegister(Collection[T], LWWRegisterOperations[T]):
    """A last-writer-wins register (Shapiro et al., "A study of CRDTs", 2011, spec. 8).

    Of two writes the later wins; at equal times that of the larger replica id.
    """

    def set(self, value: T) -> None:
        """Write the value. One round trip. InvalidValue if it is not of the register's type."""
        self._run(self._set(value))

    def get(self) -> T | None:
        """Return the value, or None if none was ever written. One round trip."""
        return self._run(self._get())

    @property
    def timestamp(self) -> Time | None:
        """When the value was written, by the clock of the server that took it; None when unset.

        One round trip.
        """
        return self._run(self._timestamp())

    @property
    def written_by(self) -> str | None:
        """Which replica wrote the value; None when unset. One round trip."""
        return self._run(self._written_by())


class OpensLWWRegister(ReplicaOperations):
    """Replicas have registers in which the last write wins."""

    def lww_register(self, name: str, type_: type[T] | Any = Any) -> LWWRegister[T]:
        """Take up a register of one value of ``type_``, in which the last write wins."""
        return self._take_up(LWWRegister(self, name, type_))
