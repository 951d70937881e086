"""The register of the largest on a server, for asyncio."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.extreme.awaited import Extreme
from redis_crdt.types.max_register.operations import MaxRegisterOperations

T = TypeVar("T", default=Any)


class MaxRegister(MaxRegisterOperations[T], Extreme[T]):
    """A register of the largest value that was ever written: of ints, floats, strings or times."""


class OpensMaxRegister(ReplicaOperations):
    """Replicas have registers of the largest."""

    def max_register(self, name: str, type_: type[T] | Any = Any) -> MaxRegister[T]:
        """Take up a register of the largest value of ``type_``: int, float, str or datetime."""
        return self._take_up(MaxRegister(self, name, type_))
