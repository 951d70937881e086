"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class LastWriteRegister(Protocol[T]):
    """An LWW-Register."""

    def set(self, value: T) -> None:
        """Write the value."""

    def get(self) -> T | None:
        """Return the value; None when unset."""


class OpensLWWRegister(Protocol):
    """A replica that has them."""

    def lww_register(self, name: str, type_: Any = Any) -> LastWriteRegister[Any]:
        """Open an LWW-Register."""
