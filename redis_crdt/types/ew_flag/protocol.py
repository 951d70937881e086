"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Protocol

from redis_crdt.types.base.flag.protocol import Switch


class OpensEWFlag(Protocol):
    """A replica that has them."""

    def ew_flag(self, name: str) -> Switch:
        """Open a flag in which enabling wins."""
