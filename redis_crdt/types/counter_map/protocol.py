"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol


class Counters(Protocol):
    """A counter map."""

    def increment(self, key: str, n: int = 1) -> None:
        """Count up."""

    def decrement(self, key: str, n: int = 1) -> None:
        """Count down."""

    def value(self, key: str) -> int:
        """Return what a key stands at."""

    def remove(self, key: str) -> bool:
        """Remove a key."""

    def top(self, n: int, *, skip: int = 0) -> list[tuple[str, int]]:
        """Return the keys that stand highest."""

    def bottom(self, n: int, *, skip: int = 0) -> list[tuple[str, int]]:
        """Return the keys that stand lowest."""

    def rank(self, key: str) -> int | None:
        """Return how many keys stand higher."""

    def items(self) -> list[tuple[str, int]]:
        """Return all keys with what they stand at."""


class OpensCounterMap(Protocol):
    """A replica that has them."""

    def counter_map(self, name: str) -> Counters:
        """Open a counter map."""
