"""What makes the sets on a server a ``MutableSet``, for calls that need no ``await``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any, TypeVar

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.set.elements import MutableOperators
from redis_crdt.types.or_set.operations import ORSetOperations

T = TypeVar("T")


class Removed(Sized):
    """The tombstones of a set; ``len()`` counts them in one round trip."""

    def __init__(self, set_: SetProtocol[Any]) -> None:
        self._set = set_

    def size(self) -> int:
        """Return the number of tombstones. One round trip."""
        return self._set._run(self._set._removed_size())

    __len__ = size


class SetProtocol(Collection[T], ORSetOperations[T], MutableOperators[T]):
    """Python's protocol of sets; its other methods and operators are made of these."""

    def __contains__(self, element: object) -> bool:
        return self._run(self._contains(element))

    def __len__(self) -> int:
        return self._run(self._size())

    def _present(self) -> Iterator[bytes]:
        return self._stream(lambda field, _: field)

    def _remove_present(self, fields: Iterable[bytes]) -> None:
        self._drive(self._remove_fields(fields))
