"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Any, Protocol

from redis_crdt.types.base.extreme.protocol import ExtremeRegister


class OpensMaxRegister(Protocol):
    """A replica that has them."""

    def max_register(self, name: str, type_: Any = Any) -> ExtremeRegister[Any]:
        """Open a register of the largest."""
