"""What sets in memory have in common of which elements are removed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence, Sized
from itertools import chain
from typing import Any, TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.operations.operation import as_is
from redis_crdt.types.base.set.elements import MutableOperators
from redis_crdt.types.base.set.memory import AnySet
from redis_crdt.types.base.set.removal.batch import Recordable
from redis_crdt.values.encoding import element_forms

T = TypeVar("T")


class Removed(Sized):
    """What is kept of removed elements; ``len()`` counts them."""

    def __init__(self, set_: RemovingSet[Any]) -> None:
        self._set = set_

    def size(self) -> int:
        """Return of how many."""
        return sum(len(part._gone) for part in self._set._parts)

    __len__ = size


class RemovingSet(Recordable[T], AnySet[T, Dots], MutableOperators[T]):
    """Removing, besides adding and reading."""

    @property
    def _gone(self) -> Collection[bytes]:
        """The fields of removed elements of which something is kept."""
        return self._store.removed

    @abstractmethod
    def _remove_here(self, fields: Sequence[bytes]) -> int:
        """Remove elements, as one write, and tell how many were there."""

    def remove(self, element: T) -> bool:  # type: ignore[override]
        """Remove the element, and tell whether it was there."""
        return self.remove_all((element,)) > 0

    def remove_all(self, elements: Iterable[T]) -> int:
        """Remove the elements, as one write, and tell how many were there."""
        forms = (element_forms(self._codec, element) for element in elements)
        return self._remove_present(dict.fromkeys(chain.from_iterable(forms)))

    def _remove_present(self, fields: Iterable[bytes]) -> int:
        return sum(part._remove_here(theirs) for part, theirs in self._by_part(fields, as_is))

    def discard(self, element: T) -> None:
        """Remove the element."""
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
        """What is still kept of removed elements; ``len()`` counts them."""
        return Removed(self)
