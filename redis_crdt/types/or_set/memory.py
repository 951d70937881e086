"""The OR-Set: a set in which an add wins over a concurrent remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from itertools import chain
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.entries import Dots
from redis_crdt.operations.operation import as_is
from redis_crdt.sync.tombstones import GRACE, check_age
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.set.elements import MutableOperators
from redis_crdt.types.base.set.memory import AnySet
from redis_crdt.types.or_set.batch import Recordable
from redis_crdt.values.encoding import element_forms

T = TypeVar("T", default=Any)

NOTHING = Dots({}, {})


class Removed(Sized):
    """The tombstones of a set; ``len()`` counts them."""

    def __init__(self, set_: ORSet[Any]) -> None:
        self._set = set_

    def size(self) -> int:
        """Return the number of tombstones."""
        return sum(len(part._store.removed) for part in self._set._parts)

    __len__ = size


class ORSet(Recordable[T], AnySet[T, Dots], MutableOperators[T]):
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
            old = self._store.get(field) or NOTHING
            self._store.put(field, Dots({dot: None}, {**old.seen, dot.writer: dot.time}), dot.time)

    def remove(self, element: T) -> bool:  # type: ignore[override]
        """Remove the element if it is there, and tell whether it was."""
        return self.remove_all((element,)) > 0

    def remove_all(self, elements: Iterable[T]) -> int:
        """Remove those of the elements that are there, as one write, and tell how many were."""
        forms = (element_forms(self._codec, element) for element in elements)
        return self._remove_present(dict.fromkeys(chain.from_iterable(forms)))

    def _remove_present(self, fields: Iterable[bytes]) -> int:
        return sum(part._remove_here(theirs) for part, theirs in self._by_part(fields, as_is))

    def _remove_here(self, fields: Sequence[bytes]) -> int:
        fields = [field for field in fields if field in self._store.live]
        if fields:
            time = self._write(fields).time
            for field in fields:
                self._store.put(field, Dots({}, self._store.live[field].seen), time)
        return len(fields)

    def discard(self, element: T) -> None:
        """Remove the element if it is there."""
        self.remove_all((element,))

    def clear(self) -> None:
        """Remove all elements that are there."""
        self._remove_present(self._fields())

    def pop(self) -> T:
        """Remove some element and return it; KeyError if there is none.

        Raises :class:`InvalidValue` for one that is not of the set's type, which stays.
        """
        for part in self._parts:
            for field in part._store.live:
                element: T = self._codec.decode_element(field)
                part._remove_here([field])
                return element
        raise KeyError("pop from an empty set")

    @property
    def removed(self) -> Removed:
        """The tombstones that are still kept; ``len()`` counts them."""
        return Removed(self)

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
