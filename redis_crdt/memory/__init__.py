"""The types in memory, bare or in a replica: the reference semantics of this library."""

from typing import TYPE_CHECKING

from redis_crdt.core.late import late
from redis_crdt.replica.memory import Replica
from redis_crdt.types import memory as _types

if TYPE_CHECKING:
    from redis_crdt.types.memory import *  # noqa: F403 - each type is registered once
else:
    __getattr__ = late(__name__, _types.PLACES)

__all__ = ["Replica"]
__all__ += _types.__all__


def __dir__() -> list[str]:
    return sorted(__all__)
