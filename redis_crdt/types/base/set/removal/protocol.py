"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeVar

T = TypeVar("T")


class SetLike(Protocol[T]):
    """A set of which elements are removed."""

    def add(self, element: T) -> None:
        """Add an element."""

    def update(self, *elements: Iterable[T]) -> None:
        """Add many elements."""

    def remove(self, element: T) -> bool:
        """Remove an element, and tell whether it was there."""

    def discard(self, element: T) -> None:
        """Remove an element if it is there."""

    def get_elements(self) -> AbstractSet[T]:
        """Return all elements."""

    def __contains__(self, element: object) -> bool: ...

    def __len__(self) -> int: ...
