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

from redis_crdt.errors import InvalidValue
from redis_crdt.values.codec import Codec
from redis_crdt.values.encoding import encode_element

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
        if not codec.has_defaults:  # as most; each call is a part of what a read takes
            return (codec.encode(element),)
        return codec.forms(element)
    except InvalidValue:
        return ()


def keyed(codec: Codec[Any], elements: Iterable[T]) -> Keyed[T]:
    """Return elements by their JSON, and those that are not of the type by themselves."""
    if isinstance(elements, Operators) and elements._codec is codec:
        return elements._keyed()
    return {key_of(codec, element): element for element in elements}


def known_in(codec: Codec[Any], elements: Iterable[Any]) -> AbstractSet[Hashable]:
    """Return what elements are known by; those of a set of the same type need no decoding."""
    if isinstance(elements, Operators) and elements._codec is codec:
        return set(elements._known_by())
    return keyed(codec, elements).keys()


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


def joined(codec: Codec[Any], mine: Keyed[T], others: Iterable[Iterable[Any]]) -> AbstractSet[Any]:
    """Return these elements with those of all of the others."""
    return gathered(codec, {**keyed(codec, chain.from_iterable(others)), **mine})


def without(codec: Codec[Any], mine: Keyed[T], others: Iterable[Iterable[Any]]) -> AbstractSet[T]:
    """Return those of these elements that are in none of the others."""
    theirs = {key for other in others for key in known_in(codec, other)}
    return gathered(codec, {key: e for key, e in mine.items() if key not in theirs})


def in_one(codec: Codec[Any], mine: Keyed[T], other: Iterable[Any]) -> AbstractSet[Any]:
    """Return what is either among these elements or in the other, and not in both."""
    theirs = keyed(codec, other)
    of_both = {**mine, **theirs}.items()
    return gathered(codec, {key: e for key, e in of_both if (key in mine) != (key in theirs)})


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


def decoded(codec: Codec[T], fields: Iterable[bytes]) -> Keyed[T]:
    """Return elements by their JSON as it is written now, from what they are stored as."""
    if not codec.has_defaults:
        return {field: codec.decode_element(field) for field in fields}
    return {codec.canonical(field): codec.decode_element(field) for field in fields}


def beyond(
    codec: Codec[Any], present: Iterable[bytes], others: Iterable[Iterable[Any]]
) -> list[bytes]:
    """Return those of the stored elements that are not in all of the others."""
    theirs: Keyed[Any] = common(codec, others)
    return [field for field in present if codec.canonical(field) not in theirs]


def writable(codec: Codec[T], elements: Iterable[T]) -> list[T]:
    """Return elements that are to be written, each once; InvalidValue if one cannot be."""
    return list({encode_element(codec, element): element for element in elements}.values())


def parted(elements: list[T], here: list[bool]) -> tuple[list[T], list[T]]:
    """Return those of the elements that are here, and the others."""
    return list(compress(elements, here)), list(compress(elements, map(not_, here)))


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

    def _count_if_among(self, theirs: AbstractSet[Hashable]) -> int:
        """Return how many elements there are; -1 as soon as one is not among these."""
        count = 0
        for key in self._known_by():
            if key not in theirs:
                return -1
            count += 1
        return count

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Tell whether none of the elements of ``other`` is here. One round trip per 500."""
        return not any(self.contains_many(keyed(self._codec, other).values()))

    def intersection(self, *others: Iterable[Any]) -> AbstractSet[T]:
        """Return what is here and in all of the others. One round trip per 500 of those."""
        if not others:
            return gathered(self._codec, self._keyed())
        candidates: Keyed[T] = common(self._codec, others)
        return those(self._codec, candidates, self.contains_many(candidates.values()))

    def union(self, *others: Iterable[Any]) -> AbstractSet[Any]:
        """Return what is here or in any of the others. One round trip per 500 elements."""
        return joined(self._codec, self._keyed(), others)

    def difference(self, *others: Iterable[Any]) -> AbstractSet[T]:
        """Return what is here and in none of the others. One round trip per 500 elements."""
        return without(self._codec, self._keyed(), others)

    def symmetric_difference(self, other: Iterable[Any]) -> AbstractSet[Any]:
        """Return what is here or in the other, not in both. One round trip per 500 elements."""
        return in_one(self._codec, self._keyed(), other)

    def issubset(self, other: Iterable[Any]) -> bool:
        """Tell whether all elements are in ``other``. One round trip per 500 elements."""
        theirs = known_in(self._codec, other)
        return all(key in theirs for key in self._known_by())

    def issuperset(self, other: Iterable[Any]) -> bool:
        """Tell whether all elements of ``other`` are here. One round trip per 500 of those."""
        return all(self.contains_many(keyed(self._codec, other).values()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = known_in(self._codec, other)
        return self._count_if_among(theirs) == len(theirs)

    def __le__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return self.issubset(other)

    def __lt__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = known_in(self._codec, other)
        return 0 <= self._count_if_among(theirs) < len(theirs)

    def __ge__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return self.issuperset(other)

    def __gt__(self, other: AbstractSet[Any]) -> bool:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        theirs = keyed(self._codec, other)
        return all(self.contains_many(theirs.values())) and len(self) > len(theirs)

    def __and__(self, other: AbstractSet[Any]) -> AbstractSet[T]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self.intersection(other)

    __rand__ = __and__

    def __or__(self, other: AbstractSet[Any]) -> AbstractSet[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self.union(other)

    __ror__ = __or__

    def __sub__(self, other: AbstractSet[Any]) -> AbstractSet[T]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self.difference(other)

    def __rsub__(self, other: AbstractSet[Any]) -> AbstractSet[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        theirs = keyed(self._codec, other)
        return those(self._codec, theirs, map(not_, self.contains_many(theirs.values())))

    def __xor__(self, other: AbstractSet[Any]) -> AbstractSet[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self.symmetric_difference(other)

    __rxor__ = __xor__


class StoredOperators(Operators[T]):
    """The operators of a set whose elements are stored as fields."""

    @abstractmethod
    def _present(self) -> Iterator[bytes]:
        """Yield what the elements are stored as, as it is read."""

    def _known_by(self) -> Iterable[Hashable]:
        if not self._codec.has_defaults:
            return self._present()
        return dict.fromkeys(map(self._codec.canonical, self._present()))

    def _keyed(self) -> Keyed[T]:
        return decoded(self._codec, self._present())


class MutableOperators(StoredOperators[T], MutableSet[T]):
    """The operators that change a set: each reads its operand and encodes it, then writes."""

    @abstractmethod
    def update(self, *elements: Iterable[T]) -> None:
        """Add all of the elements."""

    @abstractmethod
    def remove_all(self, elements: Iterable[T]) -> int:
        """Remove those of the elements that are there, and tell how many were."""

    @abstractmethod
    def _remove_present(self, fields: Iterable[bytes]) -> object:
        """Remove elements by what they are stored as."""

    def difference_update(self, *others: Iterable[T]) -> None:
        """Remove what is in any of the others; as :meth:`remove_all` does."""
        self.remove_all(chain.from_iterable(others))

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Remove what is not in all of the others.

        One round trip per 500 elements, and one for as many that are removed.
        """
        if others:
            self._remove_present(beyond(self._codec, self._present(), others))

    def symmetric_difference_update(self, other: Iterable[T]) -> None:
        """Remove what is in ``other``, too, and add what is in ``other`` alone.

        A round trip per 500 elements of ``other`` to ask for them, and one for each kind of write.
        Raises :class:`InvalidValue` before anything is written if one is not of the set's type.
        """
        theirs = writable(self._codec, other)
        here, missing = parted(theirs, self.contains_many(theirs))
        self.remove_all(here)
        self.update(missing)

    def __ior__(self, other: Iterable[T]) -> Self:  # type: ignore[override, misc]
        self.update(other)
        return self

    def __isub__(self, other: Iterable[T]) -> Self:  # type: ignore[misc]
        self.remove_all(other)
        return self

    def __iand__(self, other: Iterable[Any]) -> Self:
        self.intersection_update(other)
        return self

    def __ixor__(self, other: Iterable[T]) -> Self:  # type: ignore[override, misc]
        self.symmetric_difference_update(other)
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
