"""What makes the sets on a server a ``Set``, for calls that need no ``await``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.set.elements import StoredOperators
from redis_crdt.types.base.set.operations import SetOperations

T = TypeVar("T")


class SetProtocol(Collection[T], SetOperations[T], StoredOperators[T]):
    """Python's protocol of sets; its other methods and operators are made of these."""

    def __contains__(self, element: object) -> bool:
        return self._run(self._contains(element))

    def __len__(self) -> int:
        return self._run(self._size())

    def _present(self) -> Iterator[bytes]:
        return self._stream(lambda field, _: field)
