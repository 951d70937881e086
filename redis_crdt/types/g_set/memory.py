"""The G-Set in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.entries import Total
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.set.memory import AnySet
from redis_crdt.types.g_set.batch import Recordable
from redis_crdt.types.g_set.kind import THERE

T = TypeVar("T", default=Any)


class GSet(Recordable[T], AnySet[T, Total]):
    """A grow-only set (Shapiro et al., "A study of CRDTs", 2011, spec. 11).

    What was added stays: the join of two sets is their union.
    """

    kind = "g_set"

    def _add_here(self, fields: Sequence[bytes]) -> None:
        fields = [field for field in fields if field not in self._store.live]
        if fields:
            time = self._write(fields).time
            for field in fields:
                self._store.put(field, THERE, time)


class OpensGSet(Opener):
    """Replicas have sets that only grow."""

    def g_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> GSet[T]:
        """Open a set of elements of ``type_`` that only grows.

        ``partitions`` spread it over several shards.
        """
        return self._open(GSet, name, type_, partitions)
