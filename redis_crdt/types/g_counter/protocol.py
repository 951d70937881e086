"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol


class GrowingCounter(Protocol):
    """A G-Counter."""

    def increment(self, n: int = 1) -> None:
        """Count up."""

    def value(self) -> int:
        """Return the total over all replicas."""

    def by_replica(self) -> dict[str, int]:
        """Return the total of each replica."""


class OpensGCounter(Protocol):
    """A replica that has them."""

    def g_counter(self, name: str) -> GrowingCounter:
        """Open a G-Counter."""
