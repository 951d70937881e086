"""The replica and collections of :mod:`redis_crdt`, for asyncio: awaited, otherwise the same."""

from redis_crdt.replica.awaited import Replica
from redis_crdt.types import awaited as _types
from redis_crdt.types.awaited import *  # noqa: F403 - each type is registered once

__all__ = ["Replica"]
__all__ += _types.__all__
