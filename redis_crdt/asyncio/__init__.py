"""The replica and collections of :mod:`redis_crdt`, for asyncio: awaited, otherwise the same."""

from typing import TYPE_CHECKING

from redis_crdt.core.late import late
from redis_crdt.replica.awaited import Replica
from redis_crdt.types import awaited as _types

if TYPE_CHECKING:
    from redis_crdt.types.awaited import *  # noqa: F403 - each type is registered once
else:
    __getattr__ = late(__name__, _types.PLACES)

__all__ = ["Replica"]
__all__ += _types.__all__


def __dir__() -> list[str]:
    return sorted(__all__)
