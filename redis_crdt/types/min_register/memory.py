"""The register of the smallest in memory."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.types.base.extreme.memory import Extreme
from redis_crdt.types.base.opener import Opener

T = TypeVar("T", default=Any)


class MinRegister(Extreme[T]):
    """A register of the smallest value that was ever written: of ints, floats, strings or times."""

    kind: ClassVar = "min_register"


class OpensMinRegister(Opener):
    """Replicas have registers of the smallest."""

    def min_register(self, name: str, type_: type[T] | Any = Any) -> MinRegister[T]:
        """Open a register of the smallest value of ``type_``: int, float, str or datetime."""
        return self._open(MinRegister, name, type_)
