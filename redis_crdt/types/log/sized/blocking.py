"""What Python asks of a log, for calls that need no ``await``."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.log.operations import LogOperations

T = TypeVar("T")


class SizedLog(Collection[T], LogOperations[T]):
    """A log that can be asked how long it is."""

    def __len__(self) -> int:
        return self._run(self._size())
