"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class RemoveWinsSet(Protocol[T]):
    """An RW-Set."""

    def add(self, element: T) -> None:
        """Add an element."""

    def update(self, *elements: Iterable[T]) -> None:
        """Add many elements."""

    def remove(self, element: T) -> bool:
        """Remove an element, whether or not it is there, and tell whether it was."""

    def discard(self, element: T) -> None:
        """Remove an element, whether or not it is there."""

    def get_elements(self) -> AbstractSet[T]:
        """Return all elements."""

    def __contains__(self, element: object) -> bool: ...

    def __len__(self) -> int: ...


class OpensRWSet(Protocol):
    """A replica that has them."""

    def rw_set(self, name: str, type_: Any = Any, *, partitions: int = 1) -> RemoveWinsSet[Any]:
        """Open an RW-Set."""
