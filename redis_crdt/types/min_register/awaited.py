"""The register of the smallest on a server, for asyncio."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.extreme.awaited import Extreme
from redis_crdt.types.min_register.operations import MinRegisterOperations

T = TypeVar("T", default=Any)


class MinRegister(MinRegisterOperations[T], Extreme[T]):
    """A register of the smallest value that was ever written: of ints, floats, strings or times."""


class OpensMinRegister(ReplicaOperations):
    """Replicas have registers of the smallest."""

    def min_register(self, name: str, type_: type[T] | Any = Any) -> MinRegister[T]:
        """Take up a register of the smallest value of ``type_``: int, float, str or datetime."""
        return self._take_up(MinRegister(self, name, type_))
