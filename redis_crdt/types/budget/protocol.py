"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol, overload


class Held(Protocol):
    """What is held of a budget."""

    def settle(self, actual: int) -> None:
        """Say how much was spent of it."""

    def release(self) -> None:
        """Give all of it back."""


class Spending(Protocol):
    """A budget."""

    def grant(self, n: int) -> None:
        """Add to what may be spent."""

    @overload
    def spend(self, n: int) -> None: ...
    @overload
    def spend(self, n: int, *, hold: float) -> Held: ...
    def spend(self, n: int, *, hold: float | None = None) -> Held | None:
        """Spend, or hold for so many seconds."""

    def refund(self, n: int) -> None:
        """Give back what was spent."""

    def move(self, n: int, to: str) -> None:
        """Move rights to another replica."""

    def available(self) -> int:
        """Return how much may be spent here."""

    def remaining(self) -> int:
        """Return what is neither spent nor held, everywhere."""

    def by_replica(self) -> dict[str, int]:
        """Return how much each replica may spend."""

    def frozen(self) -> dict[str, int]:
        """Return what past incarnations have left."""


class OpensBudget(Protocol):
    """A replica that has them."""

    def budget(self, name: str) -> Spending:
        """Open a budget."""
