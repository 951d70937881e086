"""What opens the collections of a replica in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from redis_crdt.types.base.collection.memory import Collection

C = TypeVar("C", bound=Collection[Any, Any])


class Opener(ABC):
    """A replica in memory, as the types see it."""

    @abstractmethod
    def _open(self, cls: type[C], name: str, type_: Any, partitions: int = 1) -> C: ...
