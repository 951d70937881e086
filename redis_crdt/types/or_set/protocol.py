"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Any, Protocol

from redis_crdt.types.base.set.removal.protocol import SetLike


class OpensORSet(Protocol):
    """A replica that has them."""

    def or_set(self, name: str, type_: Any = Any, *, partitions: int = 1) -> SetLike[Any]:
        """Open an OR-Set."""
