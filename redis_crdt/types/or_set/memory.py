"""The OR-Set: a set in which an add wins over a concurrent remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.entries import Dots, written
from redis_crdt.sync.tombstones import GRACE, check_age
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.set.removal.memory import RemovingSet

T = TypeVar("T", default=Any)


class ORSet(RemovingSet[T]):
    """An observed-remove set (Bieniusa et al., "An optimized conflict-free replicated set", 2012).

    Each add gives the element a new dot, in place of the dots it had. A remove takes away the
    dots that it has observed. An element is there while it has a dot, so an add that a remove
    had not seen survives it.
    """

    kind = "or_set"

    def _add_here(self, fields: Sequence[bytes]) -> None:
        if not fields:
            return
        dot = self._write(fields)
        for field in fields:
            self._store.put(field, written(self._store.get(field), dot), dot.time)

    def _remove_here(self, fields: Sequence[bytes]) -> int:
        fields = [field for field in fields if field in self._store.live]
        if fields:
            time = self._write(fields).time
            for field in fields:
                self._store.put(field, Dots({}, self._store.live[field].seen), time)
        return len(fields)

    def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop tombstones of removals more than this many seconds ago; return how many.

        Those stay that some peer has not read yet, or of which this object does not know all that
        they tell. What was removed does not come back, also where an older copy of this set is
        merged.
        """
        age = round(check_age(older_than) * 1000)
        gone = 0
        for part in self._parts:
            shard = part._shard
            stable = min(shard.peers.values(), default=shard.clock.last)
            gone += shard.collect(part._store, stable, shard.clock.wall() - age)
        return gone


class OpensORSet(Opener):
    """Replicas have sets in which an add wins over a concurrent remove."""

    def or_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> ORSet[T]:
        """Open a set of elements of ``type_``: anything pydantic validates; JSON by default.

        Raises :class:`KindMismatch` if the name is taken by another kind of collection; so for
        all types. ``partitions`` spread it over several shards.
        """
        return self._open(ORSet, name, type_, partitions)
