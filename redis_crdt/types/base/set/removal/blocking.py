"""What makes the sets on a server a ``MutableSet``, for calls that need no ``await``."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any, TypeVar

from redis_crdt.types.base.set.elements import MutableOperators
from redis_crdt.types.base.set.protocol.blocking import SetProtocol
from redis_crdt.types.base.set.removal.operations import RemovingOperations

T = TypeVar("T")


class Removed(Sized):
    """What is kept of removed elements; ``len()`` counts them in one round trip."""

    def __init__(self, set_: RemovalProtocol[Any]) -> None:
        self._set = set_

    def size(self) -> int:
        """Return of how many. One round trip."""
        return self._set._run(self._set._removed_size())

    __len__ = size


class RemovalProtocol(SetProtocol[T], RemovingOperations[T], MutableOperators[T]):
    """What of Python's protocol of mutable sets all else is made of."""

    def _remove_present(self, fields: Iterable[bytes]) -> None:
        self._drive(self._remove_fields(fields))
