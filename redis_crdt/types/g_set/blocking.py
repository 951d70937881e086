# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The G-Set on a server: a set that only grows."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.set.blocking import AnySet
from redis_crdt.types.g_set.operations import GSetOperations

T = TypeVar("T", default=Any)


class GSet(GSetOperations[T], AnySet[T]):
    """A grow-only set (Shapiro et al., "A study of CRDTs", 2011, spec. 11).

    What was added stays. Reads and single adds are one round trip each; for the rest see
    :class:`ORSet`, which can do the same and remove as well.
    """


class OpensGSet(ReplicaOperations):
    """Replicas have sets that only grow."""

    def g_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> GSet[T]:
        """Take up a set of elements of ``type_`` that only grows.

        ``partitions`` are as of :meth:`or_set`.
        """
        return self._take_up(GSet(self, name, type_, partitions))
