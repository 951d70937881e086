"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

T = TypeVar("T", contravariant=True)


class DifferentValues(Protocol[T]):
    """A cardinality."""

    def add(self, *values: T) -> None:
        """Add values."""

    def count(self) -> int:
        """Return about how many different ones were added."""


class OpensCardinality(Protocol):
    """A replica that has them."""

    def cardinality(self, name: str, type_: Any = Any) -> DifferentValues[Any]:
        """Open a cardinality."""
