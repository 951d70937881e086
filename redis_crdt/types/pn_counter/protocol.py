"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol


class Counter(Protocol):
    """A PN-Counter."""

    def increment(self, n: int = 1) -> None:
        """Count up."""

    def value(self) -> int:
        """Return the total over all replicas."""

    def by_replica(self) -> dict[str, int]:
        """Return the total of each replica."""

    def decrement(self, n: int = 1) -> None:
        """Count down."""

    def reset(self) -> None:
        """Take away all that it stands at."""


class OpensPNCounter(Protocol):
    """A replica that has them."""

    def pn_counter(self, name: str) -> Counter:
        """Open a PN-Counter."""
