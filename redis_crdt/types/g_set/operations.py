"""The operations of a G-Set on a server."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.set.operations import SetOperations
from redis_crdt.types.g_set.batch import Recordable

T = TypeVar("T")


class GSetOperations(Recordable[T], SetOperations[T]):
    """The operations of a G-Set: those of all sets."""

    kind = "g_set"
