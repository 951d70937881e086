"""The RW-Set: a set in which a removal wins over a concurrent add."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence, Sized
from itertools import chain
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.entries import Dots
from redis_crdt.operations.operation import as_is
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.set.elements import MutableOperators
from redis_crdt.types.base.set.memory import AnySet
from redis_crdt.types.rw_set.batch import Recordable
from redis_crdt.values.encoding import element_forms

T = TypeVar("T", default=Any)


class Removed(Sized):
    """The elements that were removed; ``len()`` counts them."""

    def __init__(self, set_: RWSet[Any]) -> None:
        self._set = set_

    def size(self) -> int:
        """Return of how many."""
        return sum(len(part._store.live) for part in self._set._parts)

    __len__ = size


class RWSet(Recordable[T], AnySet[T, Dots], MutableOperators[T]):
    """A remove-wins set (Baquero et al., "Pure operation-based replicated data types", 2017).

    Each removal gives the element a new dot, in place of the dots it had. An add takes away the
    dots that it has observed. An element is there that was added and has no dot, so a removal that
    an add had not seen survives it.
    """

    kind = "rw_set"

    @property
    def _there(self) -> Collection[bytes]:
        return self._store.removed

    def _add_here(self, fields: Sequence[bytes]) -> None:
        fields = [field for field in fields if field not in self._store.removed]
        if fields:
            dot = self._write(fields)
            for field in fields:
                old = self._store.live.get(field)
                seen = old.seen if old else {dot.writer: dot.time}
                self._store.put(field, Dots({}, seen), dot.time)

    def remove(self, element: T) -> bool:  # type: ignore[override]
        """Remove the element, whether or not it is there, and tell whether it was."""
        return self.remove_all((element,)) > 0

    def remove_all(self, elements: Iterable[T]) -> int:
        """Remove the elements, as one write, and tell how many were there."""
        forms = (element_forms(self._codec, element) for element in elements)
        return self._remove_present(dict.fromkeys(chain.from_iterable(forms)))

    def _remove_present(self, fields: Iterable[bytes]) -> int:
        return sum(part._remove_here(theirs) for part, theirs in self._by_part(fields, as_is))

    def _remove_here(self, fields: Sequence[bytes]) -> int:
        if not fields:
            return 0
        were_there = sum(field in self._store.removed for field in fields)
        dot = self._write(fields)
        for field in fields:
            old = self._store.get(field)
            seen = {**(old.seen if old else {}), dot.writer: dot.time}
            self._store.put(field, Dots({dot: None}, seen), dot.time)
        return were_there

    def discard(self, element: T) -> None:
        """Remove the element, whether or not it is there."""
        self.remove_all((element,))

    def clear(self) -> None:
        """Remove all elements that are there."""
        self._remove_present(self._fields())

    def pop(self) -> T:
        """Remove some element and return it; KeyError if there is none.

        Raises :class:`InvalidValue` for one that is not of the set's type, which stays.
        """
        for part in self._parts:
            for field in part._there:
                element: T = self._codec.decode_element(field)
                part._remove_here([field])
                return element
        raise KeyError("pop from an empty set")

    @property
    def removed(self) -> Removed:
        """The elements that were removed, of which each is remembered; ``len()`` counts them."""
        return Removed(self)


class OpensRWSet(Opener):
    """Replicas have sets in which a removal wins over a concurrent add."""

    def rw_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> RWSet[T]:
        """Open a set of elements of ``type_`` in which a removal wins over a concurrent add.

        ``partitions`` spread it over several shards.
        """
        return self._open(RWSet, name, type_, partitions)
