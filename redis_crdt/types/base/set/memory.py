"""What sets in memory have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection as Collection_
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TypeVar

from redis_crdt.engine.store import E
from redis_crdt.operations.operation import as_is
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.set.elements import StoredOperators, fields_of, gathered
from redis_crdt.values.encoding import encode_element

T = TypeVar("T")


class AnySet(Collection[T, E], StoredOperators[T]):
    """Adding and reading."""

    def add(self, element: T) -> None:
        """Add the element, whether or not it is there. InvalidValue if not of the set's type."""
        self.update((element,))

    def update(self, *elements: Iterable[T]) -> None:
        """Add all of the elements of each of the arguments, as one write."""
        fields = dict.fromkeys(map(self._encode, chain.from_iterable(elements)))
        for part, theirs in self._by_part(fields, as_is):
            part._add_here(theirs)

    @property
    def _there(self) -> Collection_[bytes]:
        """The fields of the elements that are there."""
        return self._store.live

    @abstractmethod
    def _add_here(self, fields: Sequence[bytes]) -> None:
        """Add elements, as one write."""

    def contains(self, element: T) -> bool:
        """Tell whether the element is there."""
        return element in self

    def __contains__(self, element: object) -> bool:
        for field in fields_of(self._codec, element):  # noqa: SIM110 - in half the time
            if field in self._part(field)._there:
                return True
        return False

    def contains_many(self, elements: Iterable[T]) -> list[bool]:
        """Tell of each of the elements whether it is there, in their order."""
        return [element in self for element in elements]

    def get_elements(self) -> AbstractSet[T]:
        """Return the elements: a ``set``, or a read-only set where none can hold all of them.

        They may be such as cannot be hashed, or JSON that Python holds equal, as 1 and True.
        """
        return gathered(self._codec, self._keyed())

    def __iter__(self) -> Iterator[T]:
        return map(self._codec.decode_element, self._fields())

    def size(self) -> int:
        """Return the number of elements."""
        if not self._members:
            return len(self._there)
        return sum(len(part._there) for part in self._parts)

    def __len__(self) -> int:
        return self.size()

    def _fields(self) -> list[bytes]:
        return [field for part in self._parts for field in part._there]

    def _encode(self, element: T) -> bytes:
        return encode_element(self._codec, element)

    def _present(self) -> Iterator[bytes]:
        return iter(self._fields())
