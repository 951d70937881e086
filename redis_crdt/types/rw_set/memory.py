"""The RW-Set: a set in which a removal wins over a concurrent add."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.dots import Dots, written
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.set.removal.memory import RemovingSet

T = TypeVar("T", default=Any)


class RWSet(RemovingSet[T]):
    """A remove-wins set (Baquero et al., "Pure operation-based replicated data types", 2017).

    Each removal gives the element a new dot, in place of the dots it had. An add takes away the
    dots that it has observed. An element is there that was added and has no dot, so a removal that
    an add had not seen survives it.
    """

    kind = "rw_set"

    @property
    def _there(self) -> Collection[bytes]:
        return self._store.removed

    @property
    def _gone(self) -> Collection[bytes]:
        return self._store.live

    def _add_here(self, fields: Sequence[bytes]) -> None:
        fields = [field for field in fields if field not in self._store.removed]
        if fields:
            dot = self._write(fields)
            for field in fields:
                old = self._store.live.get(field)
                seen = old.seen if old else {dot.writer: dot.time}
                self._store.put(field, Dots({}, seen), dot.time)

    def _remove_here(self, fields: Sequence[bytes]) -> int:
        if not fields:
            return 0
        were_there = sum(field in self._store.removed for field in fields)
        dot = self._write(fields)
        for field in fields:
            self._store.put(field, written(self._store.get(field), dot), dot.time)
        return were_there


class OpensRWSet(Opener):
    """Replicas have sets in which a removal wins over a concurrent add."""

    def rw_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> RWSet[T]:
        """Open a set of elements of ``type_`` in which a removal wins over a concurrent add.

        ``partitions`` spread it over several shards.
        """
        return self._open(RWSet, name, type_, partitions)
