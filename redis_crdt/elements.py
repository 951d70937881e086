"""Sets of elements, hashable or not, and what Python's operators make of them.

Two elements are one where their JSON is: that is how sets hold them. What is not of a set's type is
in no such set, and known by itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, MutableSet
from collections.abc import Set as AbstractSet
from functools import reduce
from itertools import chain, compress
from operator import not_
from typing import Any, Self, TypeVar

from redis_crdt.codec import Codec
from redis_crdt.errors import InvalidValue

T = TypeVar("T")

Keyed = Mapping[Hashable, T]
"""Elements by what they are known by."""


def field_of(codec: Codec[Any], element: object) -> bytes | None:
    """Return what a set of the type holds an element as; None where it is not of the type."""
    try:
        return codec.encode(element)
    except InvalidValue:
        return None


def fields_of(codec: Codec[Any], element: object) -> tuple[bytes, ...]:
    """Return all that a set may hold an element as; nothing where it is not of the type."""
    try:
        return codec.forms(element)
    except InvalidValue:
        return ()


def keyed(codec: Codec[Any], elements: Iterable[T]) -> Keyed[T]:
    """Return elements by their JSON, and those that are not of the type by themselves."""
    return {key_of(codec, element): element for element in elements}


def key_of(codec: Codec[Any], element: Any) -> Hashable:
    """Return what an element is known by."""
    field = field_of(codec, element)
    if field is not None:
        return field
    try:
        hash(element)
    except TypeError:
        return type(element), id(element)
    return (element,)


def common(codec: Codec[Any], several: Iterable[Iterable[T]]) -> Keyed[T]:
    """Return what is in all of several collections, of which there is at least one."""

    def both(some: Keyed[T], others: Keyed[T]) -> Keyed[T]:
        return {key: element for key, element in some.items() if key in others}

    return reduce(both, (keyed(codec, elements) for elements in several))


def those(codec: Codec[Any], elements: Keyed[T], chosen: Iterable[bool]) -> AbstractSet[T]:
    """Return those of the elements that are chosen."""
    return gathered(codec, dict(compress(elements.items(), chosen)))


def gathered(codec: Codec[Any], elements: Keyed[T]) -> AbstractSet[T]:
    """Return a ``set`` wherever Python can hold all of the elements in one."""
    try:
        found = set(elements.values())
    except TypeError:
        return Elements(codec, elements)
    return found if len(found) == len(elements) else Elements(codec, elements)


def elements_of(codec: Codec[T], fields: Iterable[bytes]) -> AbstractSet[T]:
    """Return the elements of an OR-Set's fields."""
    return gathered(codec, decoded(codec, fields))


def decoded(codec: Codec[T], fields: Iterable[bytes]) -> Keyed[T]:
    """Return elements by their JSON as it is written now."""
    return {codec.canonical(field): codec.decode(field) for field in fields}


class Operators(AbstractSet[T]):
    """Python's operators of sets, for sets that are asked for many elements at once.

    What they return is a ``set`` wherever Python can hold all of the elements in one, else a
    read-only set: of elements that cannot be hashed, and of such as 1 and True, which Python
    holds equal.
    """

    _codec: Codec[T]

    @abstractmethod
    def contains_many(self, elements: Iterable[T]) -> list[bool]:
        """Tell of each of the elements whether it is there, in their order."""

    @abstractmethod
    def _known_by(self) -> Iterable[Hashable]:
        """Yield what the elements are known by, as it is read."""

    @abstractmethod
    def _keyed(self) -> Keyed[T]:
        """Return all elements."""

    def _gathered(self, elements: Keyed[T]) -> AbstractSet[T]:
        return gathered(self._codec, elements)

    def _others(self, other: Iterable[Any]) -> Keyed[Any]:
        return other._elements if isinstance(other, Elements) else keyed(self._codec, other)

    def _count_if_among(self, theirs: Keyed[Any]) -> int:
        """Return how many elements there are; -1 as soon as one is not among these."""
        count = 0
        for key in self._known_by():
            if key not in theirs:
                return -1
            count += 1
        return count

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Tell whether none of the elements of ``other`` is here. One round trip per 500."""
        return not any(self.contains_many(self._others(other).values()))

    def intersection(self, *others: Iterable[Any]) -> AbstractSet[T]:
        """Return what is here and in all of the others. One round trip per 500 of those."""
        if not others:
            return self._gathered(self._keyed())
        candidates: Keyed[T] = common(self._codec, others)
        return those(self._codec, candidates, self.contains_many(candidates.values()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = self._others(other)
        return self._count_if_among(theirs) == len(theirs)

    def __le__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = self._others(other)
        return all(key in theirs for key in self._known_by())

    def __lt__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = self._others(other)
        return 0 <= self._count_if_among(theirs) < len(theirs)

    def __ge__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return all(self.contains_many(self._others(other).values()))

    def __gt__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = self._others(other)
        return all(self.contains_many(theirs.values())) and len(self) > len(theirs)

    def __and__(self, other: AbstractSet[Any]) -> AbstractSet[T]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self.intersection(other)

    __rand__ = __and__

    def __or__(self, other: AbstractSet[Any]) -> AbstractSet[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self._gathered({**self._others(other), **self._keyed()})

    __ror__ = __or__

    def __sub__(self, other: AbstractSet[Any]) -> AbstractSet[T]:
        if not isinstance(other, Iterable):
            return NotImplemented
        theirs = self._others(other)
        return self._gathered({k: e for k, e in self._keyed().items() if k not in theirs})

    def __rsub__(self, other: AbstractSet[Any]) -> AbstractSet[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        theirs = self._others(other)
        return those(self._codec, theirs, map(not_, self.contains_many(theirs.values())))

    def __xor__(self, other: AbstractSet[Any]) -> AbstractSet[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        theirs, mine = self._others(other), self._keyed()
        return self._gathered(
            {k: e for k, e in {**mine, **theirs}.items() if (k in mine) != (k in theirs)}
        )

    __rxor__ = __xor__


class MutableOperators(Operators[T], MutableSet[T]):
    """The operators that change a set: each reads its operand and encodes it, then writes."""

    @abstractmethod
    def update(self, *elements: Iterable[T]) -> None:
        """Add all of the elements."""

    @abstractmethod
    def remove_all(self, elements: Iterable[T]) -> int:
        """Remove those of the elements that are there, and tell how many were."""

    @abstractmethod
    def _present(self) -> Iterator[bytes]:
        """Yield what the elements are stored as, as it is read."""

    def _known_by(self) -> Iterable[Hashable]:
        if not self._codec.has_defaults:
            return self._present()
        return dict.fromkeys(map(self._codec.canonical, self._present()))

    def _keyed(self) -> Keyed[T]:
        return decoded(self._codec, self._present())

    @abstractmethod
    def _remove_present(self, fields: Iterable[bytes]) -> object:
        """Remove elements by what they are stored as."""

    def difference_update(self, *others: Iterable[T]) -> None:
        """Remove what is in any of the others; as :meth:`remove_all` does."""
        self.remove_all(chain.from_iterable(others))

    def __ior__(self, other: Iterable[T]) -> Self:  # type: ignore[override, misc]
        self.update(other)
        return self

    def __isub__(self, other: Iterable[T]) -> Self:  # type: ignore[misc]
        self.remove_all(other)
        return self

    def __iand__(self, other: Iterable[Any]) -> Self:
        theirs = self._others(other)
        canonical = self._codec.canonical
        self._remove_present([f for f in self._present() if canonical(f) not in theirs])
        return self

    def __ixor__(self, other: Iterable[T]) -> Self:  # type: ignore[override, misc]
        theirs = {self._codec.encode(element): element for element in other}.values()
        here = self.contains_many(theirs)
        missing = list(compress(theirs, map(not_, here)))
        self.remove_all(compress(theirs, here))
        self.update(missing)
        return self


class Elements(Operators[T]):
    """A read-only set of elements that no ``set`` of Python holds; equal when their JSON is.

    They cannot be hashed, or some of them are equal to Python though not in JSON, as 1 and True.
    """

    def __init__(self, codec: Codec[Any], elements: Keyed[T]) -> None:
        self._codec = codec
        self._elements = elements

    def contains_many(self, elements: Iterable[T]) -> list[bool]:
        """Tell of each of the elements whether it is here, in their order."""
        return [element in self for element in elements]

    def _known_by(self) -> Iterable[Hashable]:
        return self._elements

    def _keyed(self) -> Keyed[T]:
        return self._elements

    def __contains__(self, element: object) -> bool:
        return key_of(self._codec, element) in self._elements

    def __iter__(self) -> Iterator[T]:
        return iter(self._elements.values())

    def __len__(self) -> int:
        return len(self._elements)

    def __repr__(self) -> str:
        return f"Elements({list(self)!r})"
