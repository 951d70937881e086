"""The register of the largest in memory."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.types.base.extreme.memory import Extreme
from redis_crdt.types.base.opener import Opener

T = TypeVar("T", default=Any)


class MaxRegister(Extreme[T]):
    """A register of the largest value that was ever written: of ints, floats, strings or times."""

    kind: ClassVar = "max_register"


class OpensMaxRegister(Opener):
    """Replicas have registers of the largest."""

    def max_register(self, name: str, type_: type[T] | Any = Any) -> MaxRegister[T]:
        """Open a register of the largest value of ``type_``: int, float, str or datetime."""
        return self._open(MaxRegister, name, type_)
