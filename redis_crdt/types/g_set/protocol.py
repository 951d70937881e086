"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class GrowingSet(Protocol[T]):
    """A G-Set."""

    def add(self, element: T) -> None:
        """Add an element."""

    def update(self, *elements: Iterable[T]) -> None:
        """Add many elements."""

    def get_elements(self) -> AbstractSet[T]:
        """Return all elements."""

    def __contains__(self, element: object) -> bool: ...

    def __len__(self) -> int: ...


class OpensGSet(Protocol):
    """A replica that has them."""

    def g_set(self, name: str, type_: Any = Any, *, partitions: int = 1) -> GrowingSet[Any]:
        """Open a G-Set."""
