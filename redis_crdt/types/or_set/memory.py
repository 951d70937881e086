"""The OR-Set: a set in which an add wins over a concurrent remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.operations.operation import as_is
from redis_crdt.sync.tombstones import GRACE, check_age
from redis_crdt.types.base.expiry.memory import Expiring, deadline_of
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.set.removal.memory import RemovingSet
from redis_crdt.types.or_set.batch import Recordable
from redis_crdt.values.encoding import TTL, element_forms

T = TypeVar("T", default=Any)


class ORSet(Recordable[T], RemovingSet[T], Expiring[T]):
    """An observed-remove set (Bieniusa et al., "An optimized conflict-free replicated set", 2012).

    Each add gives the element a new dot, in place of the dots it had. A remove takes away the
    dots that it has observed. An element is there while it has a dot, so an add that a remove
    had not seen survives it.
    """

    kind = "or_set"

    def add(self, element: T, *, ttl: TTL = None) -> None:
        """Add the element, whether or not it is there. InvalidValue if not of the set's type.

        With ``ttl``, in seconds or as a ``timedelta``, it is there for so long, and without for
        ever. Of concurrent adds each lives for its own time, so the longest wins.
        """
        field = self._encode(element)
        part = self._part(field)
        deadline = None if ttl is None else deadline_of(ttl, part._shard.clock.wall)
        part._put_here({field: None}, deadline)

    def update(self, *elements: Iterable[T], ttl: TTL = None) -> None:
        """Add all of the elements of each of the arguments, as one write; ``ttl`` as of ``add``."""
        fields = dict.fromkeys(map(self._encode, chain.from_iterable(elements)))
        for part, theirs in self._by_part(fields, as_is):
            part._put_here(dict.fromkeys(theirs), deadline_of(ttl, part._shard.clock.wall))

    def _add_here(self, fields: Sequence[bytes]) -> None:
        self._put_here(dict.fromkeys(fields))

    def ttl(self, element: T) -> float | None:
        """Return for how many seconds the element is there still; None for ever.

        KeyError if it is not there.
        """
        return self._ttl_of(element_forms(self._codec, element), element)

    def expire(self, element: T, ttl: float | timedelta) -> bool:
        """Have the element be there for so long from now on, and tell whether it is."""
        return self._renew(element_forms(self._codec, element), ttl)

    def persist(self, element: T) -> bool:
        """Have the element be there for ever, and tell whether it is."""
        return self._renew(element_forms(self._codec, element), None)

    def _remove_here(self, fields: Sequence[bytes]) -> int:
        fields = [field for field in fields if field in self._store.live]
        if fields:
            time = self._write(fields).time
            for field in fields:
                self._store.put(field, self._store.live[field].replaced({}), time)
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
