"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol, TypeVar

T = TypeVar("T")


class ExtremeRegister(Protocol[T]):
    """A register of the largest or smallest."""

    def set(self, value: T) -> None:
        """Write a value, where it goes beyond what is there."""

    def get(self) -> T | None:
        """Return the value; None when unset."""
