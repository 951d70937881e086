"""Sets of elements, hashable or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeVar

from redis_crdt.codec import Codec

T = TypeVar("T")


class Elements(AbstractSet[T]):
    """A read-only set of elements that Python cannot hash; equal when their JSON is equal."""

    def __init__(self, codec: Codec[T], elements: dict[bytes, T]) -> None:
        self._codec = codec
        self._elements = elements

    def __contains__(self, element: object) -> bool:
        return self._codec.encode(element) in self._elements  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[T]:
        return iter(self._elements.values())

    def __len__(self) -> int:
        return len(self._elements)

    def __repr__(self) -> str:
        return f"Elements({list(self)!r})"

    @classmethod
    def _from_iterable(cls, it: Iterable[T]) -> AbstractSet[T]:  # type: ignore[override]
        raise TypeError("elements that cannot be hashed do not make up another set")


def elements_of(codec: Codec[T], fields: Iterable[bytes]) -> AbstractSet[T]:
    """Return the elements of an OR-Set's fields: a ``set`` wherever they can be hashed."""
    elements = {field: codec.decode(field) for field in fields}
    try:
        return set(elements.values())
    except TypeError:
        return Elements(codec, elements)
