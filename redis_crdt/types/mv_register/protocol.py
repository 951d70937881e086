"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class MultiValueRegister(Protocol[T]):
    """An MV-Register."""

    def set(self, value: T) -> None:
        """Replace all values that this replica has."""

    def get(self) -> list[T]:
        """Return the concurrent values."""


class OpensMVRegister(Protocol):
    """A replica that has them."""

    def mv_register(self, name: str, type_: Any = Any) -> MultiValueRegister[Any]:
        """Open an MV-Register."""
