"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol


class Switch(Protocol):
    """A flag."""

    def enable(self) -> None:
        """Enable it."""

    def disable(self) -> None:
        """Disable it."""

    def value(self) -> bool:
        """Whether it is enabled."""
