"""The types in memory, bare or in a replica: the reference semantics of this library."""

from redis_crdt.replica.memory import Replica
from redis_crdt.types import memory as _types
from redis_crdt.types.memory import *  # noqa: F403 - each type is registered once

__all__ = ["Replica"]
__all__ += _types.__all__
