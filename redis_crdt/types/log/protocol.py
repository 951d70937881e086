"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

from redis_crdt.types.log.reading import Arrivals, Logged

T = TypeVar("T")


class OrderedLog(Protocol[T]):
    """A log."""

    def append(self, value: T) -> str:
        """Append a value; returns its id."""

    def extend(self, values: Iterable[T]) -> list[str]:
        """Append many values; returns their ids."""

    def get(self, id_: str) -> T | None:
        """Return the value of an id; None where there is none."""

    def range(
        self, after: str | None = None, limit: int = 100, *, newest_first: bool = False
    ) -> list[Logged[T]]:
        """Return a part of it, in its order or against it."""

    def read(
        self, cursor: str | None = None, limit: int = 100, *, timeout: float | None = 0.0
    ) -> Arrivals[T]:
        """Return what has arrived since a cursor."""

    def __iter__(self) -> Iterator[T]: ...

    def __len__(self) -> int: ...


class OpensLog(Protocol):
    """A replica that has them."""

    def log(
        self,
        name: str,
        type_: Any = Any,
        *,
        max_len: int | None = None,
        max_age: float | None = None,
    ) -> OrderedLog[Any]:
        """Open a log."""
